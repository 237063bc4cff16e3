"""What a view of a task says, and that building it changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest
from real_agents import Agent
from scripted import CARD, SEND, STREAM, ScriptedAgent, card, document, http, stream, task
from staging import ME, Stage, configured, staged

from a2a_mcp.a2a.errors import A2AError

pytestmark = pytest.mark.anyio


async def test_a_note_says_when_tasks_are_not_remembered(real: Agent, tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("not a folder")
    async with staged(configured(real=real.url), in_the_way) as stage:
        view = await stage.send("task x")
    assert view.text == "task: x"
    assert stage.tasks.problem
    assert stage.tasks.problem in (view.note or "")


async def test_viewing_a_tracked_task_writes_nothing_and_asks_nobody(
    agent: ScriptedAgent, scene: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent.on(CARD, document(card(agent.url, streaming=True)))
    agent.on(STREAM, stream({"task": task("working", "at it")}, anyio.Event()))
    await scene.send(wait_seconds=0.3)
    (record,) = await scene.tasks.find(ME, "t1")
    requests = len(agent.requests)

    async def refuse(*_: Any, **__: Any) -> None:
        pytest.fail("a view was written to the store")

    for name in ("update", "claim", "begin", "adopt"):
        monkeypatch.setattr(scene.tasks, name, refuse)
    first = await scene.bridge.view_tracked(record)
    assert first
    assert first.text == "at it"
    assert await scene.bridge.view_tracked(record) == first
    assert len(agent.requests) == requests


async def test_a_failed_send_raises_a_copy_of_the_error_with_the_ids_of_the_message(
    agent: ScriptedAgent, scene: Stage
) -> None:
    agent.on(SEND, http(500, b"", "text/plain"))
    with pytest.raises(A2AError) as caught:
        await scene.send()
    cause = caught.value.__cause__
    assert caught.value.message_id == agent.sends()[0].message["messageId"]
    assert isinstance(cause, A2AError)
    assert (cause.message_id, cause.handle) == (None, None)
    assert str(cause) == str(caught.value)
