"""How a task is followed that runs already."""

from __future__ import annotations

from pathlib import Path

import pytest
from scripted import GET, SEND, ScriptedAgent, result, silence, task
from staging import ME, Stage, configured, staged

from a2a_mcp.a2a.model import TaskState
from a2a_mcp.bridge.send import SendRequest
from a2a_mcp.errors import NotAllowed, UnknownTask

pytestmark = pytest.mark.anyio


async def test_a_task_that_is_tracked_is_joined(agent: ScriptedAgent, scene: Stage) -> None:
    started, _ = await scene.bridge.start(ME, SendRequest("hello"))
    await started.first_word(5)
    joined, note = await scene.bridge.attach(ME, SendRequest("", task_id="t1"))
    assert (joined, note) == (started, None)
    assert len(agent.sends()) == 1


async def test_a_task_that_nobody_tracks_is_read_and_tracked_from_then_on(
    agent: ScriptedAgent, scene: Stage
) -> None:
    joined, _ = await scene.bridge.attach(ME, SendRequest("", agent="it", task_id="t1"))
    agent.on(GET, result(task("completed", "ready")))
    await joined.wait(5)
    assert joined.task
    assert joined.task.state is TaskState.COMPLETED
    assert agent.sends() == []


async def test_a_message_whose_task_cannot_be_found_cannot_be_followed(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    agent.on(SEND, silence)
    config = configured(it=agent.url)
    async with staged(config, tmp_path) as before:
        handle = (await before.send(wait_seconds=0.1)).task_id or ""
    async with staged(config, tmp_path) as after:
        with pytest.raises(NotAllowed, match="Delivery unknown"):
            await after.bridge.attach(ME, SendRequest("", task_id=handle))
        view = await after.follow(task_id=handle)
    assert view.failed
    assert "Delivery unknown" in (view.error or "")


async def test_an_unknown_task_cannot_be_followed(scene: Stage) -> None:
    with pytest.raises(UnknownTask):
        await scene.follow(task_id="nope")
