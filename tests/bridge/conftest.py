"""Bridges over a real a2a-sdk agent, and over a scripted one that can misbehave."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from real_agents import Agent, Agents
from scripted import (
    GET,
    SEND,
    ScriptedAgent,
    result,
    scripted,
    task,
)
from staging import Stage, configured, staged


@pytest.fixture
def real(running_agent: Agents) -> Agent:
    return running_agent("1.3-jsonrpc")


@pytest.fixture
async def stage(real: Agent, tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(configured(real=real.url), tmp_path) as opened:
        yield opened


@pytest.fixture
async def agent() -> AsyncIterator[ScriptedAgent]:
    async with scripted() as running:
        running.on(SEND, result({"task": task("working")}))
        running.on(GET, result(task("working")))
        yield running


@pytest.fixture
async def scene(agent: ScriptedAgent, tmp_path: Path) -> AsyncIterator[Stage]:
    """A bridge over the scripted agent."""
    async with staged(configured(it=agent.url), tmp_path / "scene") as opened:
        yield opened
