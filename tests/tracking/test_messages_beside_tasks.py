"""Messages that an agent sends beside a task, and messages that name the task they belong to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from followed import is_in_state
from scripted import (
    GET,
    SEND,
    STREAM,
    SUBSCRIBE,
    ScriptedAgent,
    artifact,
    done,
    error,
    moved,
    piece,
    result,
    status,
    stream,
    task,
    words_of,
)
from staging import ME, Stage, configured, staged, until

from a2a_mcp.a2a.model import TaskState

pytestmark = pytest.mark.anyio

SUBMITTED = {"task": task("submitted")}
REMARK = {"message": words_of("I looked at the ledger first.", taskId="t1", contextId="c1")}
UNNAMED = {"message": words_of("I looked at the ledger first.")}
ANSWER = words_of("It is 42.", taskId="t1", contextId="c1")

remarks = pytest.mark.parametrize("remark", [REMARK, UNNAMED], ids=["named", "unnamed"])


@remarks
@pytest.mark.parametrize(
    ("tail", "state", "text"),
    [
        (
            [moved("input-required", "Which account, A or B?")],
            TaskState.INPUT_REQUIRED,
            "Which account, A or B?",
        ),
        ([piece("42"), moved("completed")], TaskState.COMPLETED, "42"),
        ([moved("failed", "disk full")], TaskState.FAILED, "disk full"),
    ],
    ids=["asks", "completes", "fails"],
)
async def test_a_message_in_the_middle_of_a_stream_does_not_end_the_task(
    agent: ScriptedAgent,
    stage: Stage,
    remark: dict[str, Any],
    tail: list[Any],
    state: TaskState,
    text: str,
) -> None:
    """Java servers send messages between the events of a task."""
    agent.on(STREAM, stream(SUBMITTED, remark, *tail))
    view = await stage.send()
    assert (view.state, view.text, view.task_id) == (state, text, "t1")
    assert view.failed is (state is TaskState.FAILED)
    assert await is_in_state(stage, state)


async def test_a_message_in_the_middle_is_told_as_an_update(
    agent: ScriptedAgent, stage: Stage
) -> None:
    agent.on(STREAM, stream(SUBMITTED, REMARK, piece("42"), moved("completed")))
    view = await stage.follow(text="hello")
    told = [(update.state, update.text) for update in view.updates]
    assert told[0] == ("submitted", "I looked at the ledger first.")
    assert (view.state, view.text) == (TaskState.COMPLETED, "42")


@remarks
@pytest.mark.parametrize("end", ["completed", "failed"])
async def test_a_stream_that_ends_with_a_message_is_followed_by_a_read(
    agent: ScriptedAgent, stage: Stage, remark: dict[str, Any], end: str
) -> None:
    agent.on(STREAM, stream(SUBMITTED, remark))
    agent.on(SUBSCRIBE, error(-32004, "no"))
    agent.on(GET, result(task(end, artifacts=[artifact("read")])))
    view = await stage.send()
    assert (view.state, view.text, view.task_id) == (TaskState(end), "read", "t1")


async def test_a_message_is_the_answer_of_a_task_that_says_nothing_else(
    agent: ScriptedAgent, stage: Stage
) -> None:
    agent.on(STREAM, stream(SUBMITTED, {"message": ANSWER}, moved("completed")))
    agent.on(GET, result(task("completed")))
    view = await stage.send()
    assert (view.state, view.text, view.task_id) == (TaskState.COMPLETED, "It is 42.", "t1")


@pytest.mark.parametrize("streams", [True, False], ids=["streamed", "sent"])
@pytest.mark.parametrize(
    ("task_now", "state", "text"),
    [
        (task("failed", "disk full"), TaskState.FAILED, "disk full"),
        (task("input-required", "A or B?"), TaskState.INPUT_REQUIRED, "A or B?"),
        (done("all of it"), TaskState.COMPLETED, "all of it"),
        (task("completed"), TaskState.COMPLETED, "It is 42."),
    ],
    ids=["failed", "asks", "completed", "completed without words"],
)
async def test_the_task_that_a_lone_message_names_is_read(
    agent: ScriptedAgent,
    stage: Stage,
    streams: bool,
    task_now: dict[str, Any],
    state: TaskState,
    text: str,
) -> None:
    reply = {"message": ANSWER}
    agent.on(STREAM, stream(reply) if streams else error(-32004, "Streaming is not supported"))
    agent.on(SEND, result(reply))
    agent.on(GET, result(task_now))
    view = await stage.send()
    assert (view.state, view.text, view.task_id) == (state, text, "t1")
    assert await is_in_state(stage, state)


@pytest.mark.parametrize("streams", [True, False], ids=["streamed", "sent"])
async def test_a_message_that_names_a_task_that_its_agent_has_not_is_the_answer(
    agent: ScriptedAgent, stage: Stage, streams: bool
) -> None:
    """Executors for a2a-sdk copy the ids of their request, for which no task is stored."""
    reply = {"message": ANSWER}
    agent.on(STREAM, stream(reply) if streams else error(-32004, "Streaming is not supported"))
    agent.on(SEND, result(reply))
    agent.on(GET, error(-32001, "Task not found"))
    view = await stage.send()
    assert (view.state, view.text, view.task_id) == (TaskState.COMPLETED, "It is 42.", None)
    assert len(agent.calls(GET)) == 1
    assert await is_in_state(stage, TaskState.COMPLETED)


async def test_a_message_whose_task_never_moves_is_shown_with_its_state(
    plain: ScriptedAgent, stage: Stage
) -> None:
    plain.on(SEND, result({"message": ANSWER}))
    plain.on(GET, result(task("working")))
    view = await stage.send(wait_seconds=15.0)
    assert (view.state, view.text, view.task_id) == (TaskState.WORKING, "It is 42.", "t1")
    assert "broke off" in (view.note or "")


async def test_a_message_in_reply_to_an_answer_is_shown_with_the_question_that_stands(
    plain: ScriptedAgent, stage: Stage
) -> None:
    asks = {"id": "t1", "contextId": "c1", "status": status("input-required", "A or B?")}
    asks["status"]["timestamp"] = "2026-11-21T10:00:00Z"
    plain.on(SEND, result({"task": asks}), result({"message": ANSWER}))
    plain.on(GET, result(asks))
    await stage.send()
    view = await stage.send("C", task_id="t1", wait_seconds=15.0)
    assert (view.state, view.text) == (TaskState.INPUT_REQUIRED, "It is 42.\n\nA or B?")


async def test_a_message_that_names_the_task_of_another_owner_is_not_shown(
    plain: ScriptedAgent, stage: Stage
) -> None:
    plain.on(SEND, result({"task": task("working")}), result({"message": ANSWER}))
    plain.on(GET, result(task("working")))
    await stage.send(owner="anna", wait_seconds=0.1)
    with pytest.raises(Exception, match="not this caller's"):
        await stage.send(owner="bert")
    assert len(plain.calls(GET)) <= 2


@pytest.mark.parametrize("end", ["completed", "failed"])
async def test_a_message_that_its_agent_keeps_nowhere_stays_the_answer(
    agent: ScriptedAgent, tmp_path: Path, end: str
) -> None:
    agent.on(STREAM, stream(SUBMITTED, {"message": ANSWER}, moved(end)))
    agent.on(GET, result(task(end)))
    config = configured(it=agent.url)
    for restarted in (False, True):
        async with staged(config, tmp_path / "kept") as stage:
            if not restarted:
                await stage.send()
            for _ in range(2):
                view = await stage.bridge.get(ME, "t1", None)
                assert (view.state, view.text) == (TaskState(end), "It is 42.")


async def test_a_result_read_after_a_message_is_kept(agent: ScriptedAgent, stage: Stage) -> None:
    agent.on(STREAM, stream(SUBMITTED, REMARK))
    agent.on(SUBSCRIBE, error(-32004, "no"))
    agent.on(GET, result(task("working")), result(done("late")))
    await stage.send(wait_seconds=0.01)
    await until(lambda: is_in_state(stage, TaskState.COMPLETED))
