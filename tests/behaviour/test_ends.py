"""What was seen to end stays as it ended, whatever the agent's store says later."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from scripted import (
    CANCEL,
    CARD,
    GET,
    SEND,
    STREAM,
    ScriptedAgent,
    card,
    document,
    done,
    error,
    later,
    moved,
    result,
    scripted,
    silence,
    stream,
    task,
)
from staging import ME, configured, staged

from a2a_mcp.a2a.errors import TaskNotFound
from a2a_mcp.a2a.model import TaskState

pytestmark = pytest.mark.anyio

RELAPSES: dict[str, Any] = {
    "a store that missed the end": task("submitted"),
    "a store that runs again": task("working", "still at it"),
    "a cancel that came too late": task("canceled", "canceled as asked"),
}
by_relapse = pytest.mark.parametrize("now", RELAPSES.values(), ids=RELAPSES)


@pytest.fixture
async def agent() -> AsyncIterator[ScriptedAgent]:
    async with scripted() as running:
        running.on(SEND, result({"task": done("42")}))
        yield running


@by_relapse
async def test_a_task_that_ended_is_shown_as_it_ended(
    agent: ScriptedAgent, now: Any, tmp_path: Path
) -> None:
    config = configured(it=agent.url)
    async with staged(config, tmp_path) as stage:
        await stage.send()
        agent.on(GET, result(now))
        for _ in range(2):
            view = await stage.bridge.get(ME, "t1", None)
            assert (view.state, view.text, view.failed) == (TaskState.COMPLETED, "42", False)
            assert "was seen to end: completed" in (view.note or "")
    async with staged(config, tmp_path) as stage:
        view = await stage.bridge.get(ME, "t1", None)
    assert (view.state, view.text) == (TaskState.COMPLETED, "42")


@by_relapse
async def test_where_nothing_is_kept_the_end_alone_is_told(
    agent: ScriptedAgent, now: Any, tmp_path: Path
) -> None:
    async with staged(configured({"keep_days": 0}, it=agent.url), tmp_path) as stage:
        await stage.send()
        agent.on(GET, result(now))
        view = await stage.bridge.get(ME, "t1", None)
    assert view.state is TaskState.COMPLETED
    assert "not kept" in (view.note or "")
    assert "still at it" not in view.text
    assert view.next_step is None


@by_relapse
async def test_a_task_that_ended_is_never_cancelled(
    agent: ScriptedAgent, now: Any, tmp_path: Path
) -> None:
    async with staged(configured(it=agent.url), tmp_path) as stage:
        await stage.send()
        agent.on(GET, result(now))
        view = await stage.bridge.cancel(ME, "t1", None, None)
    assert (view.state, view.failed) == (TaskState.COMPLETED, False)
    assert agent.calls(CANCEL) == []


async def test_an_end_that_is_seen_while_a_read_is_under_way_counts(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    go_on, answer_read = anyio.Event(), anyio.Event()
    agent.on(CARD, document(card(agent.url, streaming=True)))
    agent.on(STREAM, lambda request: _two(request, go_on))
    agent.on(GET, later(answer_read, result(task("submitted"))))
    async with staged(configured(it=agent.url), tmp_path) as stage:
        begun = await stage.send(wait_seconds=0.2)
        assert begun.state is TaskState.WORKING
        async with anyio.create_task_group() as group:

            async def read() -> None:
                view = await stage.bridge.get(ME, "t1", None)
                assert view.state is TaskState.COMPLETED

            group.start_soon(read)
            await agent.called(GET)
            go_on.set()
            await stage.follow(task_id="t1")
            answer_read.set()


def _two(request: Any, go_on: anyio.Event) -> list[Any]:
    """Stream a running task, and its end when it is told to go on."""
    head, running, ended, *rest = stream({"task": task("working")}, moved("completed", "42"))(
        request
    )
    return [head, running, go_on, ended, *rest]


async def test_a_task_that_its_agent_does_not_show_yet_is_shown_as_it_is_known(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    agent.on(SEND, result({"task": task("working", "on my way")}))
    agent.on(GET, error(-32001, "Task not found"))
    agent.on(CARD, document(card(agent.url, streaming=True)))
    agent.on(STREAM, lambda request: _two(request, anyio.Event()))
    async with staged(configured(it=agent.url), tmp_path) as stage:
        await stage.send(wait_seconds=0.2)
        for _ in range(2):
            view = await stage.bridge.get(ME, "t1", None)
            assert view.state is TaskState.WORKING
            assert "does not show this task while it works" in (view.note or "")
        (record,) = await stage.tasks.find(ME, "t1")
    assert record.state is TaskState.WORKING


async def test_a_running_task_that_nobody_follows_and_its_agent_forgot_is_an_error(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    agent.on(SEND, result({"task": task("working")}))
    agent.on(GET, silence)
    config = configured(it=agent.url)
    async with staged(config, tmp_path) as stage:
        await stage.send(wait_seconds=0.5)
    agent.on(GET, error(-32001, "Task not found"))
    async with staged(config, tmp_path) as stage:
        with pytest.raises(TaskNotFound):
            await stage.bridge.get(ME, "t1", None)
