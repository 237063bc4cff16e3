"""A message followed on streams: delivered, and subscribed to again."""

from __future__ import annotations

import json

import anyio
import pytest
from followed import CHUNKS, WORKING, is_in_state
from scripted import (
    GET,
    SEND,
    STREAM,
    SUBSCRIBE,
    ScriptedAgent,
    artifact,
    done,
    error,
    later,
    moved,
    piece,
    result,
    stream,
    task,
    words_of,
)
from staging import ME, Stage, until

from a2a_mcp.a2a.model import TaskState

pytestmark = pytest.mark.anyio


async def test_a_stream_is_read_to_its_end(agent: ScriptedAgent, stage: Stage) -> None:
    agent.on(STREAM, stream(WORKING, *CHUNKS, moved("completed")))
    view = await stage.send()
    assert (view.state, view.text, view.task_id) == (
        TaskState.COMPLETED,
        "one two three",
        "t1",
    )
    assert not agent.calls(GET)


async def test_a_message_on_a_stream_is_the_answer(agent: ScriptedAgent, stage: Stage) -> None:
    agent.on(STREAM, stream({"message": words_of("hi", contextId="c7")}))
    view = await stage.send()
    assert (view.text, view.context_id, view.task_id) == ("hi", "c7", None)


async def test_a_stream_that_starts_with_a_status_names_the_task(
    agent: ScriptedAgent, stage: Stage
) -> None:
    agent.on(STREAM, stream(moved("working"), piece("x"), moved("completed")))
    view = await stage.send()
    assert (view.task_id, view.context_id, view.text) == ("t1", "c1", "x")


async def test_the_reason_of_a_failure_may_come_only_on_the_stream(
    agent: ScriptedAgent, stage: Stage
) -> None:
    fault = json.dumps({"jsonrpc": "2.0", "error": {"code": -32603, "message": "no such city"}})
    agent.on(STREAM, stream(WORKING, f"event: error\ndata: {fault}\n\n".encode()))
    agent.on(GET, result(task("failed")))
    view = await stage.send()
    assert view.failed
    assert view.text == "no such city"


async def test_a_question_is_returned_at_once(agent: ScriptedAgent, stage: Stage) -> None:
    agent.on(STREAM, stream(WORKING, moved("input-required", "Which city?")))
    view = await stage.send()
    assert (view.state, view.text) == (TaskState.INPUT_REQUIRED, "Which city?")
    assert not view.failed


async def test_after_a_sign_in_the_stream_is_read_on(agent: ScriptedAgent, stage: Stage) -> None:
    signed_in = anyio.Event()
    agent.on(
        STREAM,
        stream(
            WORKING,
            moved("auth-required", "Sign in"),
            signed_in,
            piece("your mail"),
            moved("completed"),
        ),
    )
    view = await stage.send()
    assert (view.state, view.text) == (TaskState.AUTH_REQUIRED, "Sign in")
    signed_in.set()
    await until(lambda: is_in_state(stage, TaskState.COMPLETED))
    assert len(agent.sends()) == 1


async def test_events_of_another_task_change_nothing(agent: ScriptedAgent, stage: Stage) -> None:
    foreign = moved("working", "not mine", task_id="t2")
    strange = {"artifactUpdate": {"taskId": "t2", "artifact": artifact("not mine")}}
    other = {"task": done("not mine", task_id="t2")}
    agent.on(STREAM, stream(WORKING, foreign, strange, other, piece("mine"), moved("completed")))
    view = await stage.send()
    assert (view.state, view.text, view.task_id) == (TaskState.COMPLETED, "mine", "t1")


async def test_events_that_come_twice_too_late_or_of_unknown_kinds_change_nothing(
    agent: ScriptedAgent, stage: Stage
) -> None:
    twice = [WORKING, WORKING, moved("working", "on it"), piece("whole"), piece("whole")]
    strange = [{"weatherUpdate": {"taskId": "t1"}}, {}, {"kind": "heartbeat"}]
    late = [moved("working", "still here"), moved("failed", "too late")]
    agent.on(STREAM, stream(*twice, *strange, moved("completed"), *late))
    view = await stage.follow(text="hello")
    assert (view.state, view.text, view.failed) == (TaskState.COMPLETED, "whole", False)
    assert [update.text for update in view.updates] == ["on it"]


async def test_an_end_under_another_id_in_the_same_conversation_is_the_end(
    agent: ScriptedAgent, stage: Stage
) -> None:
    """a2a-js 0.3 tells of a crash under an id that no task has."""
    agent.on(STREAM, stream(WORKING, moved("failed", "boom", task_id="made-up")))
    view = await stage.send()
    assert (view.state, view.text, view.task_id) == (TaskState.FAILED, "boom", "t1")


async def test_the_old_question_on_a_stream_is_not_the_answer(
    agent: ScriptedAgent, stage: Stage
) -> None:
    asks = task("input-required", "Which?")
    agent.on(STREAM, stream({"task": asks}))
    await stage.send()
    agent.on(GET, result(asks), result(asks), result(done("Sunny.")))
    agent.on(SEND, result({"task": asks}))
    told = stream({"task": asks}, moved("working"), piece("Sunny."), moved("completed"))
    agent.on(SUBSCRIBE, told)
    view = await stage.send("Berlin", task_id="t1")
    assert view.text == "Sunny."


async def test_an_answer_is_sent_without_a_stream_when_its_task_can_be_subscribed_to(
    agent: ScriptedAgent, stage: Stage
) -> None:
    """a2a-js 1.x drops the stream of an answer, and with it what the agent says."""
    agent.on(STREAM, stream(moved("input-required", "Which?")), error(-32004, "dropped"))
    await stage.send()
    agent.on(GET, result(task("input-required", "Which?")), result(done("Sunny.")))
    agent.on(SEND, result({"task": task("working")}))
    agent.on(SUBSCRIBE, stream(WORKING, piece("Sunny."), moved("completed")))
    view = await stage.send("Berlin", task_id="t1")
    assert (view.state, view.text) == (TaskState.COMPLETED, "Sunny.")
    assert [request.call for request in agent.sends()] == [STREAM, SEND]
    assert agent.sends()[-1].params["configuration"]["returnImmediately"] is True


async def test_the_reason_of_a_failure_may_come_only_on_a_subscription(
    agent: ScriptedAgent, stage: Stage
) -> None:
    agent.on(STREAM, stream(moved("input-required", "Which?")))
    await stage.send()
    agent.on(GET, result(task("input-required", "Which?")), result(task("failed")))
    agent.on(SEND, result({"task": task("working")}))
    fault = '{"jsonrpc": "2.0", "error": {"code": -32603, "message": "out of memory"}}'
    agent.on(SUBSCRIBE, stream(WORKING, f"event: error\ndata: {fault}\n\n".encode()))
    view = await stage.send("Berlin", task_id="t1")
    assert (view.state, view.text) == (TaskState.FAILED, "out of memory")


async def test_the_error_of_a_streaming_agent_is_returned_as_soon(
    agent: ScriptedAgent, stage: Stage
) -> None:
    """Its task could be attached to for ever: it waits for the answer that it has refused."""
    asks = task("input-required", "Which?")
    agent.on(STREAM, stream({"task": asks}))
    await stage.send()
    agent.on(GET, lambda sent: result({**asks, "history": [agent.sends()[-1].message]})(sent))
    agent.on(SEND, error(-32603, "wrong order"))
    agent.on(SUBSCRIBE, stream({"task": asks}, anyio.Event()))
    view = await stage.send("Berlin", task_id="t1")
    assert (view.state, view.failed) == (TaskState.INPUT_REQUIRED, True)
    assert "wrong order" in (view.note or "")


async def test_a_subscription_that_breaks_is_no_answer_to_the_message(
    agent: ScriptedAgent, stage: Stage
) -> None:
    asks = task("input-required", "Which?")
    agent.on(STREAM, stream({"task": asks}))
    await stage.send()
    agent.on(GET, *[result(asks)] * 6, result(done("Sunny.")))
    agent.on(SEND, result({"task": asks}))
    fault = '{"jsonrpc": "2.0", "error": {"code": -32603, "message": "hiccup"}}'
    agent.on(SUBSCRIBE, stream({"task": asks}, f"data: {fault}\n\n".encode()))
    view = await stage.send("Berlin", task_id="t1")
    assert (view.state, view.text) == (TaskState.COMPLETED, "Sunny.")


async def test_the_old_question_is_not_told_again(agent: ScriptedAgent, stage: Stage) -> None:
    """a2a-js 1.x answers with the task as it was, and perhaps with the first piece of an answer."""
    asks = task("input-required", "Which?")
    agent.on(STREAM, stream({"task": asks}))
    await stage.send()
    agent.on(GET, result(asks), result(done("Sunny.")))
    agent.on(SEND, result({"task": {**asks, "artifacts": [artifact("Sun")]}}))
    begun = {"task": {**asks, "artifacts": [artifact("Sun")]}}
    agent.on(SUBSCRIBE, stream(begun, piece("ny.", append=True), moved("completed")))
    view = await stage.follow(text="Berlin", task_id="t1")
    told = [(update.state, update.text) for update in view.updates]
    assert told[-2:] == [("working", "Sun"), ("working", "ny.")]
    assert "Which?" not in str(told)


async def test_a_question_is_not_asked_again_while_its_answer_is_under_way(
    agent: ScriptedAgent, stage: Stage
) -> None:
    """a2a-sdk 1.3 replies with the first status: an agent that says none blocks until its end."""
    asks, finish = task("input-required", "Which?"), anyio.Event()
    agent.on(STREAM, stream({"task": asks}))
    await stage.send()
    agent.on(GET, result(asks))
    agent.on(SEND, later(finish, result({"task": done("Sunny.")})))
    sent = await stage.send("Berlin", task_id="t1", wait_seconds=0.1)
    read = await stage.bridge.get(ME, "t1", None)
    joined = await stage.follow(task_id="t1", wait_seconds=0.1)
    for view in (sent, read, joined):
        assert (view.state, view.text) == (TaskState.WORKING, "")
        assert "do not send it again" in (view.next_step or "")
    finish.set()
    ended = await stage.follow(task_id="t1")
    assert (ended.state, ended.text, ended.task_id) == (TaskState.COMPLETED, "Sunny.", "t1")


@pytest.mark.parametrize("code", [-32602, -32004, -32001, -32601])
async def test_a_task_that_ends_while_it_is_attached_to_is_answered_by_reading(
    code: int, agent: ScriptedAgent, stage: Stage
) -> None:
    agent.on(GET, result(task("working")), result(done("ended meanwhile")))
    agent.on(SUBSCRIBE, error(code, "Task is in a terminal state"))
    view = await stage.follow(task_id="t1", agent="it")
    assert (view.state, view.text) == (TaskState.COMPLETED, "ended meanwhile")
    assert not view.failed


async def test_a_1_0_agent_is_subscribed_to_and_its_snapshot_comes_first(
    agent: ScriptedAgent, stage: Stage
) -> None:
    agent.on(GET, result(task("working", "on it")))
    agent.on(SUBSCRIBE, stream(WORKING, piece("live"), moved("completed")))
    view = await stage.follow(task_id="t1", agent="it")
    assert (view.state, view.text) == (TaskState.COMPLETED, "live")
    assert len(agent.calls(SUBSCRIBE)) == 1


async def test_a_task_that_has_ended_is_not_subscribed_to(
    agent: ScriptedAgent, stage: Stage
) -> None:
    agent.on(GET, result(done("long ago")))
    view = await stage.follow(task_id="t1", agent="it")
    assert (view.state, view.text) == (TaskState.COMPLETED, "long ago")
    assert not agent.calls(SUBSCRIBE)
