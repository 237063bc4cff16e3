"""The facade with several agents and many calls at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest
from real_agents import Agent
from scripted import (
    CARD,
    STREAM,
    ScriptedAgent,
    artifact,
    card,
    document,
    done,
    scripted,
    silence,
    stream,
)
from staging import Stage, configured, staged

pytestmark = pytest.mark.anyio


async def test_one_dead_agent_delays_nobody(real: Agent, tmp_path: Path) -> None:
    async with scripted() as dead:
        dead.on(CARD, silence)
        config = configured(dead=dead.url, real=real.url)
        async with staged(config, tmp_path / "two") as stage, anyio.create_task_group() as group:

            async def wait_for_the_dead() -> None:
                await stage.send("hello", agent="dead", wait_seconds=15)

            group.start_soon(wait_for_the_dead)
            await dead.called(CARD)
            with anyio.fail_after(10):
                assert (await stage.send("echo hi", agent="real")).text == "echo: hi"
            group.cancel_scope.cancel()


async def test_fifty_calls_at_once_are_all_answered(stage: Stage) -> None:
    answers: list[str] = []

    async def ask(number: int) -> None:
        answers.append((await stage.send(f"echo {number}", wait_seconds=15)).text)

    async with anyio.create_task_group() as group:
        for number in range(50):
            group.start_soon(ask, number)
    assert sorted(answers) == sorted(f"echo: {number}" for number in range(50))


async def test_only_this_tasks_results_are_shown(agent: ScriptedAgent, scene: Stage) -> None:
    agent.on(CARD, document(card(agent.url, streaming=True)))
    first: dict[str, Any] = done("one")
    agent.on(STREAM, stream({"task": first}))
    await scene.send()
    agent.on(STREAM, stream({"task": {**done("x", task_id="t2"), "artifacts": [artifact("two")]}}))
    assert (await scene.send(context_id="c1")).text == "two"
