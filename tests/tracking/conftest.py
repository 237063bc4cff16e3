"""Agents and a bridge for the tests of followed messages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from scripted import (
    CARD,
    ScriptedAgent,
    card,
    document,
    scripted,
)
from staging import Stage, configured, staged


@pytest.fixture
async def agent() -> AsyncIterator[ScriptedAgent]:
    """An agent that streams."""
    async with scripted() as running:
        running.on(CARD, document(card(running.url, streaming=True)))
        yield running


@pytest.fixture
async def plain(agent: ScriptedAgent) -> ScriptedAgent:
    """The same agent, without streaming."""
    agent.on(CARD, document(card(agent.url)))
    return agent


@pytest.fixture
async def stage(agent: ScriptedAgent, tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(configured(it=agent.url), tmp_path) as opened:
        yield opened
