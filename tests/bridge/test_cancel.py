"""A task is asked to stop within one deadline; a call that its host gives up frees our side."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from real_agents import Agent
from scripted import (
    CANCEL,
    CARD,
    GET,
    LIST,
    SEND,
    Reply,
    Request,
    ScriptedAgent,
    Step,
    card,
    document,
    done,
    error,
    http,
    later,
    result,
    scripted,
    silence,
    task,
    words_of,
)
from staging import ME, Stage, configured, staged, until

from a2a_mcp.a2a.model import TaskState
from a2a_mcp.bridge.send import SendRequest
from a2a_mcp.errors import NotAllowed
from a2a_mcp.presentation.task_view import UpdateView

pytestmark = pytest.mark.anyio

CALL = 1.0
LATE = 1.5
"""Seconds beyond `CALL` that a busy machine and the least time of a last look may take."""


@pytest.fixture
async def agent() -> AsyncIterator[ScriptedAgent]:
    async with scripted() as running:
        running.on(CARD, document(card(running.url)))
        running.on(SEND, result({"task": task("working")}))
        running.on(GET, result(task("working")))
        yield running


def table(agent: ScriptedAgent, **more: Any) -> dict[str, Any]:
    return {"url": agent.url, "limits": {"call_seconds": CALL}, **more}


async def test_a_cancel_that_hangs_ends_in_time_and_says_the_state(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    agent.on(CANCEL, silence)
    async with staged(configured(it=table(agent)), tmp_path) as stage:
        await stage.send(wait_seconds=0.5)
        with anyio.fail_after(CALL + LATE):
            view = await stage.bridge.cancel(ME, "t1", None, None)
    assert (view.failed, view.state) == (True, TaskState.WORKING)
    assert "did not cancel" in (view.note or "")


async def test_a_look_that_hangs_after_the_cancel_ends_in_time_too(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    async with staged(configured(it=table(agent)), tmp_path) as stage:
        await stage.send(wait_seconds=0.5)
        agent.on(CANCEL, silence)
        agent.on(GET, result(task("working")), silence)
        with anyio.fail_after(CALL + LATE):
            view = await stage.bridge.cancel(ME, "t1", None, None)
    assert "could not be read" in (view.note or "")


@pytest.mark.parametrize(
    "refusal",
    [
        error(-32002, "Task cannot be canceled"),
        document({"message": "Task cannot be canceled"}, 409),
        document({"error": {"code": 400, "message": "Task cannot be canceled"}}, 400),
    ],
    ids=["-32002", "409", "400"],
)
async def test_a_refusal_says_the_state(
    refusal: Reply, agent: ScriptedAgent, tmp_path: Path
) -> None:
    agent.on(CANCEL, refusal)
    async with staged(configured(it=table(agent)), tmp_path) as stage:
        await stage.send(wait_seconds=0.5)
        view = await stage.bridge.cancel(ME, "t1", None, None)
    assert (view.failed, view.state) == (True, TaskState.WORKING)
    assert "Task cannot be canceled" in (view.note or "")


# --- what is shown after a cancellation ---


async def test_a_running_task_is_cancelled_and_the_agent_is_told_why(
    real: Agent, stage: Stage
) -> None:
    await stage.send("slow 600", wait_seconds=0)
    await until(lambda: has_a_name(stage))
    (running,) = (await stage.tasks.list(ME))[0]
    view = await stage.bridge.cancel(ME, running.task_id or "", None, "no longer needed")
    assert view.state is TaskState.CANCELED
    assert not view.failed
    assert "the agent confirms it" in (view.note or "")
    assert view.next_step is None
    again = await stage.bridge.cancel(ME, running.task_id or "", None, None)
    assert (again.state, again.failed, again.next_step) == (TaskState.CANCELED, False, None)
    assert real.cancels()[-1] == {
        "task_id": running.task_id,
        "metadata": {"reason": "no longer needed"},
    }


async def test_a_finished_task_is_left_as_it_is(real: Agent, stage: Stage) -> None:
    finished = await stage.send("task x")
    cancels = len(real.cancels())
    view = await stage.bridge.cancel(ME, finished.task_id or "", None, None)
    assert (view.state, view.text, view.failed) == (TaskState.COMPLETED, "", False)
    assert "task: x" not in view.prose()
    assert "already ended" in (view.note or "")
    assert len(real.cancels()) == cancels


async def test_an_agent_that_refuses_to_cancel_is_an_error_with_its_words(
    agent: ScriptedAgent, scene: Stage
) -> None:
    await scene.send(wait_seconds=0.5)
    agent.on(CANCEL, error(-32002, "Task cannot be canceled"))
    view = await scene.bridge.cancel(ME, "t1", None, None)
    assert view.failed
    assert view.state is TaskState.WORKING
    assert "Task cannot be canceled" in (view.note or "")


async def test_an_agent_that_only_says_yes_is_not_believed(
    agent: ScriptedAgent, scene: Stage
) -> None:
    await scene.send(wait_seconds=0.5)
    agent.on(CANCEL, result(task("canceled")))
    view = await scene.bridge.cancel(ME, "t1", None, None)
    assert view.state is TaskState.WORKING
    assert "asked to cancel" in (view.note or "")


async def test_a_task_that_finishes_first_shows_its_result(
    agent: ScriptedAgent, scene: Stage
) -> None:
    await scene.send(wait_seconds=0.5)
    agent.on(CANCEL, error(-32002, "too late"))
    agent.on(GET, result(task("working")), result(done("just in time")))
    view = await scene.bridge.cancel(ME, "t1", None, None)
    assert (view.state, view.text, view.failed) == (TaskState.COMPLETED, "just in time", False)


async def test_a_cancel_that_gets_no_answer_is_checked_by_reading(
    agent: ScriptedAgent, scene: Stage
) -> None:
    await scene.send(wait_seconds=0.5)
    agent.on(CANCEL, http(500, b"", "text/plain"))
    agent.on(GET, result(task("working")), result(task("canceled")))
    view = await scene.bridge.cancel(ME, "t1", None, None)
    assert view.state is TaskState.CANCELED
    assert not view.failed


async def test_a_cancel_whose_outcome_cannot_be_read_tells_what_the_agent_answered(
    agent: ScriptedAgent, scene: Stage
) -> None:
    def until_it_is_cancelled(request: Request) -> Sequence[Step]:  # also polled meanwhile
        gone = agent.calls(CANCEL)
        return (http(500, b"", "text/plain") if gone else result(task("working")))(request)

    await scene.send(wait_seconds=0.5)
    agent.on(CANCEL, result(task("canceled")))
    agent.on(GET, until_it_is_cancelled)
    view = await scene.bridge.cancel(ME, "t1", None, None)
    assert "asked to cancel" in (view.note or "")
    assert len(agent.calls(CANCEL)) == 1


async def test_a_task_without_a_name_cannot_be_cancelled_and_that_is_said(
    agent: ScriptedAgent, scene: Stage
) -> None:
    agent.on(SEND, silence)
    handle = (await scene.send(wait_seconds=0.1)).task_id or ""
    with pytest.raises(NotAllowed, match="not named the task"):
        await scene.bridge.cancel(ME, handle, None, None)


async def test_a_message_reply_has_nothing_left_to_cancel(
    agent: ScriptedAgent, scene: Stage
) -> None:
    speaks = anyio.Event()
    agent.on(SEND, later(speaks, result({"message": words_of("hi")})))
    handle = (await scene.send(wait_seconds=0.1)).task_id or ""
    speaks.set()
    await scene.follow(task_id=handle)
    with pytest.raises(NotAllowed, match="answered with a message"):
        await scene.bridge.cancel(ME, handle, None, None)


# --- what was asked for is no failure ---


@pytest.mark.parametrize("restarted", [False, True], ids=["at once", "after a restart"])
async def test_a_cancellation_that_was_asked_for_is_no_failure_wherever_it_is_shown(
    restarted: bool, agent: ScriptedAgent, tmp_path: Path
) -> None:
    agent.on(CANCEL, result(task("canceled")))
    async with staged(configured(it=table(agent)), tmp_path) as stage:
        await at_work(stage, agent)
        agent.on(GET, result(task("working")), result(task("canceled")))
        said = await stage.bridge.cancel(ME, "t1", None, None)
        assert (said.failed, said.state) == (False, TaskState.CANCELED)
        if not restarted:
            await cancelled_as_asked(stage)
    if restarted:
        async with staged(configured(it=table(agent)), tmp_path) as stage:
            await cancelled_as_asked(stage)


async def has_a_name(stage: Stage) -> bool:
    (record,) = (await stage.tasks.list(ME))[0]
    return record.task_id is not None


async def at_work(stage: Stage, agent: ScriptedAgent) -> None:
    """Begin a task; it is known by its name as soon as it is asked after."""
    await stage.send(wait_seconds=0)
    await agent.called(GET)


async def cancelled_as_asked(stage: Stage) -> None:
    for view in (await stage.bridge.get(ME, "t1", None), await stage.follow(task_id="t1")):
        assert (view.failed, view.state) == (False, TaskState.CANCELED)
        assert (view.text, view.note, view.next_step) == (
            "",
            "Its cancellation was asked for.",
            None,
        )


async def test_a_cancellation_of_the_agents_own_stays_a_failure(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    async with staged(configured(it=table(agent)), tmp_path) as stage:
        await at_work(stage, agent)
        agent.on(GET, result(task("canceled")))
        await stage.bridge.cancel(ME, "t1", None, None)
        view = await stage.bridge.get(ME, "t1", None)
    assert (view.failed, view.state) == (True, TaskState.CANCELED)
    assert agent.calls(CANCEL) == []


# --- the host gives a call up ---


async def given_up(stage: Stage, **fields: Any) -> float:
    """Abandon a call as a host does; return the seconds that it takes to end."""
    with anyio.CancelScope() as host:
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: stage.send(wait_seconds=5, **fields))
            await anyio.sleep(0.4)
            began = anyio.current_time()
            host.cancel()
    return anyio.current_time() - began


async def test_by_default_the_task_goes_on(agent: ScriptedAgent, tmp_path: Path) -> None:
    async with staged(configured(it=table(agent)), tmp_path) as stage:
        assert await given_up(stage) < 0.5
        (row,) = (await stage.tasks.list(ME))[0]
    assert (row.task_id, agent.calls(CANCEL)) == ("t1", [])


@pytest.mark.parametrize(
    "answer", [result(task("canceled")), silence, http(500, b"", "text/plain")]
)
async def test_with_on_cancel_its_task_is_cancelled_and_nobody_is_kept_waiting(
    answer: Reply, agent: ScriptedAgent, tmp_path: Path
) -> None:
    agent.on(CANCEL, answer)
    async with staged(configured(it=table(agent, on_cancel="cancel")), tmp_path) as stage:
        assert await given_up(stage) < 1.0
    assert [request.params["id"] for request in agent.calls(CANCEL)] == ["t1"]


async def test_with_on_cancel_a_task_without_a_name_is_looked_for(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    agent.on(SEND, silence)
    agent.on(CANCEL, result(task("canceled")))

    def listed(request: Any) -> Any:
        sent = words_of("hello", role="user", messageId=agent.sends()[0].message["messageId"])
        return result({"tasks": [task("working", history=[sent])]})(request)

    agent.on(LIST, listed)
    async with staged(configured(it=table(agent, on_cancel="cancel")), tmp_path) as stage:
        assert await given_up(stage) < 1.0
    assert [request.params["id"] for request in agent.calls(CANCEL)] == ["t1"]


async def test_with_on_cancel_the_task_of_an_answer_under_way_is_cancelled(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    asks = task("input-required", "Which?")
    agent.on(SEND, result({"task": asks}), silence)
    agent.on(GET, result(asks))
    agent.on(LIST, error(-32601, "no such method"))
    agent.on(CANCEL, result(task("canceled")))
    async with staged(configured(it=table(agent, on_cancel="cancel")), tmp_path) as stage:
        await stage.send()
        async with anyio.create_task_group() as group:
            group.start_soon(partial(stage.send, "Berlin", task_id="t1"))
            await agent.called(SEND, 2)
            group.cancel_scope.cancel()
    assert [request.params["id"] for request in agent.calls(CANCEL)] == ["t1"]


async def test_with_on_cancel_a_task_that_has_stopped_is_left(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    """Its result could be overwritten: a host may give up while the answer is on its way to it."""
    agent.on(SEND, result({"task": done("ready")}))
    async with staged(configured(it=table(agent, on_cancel="cancel")), tmp_path) as stage:

        async def stall(_: UpdateView) -> None:
            await anyio.sleep_forever()  # a host that does not take its progress

        with anyio.move_on_after(0.5):
            await stage.bridge.send(ME, SendRequest("hello", wait_seconds=5), stall)
    assert agent.calls(CANCEL) == []
