"""What the tests of followed messages share: the scripts of an agent, and looks at the store."""

from __future__ import annotations

from typing import Any

from scripted import (
    GET,
    SEND,
    ScriptedAgent,
    done,
    piece,
    result,
    status,
    task,
)
from staging import ME, Stage

from a2a_mcp.a2a.model import TaskState

LATE = 0.5 + 0.7
"""Seconds that an answer may be late: half a second, and what a busy machine takes."""

WORKING = {"task": task("working", "on it")}
CHUNKS = [piece("one "), piece("two ", append=True), piece("three", append=True)]
WHOLE = done("one two three")


async def state_in_the_map(stage: Stage) -> TaskState:
    records, _ = await stage.tasks.list(ME)
    return records[0].state


async def is_in_state(stage: Stage, state: TaskState) -> bool:
    return await state_in_the_map(stage) is state


async def asked(agent: ScriptedAgent, stage: Stage) -> dict[str, Any]:
    """Bring the agent to its question; give the task that asks."""
    asks = {"id": "t1", "contextId": "c1", "status": status("input-required", "Which?")}
    agent.on(SEND, result({"task": asks}))
    agent.on(GET, result(asks))
    view = await stage.send()
    assert view.state is TaskState.INPUT_REQUIRED
    return asks
