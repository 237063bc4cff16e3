"""A message followed to its next stop, whatever the agent does on the way."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import pytest
from pydantic import SecretStr
from scripted import (
    CARD,
    CUT,
    GET,
    LIST,
    SEND,
    STREAM,
    SUBSCRIBE,
    Reply,
    Request,
    ScriptedAgent,
    Step,
    artifact,
    card,
    cut,
    document,
    done,
    error,
    http,
    interface,
    later,
    moved,
    piece,
    result,
    scripted,
    silence,
    status,
    stream,
    task,
    words_of,
)
from staging import FIRST_POLL, ME, Stage, configured, staged, until

from a2a_mcp.a2a.auth.static import Bearer
from a2a_mcp.a2a.errors import A2AError, Delivery
from a2a_mcp.a2a.model import TaskState
from a2a_mcp.bridge.send import SendRequest
from a2a_mcp.errors import NotAllowed
from a2a_mcp.presentation.task_view import TaskView, UpdateView

pytestmark = pytest.mark.anyio

LATE = 0.5 + 0.7
"""Seconds that an answer may be late: what DESIGN 4 allows, and what a busy machine takes."""

WORKING = {"task": task("working", "on it")}
CHUNKS = [piece("one "), piece("two ", append=True), piece("three", append=True)]
WHOLE = done("one two three")


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


async def state_in_the_map(stage: Stage) -> TaskState:
    records, _ = await stage.tasks.list(ME)
    return records[0].state


# --- the ways to an answer ---


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


async def test_an_agent_that_does_not_stream_is_polled(plain: ScriptedAgent, stage: Stage) -> None:
    plain.on(SEND, result({"task": task("submitted")}))
    plain.on(GET, result(task("working")), result(done("polled")))
    view = await stage.send()
    assert view.text == "polled"
    assert len(plain.calls(GET)) == 2
    assert plain.calls(GET)[0].params["historyLength"] <= 10


@pytest.mark.parametrize("end", [[CUT], []], ids=["cut", "clean end"])
@pytest.mark.parametrize("events", range(1, 4))
async def test_a_stream_that_ends_early_is_finished_by_reading(
    events: int, end: list[Any], agent: ScriptedAgent, stage: Stage
) -> None:
    agent.on(STREAM, stream(*[WORKING, *CHUNKS][:events], *end))
    agent.on(GET, result(WHOLE))
    view = await stage.send()
    assert (view.state, view.text) == (TaskState.COMPLETED, "one two three")
    assert len(agent.sends()) == 1


async def test_a_stream_that_starts_with_a_status_names_the_task(
    agent: ScriptedAgent, stage: Stage
) -> None:
    agent.on(STREAM, stream(moved("working"), piece("x"), moved("completed")))
    view = await stage.send()
    assert (view.task_id, view.context_id, view.text) == ("t1", "c1", "x")


async def test_a_finished_task_that_said_nothing_is_read_before_it_is_answered(
    agent: ScriptedAgent, stage: Stage
) -> None:
    agent.on(STREAM, stream(WORKING, moved("completed")))
    agent.on(GET, result(done("only here")))
    view = await stage.send()
    assert view.text == "only here"


async def test_a_finished_task_that_said_nothing_and_cannot_be_read_is_still_finished(
    agent: ScriptedAgent, stage: Stage
) -> None:
    agent.on(STREAM, stream({"task": task("submitted")}, moved("completed")))
    agent.on(GET, error(-32001, "Task not found"))
    view = await stage.send()
    assert view.state is TaskState.COMPLETED


async def test_words_of_a_failure_that_come_only_on_the_stream_are_kept(
    agent: ScriptedAgent, stage: Stage
) -> None:
    fault = json.dumps({"jsonrpc": "2.0", "error": {"code": -32603, "message": "no such city"}})
    agent.on(STREAM, stream(WORKING, f"event: error\ndata: {fault}\n\n".encode()))
    agent.on(GET, result(task("failed")))
    view = await stage.send()
    assert view.failed
    assert view.text == "no such city"


async def test_a_question_is_answered_with_at_once(agent: ScriptedAgent, stage: Stage) -> None:
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


async def is_in_state(stage: Stage, state: TaskState) -> bool:
    return await state_in_the_map(stage) is state


async def test_a_stream_that_stays_open_after_the_end_keeps_nobody_waiting(
    agent: ScriptedAgent, stage: Stage
) -> None:
    agent.on(STREAM, stream(WORKING, piece("x"), moved("completed"), anyio.Event()))
    with anyio.fail_after(2):
        view = await stage.send()
    assert view.state is TaskState.COMPLETED


async def test_a_stream_that_falls_silent_is_given_up_and_the_task_read(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    agent.on(STREAM, stream(WORKING, b": ping\n\n", anyio.Event()))
    agent.on(SUBSCRIBE, error(-32004, "no"))
    agent.on(GET, result(done("found by reading")))
    config = configured(it={"url": agent.url, "limits": {"idle_seconds": 0.3}})
    async with staged(config, tmp_path / "other") as stage:
        view = await stage.send(wait_seconds=2.5)
    assert view.text == "found by reading"


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
    assert [update.text for update in view.updates] == ["on it", "whole", ""]


@pytest.mark.parametrize("noise", [b": ping\n\n", b"event: heartbeat\n\n", b"data: {}\n\n"])
async def test_noise_on_a_stream_is_no_sign_of_life(
    noise: bytes, agent: ScriptedAgent, tmp_path: Path
) -> None:
    """An agent that only pings is read beside its stream, however often it does."""
    agent.on(STREAM, stream(WORKING, noise * 50, anyio.Event()))
    agent.on(GET, result(done("found by reading")))
    config = configured(it={"url": agent.url, "limits": {"idle_seconds": 0.3}})
    async with staged(config, tmp_path / "other") as stage:
        view = await stage.send(wait_seconds=2.5)
    assert view.text == "found by reading"


async def test_an_end_under_another_id_in_the_same_conversation_is_the_end(
    agent: ScriptedAgent, stage: Stage
) -> None:
    """a2a-js 0.3 tells of a crash under an id that no task has (a2a-wire 11.4)."""
    agent.on(STREAM, stream(WORKING, moved("failed", "boom", task_id="made-up")))
    view = await stage.send()
    assert (view.state, view.text, view.task_id) == (TaskState.FAILED, "boom", "t1")


async def test_a_task_that_a_stream_has_ended_is_not_revived(
    plain: ScriptedAgent, stage: Stage
) -> None:
    plain.on(SEND, result({"task": done("the answer")}))
    plain.on(GET, result(task("working")))
    await stage.send()
    assert await state_in_the_map(stage) is TaskState.COMPLETED
    await stage.bridge.get(ME, "t1", None)
    assert await state_in_the_map(stage) is TaskState.COMPLETED


# --- an answer is newer than the message ---


async def asked(agent: ScriptedAgent, stage: Stage) -> dict[str, Any]:
    """Bring the agent to its question; give the task that asks."""
    asks = {"id": "t1", "contextId": "c1", "status": status("input-required", "Which?")}
    agent.on(SEND, result({"task": asks}))
    agent.on(GET, result(asks))
    view = await stage.send()
    assert view.state is TaskState.INPUT_REQUIRED
    return asks


async def test_the_question_of_before_is_not_the_answer(plain: ScriptedAgent, stage: Stage) -> None:
    asks = await asked(plain, stage)
    plain.on(GET, result(asks), result(asks), result(done("Sunny.")))
    view = await stage.send("Berlin", task_id="t1")
    assert (view.state, view.text) == (TaskState.COMPLETED, "Sunny.")
    assert [request.message.get("taskId") for request in plain.sends()] == [None, "t1"]


async def test_a_new_question_is_an_answer(plain: ScriptedAgent, stage: Stage) -> None:
    asks = await asked(plain, stage)
    plain.on(SEND, result({"task": {**asks, "status": status("input-required", "Which year?")}}))
    view = await stage.send("Berlin", task_id="t1")
    assert (view.state, view.text) == (TaskState.INPUT_REQUIRED, "Which year?")


async def test_the_question_of_before_on_a_stream_is_not_the_answer(
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


async def test_an_answer_goes_without_a_stream_where_its_task_can_be_attached_to(
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


async def test_why_an_answered_task_failed_is_told_where_only_its_subscription_says_it(
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


async def test_an_answer_that_its_agent_took_and_met_with_an_error_is_not_waited_for(
    plain: ScriptedAgent, stage: Stage
) -> None:
    asks = await asked(plain, stage)
    plain.on(GET, lambda sent: result({**asks, "history": [plain.sends()[-1].message]})(sent))
    plain.on(SEND, error(-32004, "wrong order"))
    view = await stage.send("Berlin", task_id="t1")
    assert (view.state, view.failed) == (TaskState.INPUT_REQUIRED, True)
    assert "answered this message with an error" in (view.note or "")
    assert "wrong order" in (view.note or "")
    assert "carried the message out is not known" in (view.next_step or "")
    assert len(plain.sends()) == 2


async def test_an_answer_that_a_gateway_gave_up_on_is_waited_for(
    plain: ScriptedAgent, stage: Stage
) -> None:
    asks = await asked(plain, stage)

    def taken(sent: Request) -> list[Step]:
        heard = {**asks, "history": [plain.sends()[-1].message]}
        waits = len(plain.calls(GET)) < 6
        return result(heard if waits else done("Sunny."))(sent)

    plain.on(GET, taken)
    plain.on(SEND, http(504, b"gateway timeout", "text/plain"))
    view = await stage.send("Berlin", task_id="t1")
    assert (view.state, view.text) == (TaskState.COMPLETED, "Sunny.")


async def test_an_error_of_an_agent_that_streams_is_told_as_soon(
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


async def test_an_answered_task_whose_subscription_stays_silent_is_read_beside(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    """Such a one may be at another replica of the agent than the work."""
    asks = task("input-required", "Which?")
    agent.on(STREAM, stream({"task": asks}))
    agent.on(GET, result(asks), result(done("found by reading")))
    agent.on(SEND, result({"task": asks}))
    agent.on(SUBSCRIBE, stream({"task": asks}, anyio.Event()))
    config = configured(it={"url": agent.url, "limits": {"idle_seconds": 0.3}})
    async with staged(config, tmp_path / "other") as stage:
        await stage.send()
        view = await stage.send("Berlin", task_id="t1")
    assert view.text == "found by reading"


async def test_the_question_of_before_is_not_told_again(agent: ScriptedAgent, stage: Stage) -> None:
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
    assert told[-3:] == [("working", "Sun"), ("working", "ny."), ("completed", "")]
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


async def test_a_question_that_its_agent_took_away_is_not_a_new_one(
    plain: ScriptedAgent, stage: Stage
) -> None:
    """a2a-sdk 1.x moves the question to the history when the answer comes, before it works."""
    moment = {"timestamp": "2026-11-21T10:00:00Z"}
    asks = {**task("input-required"), "status": status("input-required", "Which?") | moment}
    taken = {**asks, "status": status("input-required") | moment}
    plain.on(SEND, result({"task": asks}))
    await stage.send()
    plain.on(SEND, result({"task": taken}))
    plain.on(GET, result(asks), result(taken), result(done("Sunny.")))
    view = await stage.send("Berlin", task_id="t1")
    assert (view.state, view.text) == (TaskState.COMPLETED, "Sunny.")


async def test_when_only_the_old_question_comes_the_budget_ends_the_wait(
    plain: ScriptedAgent, stage: Stage
) -> None:
    await asked(plain, stage)
    with anyio.fail_after(0.7 + LATE):
        view = await stage.send("Berlin", task_id="t1", wait_seconds=0.7)
    assert view.task_id == "t1"
    assert view.state is TaskState.WORKING  # to show the old question would ask for a second answer
    assert "do not send" in (view.next_step or "")
    assert len(plain.sends()) == 2


# --- waiting ---


@pytest.mark.parametrize("wait", [0.0, 0.3])
async def test_the_budget_is_kept_while_the_agent_is_silent(
    wait: float, plain: ScriptedAgent, stage: Stage
) -> None:
    plain.on(SEND, silence)
    await stage.registry.connection("it").card()
    with anyio.fail_after(wait + LATE):
        view = await stage.send(wait_seconds=wait)
    assert view.state is TaskState.WORKING


async def test_the_budget_is_kept_while_the_agent_talks(agent: ScriptedAgent, stage: Stage) -> None:
    talk = [moved("working", f"step {n}") for n in range(50)]
    agent.on(STREAM, stream(WORKING, *talk, anyio.Event()))
    await stage.registry.connection("it").card()
    with anyio.fail_after(0.3 + LATE):
        view = await stage.send(wait_seconds=0.3)
    assert (view.state, view.task_id) == (TaskState.WORKING, "t1")
    assert view.text in ["on it", *(f"step {n}" for n in range(50))]


async def test_the_budget_is_kept_while_the_card_does_not_come(
    agent: ScriptedAgent, stage: Stage
) -> None:
    agent.on(CARD, silence)
    with anyio.fail_after(0.2 + LATE):
        view = await stage.send(wait_seconds=0.2)
    assert view.state is TaskState.WORKING
    assert view.task_id
    assert agent.sends() == []


async def test_the_budget_is_kept_while_the_task_cannot_be_read_first(
    plain: ScriptedAgent, stage: Stage
) -> None:
    await asked(plain, stage)
    plain.on(GET, silence)
    with anyio.fail_after(0.2 + LATE):
        view = await stage.send("Berlin", task_id="t1", wait_seconds=0.2)
    assert view.task_id


async def test_the_budget_is_kept_while_a_task_to_follow_cannot_be_read(
    plain: ScriptedAgent, stage: Stage
) -> None:
    plain.on(GET, silence)
    state = TaskState.WORKING
    await stage.tasks.adopt(owner=ME, agent="it", task_id="t1", state=state)
    await stage.registry.connection("it").card()
    for named in (None, "it"):
        with anyio.fail_after(0.2 + LATE), pytest.raises(A2AError):
            await stage.follow(task_id="t1", agent=named, wait_seconds=0.2)


async def test_the_budget_is_kept_while_a_task_known_only_to_its_agent_cannot_be_read(
    plain: ScriptedAgent, stage: Stage
) -> None:
    plain.on(GET, silence)
    with anyio.fail_after(0.2 + LATE), pytest.raises(A2AError) as caught:
        await stage.send(task_id="foreign", agent="it", wait_seconds=0.2)
    assert caught.value.delivery is Delivery.NEVER
    assert plain.sends() == []


async def test_the_budget_asked_for_is_cut_to_the_most_that_is_configured(
    plain: ScriptedAgent, tmp_path: Path
) -> None:
    plain.on(SEND, silence)
    config = configured({"max_wait_seconds": 0.3, "wait_seconds": 0.1}, it=plain.url)
    async with staged(config, tmp_path / "other") as stage:
        with anyio.fail_after(0.3 + LATE):
            view = await stage.send(wait_seconds=30)
    assert view.state is TaskState.WORKING


async def test_an_agents_own_budget_wins_over_the_servers(
    plain: ScriptedAgent, tmp_path: Path
) -> None:
    plain.on(SEND, silence)
    table = {"url": plain.url, "wait_seconds": 0.1}
    async with staged(configured(it=table), tmp_path / "other") as stage:
        with anyio.fail_after(0.3 + LATE):
            await stage.send(wait_seconds=None)


async def test_silence_gives_a_handle_that_turns_into_the_task(
    plain: ScriptedAgent, stage: Stage
) -> None:
    speaks = anyio.Event()
    plain.on(SEND, later(speaks, result({"task": done("at last")})))
    view = await stage.send(wait_seconds=0.1)
    handle = view.task_id
    assert handle
    assert "do not send it again" in (view.next_step or "")
    assert (await stage.bridge.get(ME, handle, None)).state is TaskState.WORKING
    speaks.set()
    followed = await stage.follow(task_id=handle)
    assert (followed.task_id, followed.text) == ("t1", "at last")
    plain.on(GET, result(done("at last")))
    for name in (handle, "t1"):
        known = await stage.bridge.get(ME, name, None)
        assert (known.task_id, known.text) == ("t1", "at last")


async def test_a_handle_works_with_its_agent_named(plain: ScriptedAgent, stage: Stage) -> None:
    plain.on(SEND, silence)
    handle = (await stage.send(wait_seconds=0.1)).task_id
    assert (await stage.bridge.get(ME, handle or "", "it")).task_id == handle
    assert not plain.calls(GET)


async def test_a_handle_of_a_message_reply_gives_the_message(
    plain: ScriptedAgent, stage: Stage
) -> None:
    speaks = anyio.Event()
    plain.on(SEND, later(speaks, result({"message": words_of("hi")})))
    handle = (await stage.send(wait_seconds=0.1)).task_id or ""
    speaks.set()
    followed = await stage.follow(task_id=handle)
    assert (followed.state, followed.text) == (TaskState.COMPLETED, "hi")
    again = await stage.bridge.get(ME, handle, None)
    assert again.text == "hi"


async def test_a_handle_of_a_message_that_failed_gives_the_failure_and_then_that_it_is_lost(
    plain: ScriptedAgent, stage: Stage
) -> None:
    speaks = anyio.Event()
    plain.on(SEND, later(speaks, http(500, b"boom", "text/plain")))
    handle = (await stage.send(wait_seconds=0.1)).task_id or ""
    speaks.set()
    with pytest.raises(A2AError):
        await stage.follow(task_id=handle)
    assert await state_in_the_map(stage) is TaskState.UNKNOWN
    view = await stage.follow(task_id=handle)
    assert (view.state, view.failed) == (TaskState.UNKNOWN, True)


async def test_a_handle_of_a_lost_message_is_not_said_to_be_at_work(
    plain: ScriptedAgent, stage: Stage
) -> None:
    speaks = anyio.Event()
    plain.on(SEND, later(speaks, http(500, b"boom", "text/plain")))
    plain.on(LIST, result({"tasks": []}))
    handle = (await stage.send(wait_seconds=0.1)).task_id or ""
    speaks.set()
    with pytest.raises(A2AError):
        await stage.follow(task_id=handle)
    view = await stage.bridge.get(ME, handle, None)
    assert (view.state, view.failed) == (TaskState.UNKNOWN, True)
    assert "Delivery unknown: contact was lost before the agent 'it' named a task" in (
        view.error or ""
    )
    assert "Ask the agent what became of it" in (view.next_step or "")
    with pytest.raises(NotAllowed, match="Delivery unknown"):
        await stage.bridge.cancel(ME, handle, None, None)


async def test_a_task_is_on_disk_before_anyone_is_told_of_it(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    name = "the-task-to-be-looked-for"
    agent.on(STREAM, stream({"task": task("working", task_id=name)}, anyio.Event()))
    seen: list[bool] = []
    folder = tmp_path / "other"

    async def look(_: UpdateView) -> None:
        seen.append(any(name.encode() in path.read_bytes() for path in folder.iterdir()))

    async with staged(configured(it=agent.url), folder) as stage:
        await stage.bridge.send(ME, SendRequest("hello", wait_seconds=0.3), look)
    assert seen == [True]


async def test_work_goes_on_when_the_host_gives_up(agent: ScriptedAgent, stage: Stage) -> None:
    finish = anyio.Event()
    agent.on(STREAM, stream(WORKING, finish, piece("done anyway"), moved("completed")))
    with anyio.move_on_after(0.5) as host:
        await stage.send()
    assert host.cancelled_caught
    (request,) = agent.calls(STREAM)
    assert not request.left.is_set()
    finish.set()
    await until(lambda: is_in_state(stage, TaskState.COMPLETED))


async def test_a_result_is_found_when_the_agent_has_forgotten_it(
    agent: ScriptedAgent, stage: Stage
) -> None:
    finish = anyio.Event()
    agent.on(STREAM, stream(WORKING, finish, piece("done anyway"), moved("completed")))
    agent.on(GET, error(-32001, "Task not found"))
    await stage.send(wait_seconds=0.2)
    finish.set()
    await until(lambda: is_in_state(stage, TaskState.COMPLETED))
    for view in (await stage.bridge.get(ME, "t1", None), await stage.follow(task_id="t1")):
        assert (view.state, view.text) == (TaskState.COMPLETED, "done anyway")


async def test_of_too_many_tasks_the_oldest_that_nobody_waits_for_is_left_to_its_agent(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    tasks = [stream({"task": task("working", task_id=f"t{n}")}, anyio.Event()) for n in range(4)]
    agent.on(STREAM, *tasks)
    agent.on(GET, result(done("read later", task_id="t1")))
    config = configured(it=agent.url)
    async with (
        staged(config, tmp_path / "other", most_running=3) as stage,
        anyio.create_task_group() as group,
    ):
        group.start_soon(lambda: stage.send("waits", wait_seconds=5))
        first = await agent.called(STREAM)
        await stage.send("left", wait_seconds=0.1)
        left = await agent.called(STREAM, 2)
        await stage.send("kept", wait_seconds=0.1)
        await stage.send("one more", wait_seconds=0.1)
        with anyio.fail_after(2):
            await left.left.wait()
        assert not first.left.is_set()
        assert (await stage.bridge.get(ME, "t1", None)).text == "read later"
        group.cancel_scope.cancel()


async def test_where_every_task_is_waited_for_one_more_is_refused_before_it_is_sent(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    agent.on(STREAM, stream(WORKING, anyio.Event()))
    config = configured(it=agent.url)
    async with (
        staged(config, tmp_path / "other", most_running=1) as stage,
        anyio.create_task_group() as group,
    ):
        group.start_soon(lambda: stage.send("waits", wait_seconds=5))
        await agent.called(STREAM)
        with pytest.raises(NotAllowed, match="nothing was sent"):
            await stage.send("one more")
        group.cancel_scope.cancel()
    assert len(agent.sends()) == 1


# --- several who wait ---


async def test_a_second_waiter_joins_without_asking_the_agent_again(
    agent: ScriptedAgent, stage: Stage
) -> None:
    finish = anyio.Event()
    agent.on(STREAM, stream(WORKING, finish, *CHUNKS, moved("completed")))
    views: list[TaskView] = []

    async def wait(agent_name: str | None) -> None:
        views.append(await stage.follow(task_id="t1", agent=agent_name))

    await stage.send(wait_seconds=0.2)
    async with anyio.create_task_group() as group:
        group.start_soon(wait, None)
        group.start_soon(wait, None)
        finish.set()
    assert [view.text for view in views] == ["one two three"] * 2
    assert [update.text for update in views[0].updates][:4] == ["on it", "one ", "two ", "three"]
    assert views[0].updates == views[1].updates
    assert len(agent.requests) == 2  # the card and the stream


async def test_a_waiter_who_names_the_agent_hears_the_same(
    agent: ScriptedAgent, stage: Stage
) -> None:
    finish = anyio.Event()
    agent.on(STREAM, stream(WORKING, finish, *CHUNKS, moved("completed")))
    agent.on(GET, result(task("working", "on it")))
    await stage.send(wait_seconds=0.2)
    async with anyio.create_task_group() as group:

        async def wait() -> None:
            view = await stage.follow(task_id="t1", agent="it", wait_seconds=1.5)
            assert view.text == "one two three"
            assert "two " in [update.text for update in view.updates]

        group.start_soon(wait)
        finish.set()
    assert not agent.calls(SUBSCRIBE)


async def test_what_a_reader_finds_out_ends_the_wait_of_others(
    agent: ScriptedAgent, stage: Stage
) -> None:
    agent.on(STREAM, stream(WORKING, anyio.Event()))
    agent.on(GET, result(done("read by another")))
    await stage.send(wait_seconds=0.2)
    async with anyio.create_task_group() as group:

        async def wait() -> None:
            with anyio.fail_after(2):
                assert (await stage.follow(task_id="t1")).text == "read by another"

        group.start_soon(wait)
        await stage.bridge.get(ME, "t1", None)


async def test_a_read_beside_a_stream_tells_no_piece_twice(
    agent: ScriptedAgent, stage: Stage
) -> None:
    """The agent keeps a piece a moment before its stream tells of it."""
    go_on = anyio.Event()
    agent.on(STREAM, stream(WORKING, CHUNKS[0], go_on, *CHUNKS[1:], moved("completed")))
    agent.on(GET, result(task("working", artifacts=[artifact("one ", "two ")])))
    await stage.send(wait_seconds=0.2)
    assert (await stage.bridge.get(ME, "t1", None)).text == "one two "
    go_on.set()
    view = await stage.follow(task_id="t1")
    assert (view.state, view.text) == (TaskState.COMPLETED, "one two three")


async def test_what_a_stream_tells_after_its_end_was_read_is_in_it_already(
    agent: ScriptedAgent, stage: Stage
) -> None:
    go_on = anyio.Event()
    agent.on(STREAM, stream(WORKING, *CHUNKS[:2], go_on, CHUNKS[2], moved("completed")))
    agent.on(GET, result(WHOLE), error(-32001, "gone"))
    await stage.send(wait_seconds=0.2)
    await stage.bridge.get(ME, "t1", None)
    go_on.set()

    async def is_read_to_the_end() -> bool:
        return "not know this task" in ((await stage.bridge.get(ME, "t1", None)).note or "")

    await until(is_read_to_the_end)
    assert (await stage.bridge.get(ME, "t1", None)).text == "one two three"


# --- updates ---


async def test_updates_are_the_pieces_in_order(agent: ScriptedAgent, stage: Stage) -> None:
    agent.on(STREAM, stream(WORKING, *CHUNKS, moved("completed")))
    view = await stage.follow(text="hello")
    assert [(update.state, update.text) for update in view.updates][:4] == [
        ("working", "on it"),
        ("working", "one "),
        ("working", "two "),
        ("working", "three"),
    ]
    assert view.text == "one two three"


async def test_pieces_that_are_alike_are_all_updates(agent: ScriptedAgent, stage: Stage) -> None:
    laugh = [piece("ha ", append=n > 0) for n in range(3)]
    agent.on(STREAM, stream(WORKING, *laugh, moved("completed")))
    view = await stage.follow(text="joke")
    assert [update.text for update in view.updates].count("ha ") == 3


async def test_line_ends_of_pieces_are_kept_so_that_they_join(
    agent: ScriptedAgent, stage: Stage
) -> None:
    lines = [piece("a\n"), piece("\n", append=True), piece("b", append=True)]
    agent.on(STREAM, stream({"task": task("working")}, *lines, moved("completed")))
    view = await stage.follow(text="lines")
    assert "".join(update.text for update in view.updates) == "a\n\nb"


async def test_a_burst_of_updates_is_told_in_order_without_gaps(
    agent: ScriptedAgent, stage: Stage
) -> None:
    burst = "".join(
        f"data: {json.dumps({'result': moved('working', f'step {n}'), 'jsonrpc': '2.0'})}\n\n"
        for n in range(300)
    )
    agent.on(STREAM, stream(burst.encode(), anyio.Event()))
    view = await stage.follow(text="go", max_updates=100, wait_seconds=1)
    numbers = [int(update.text.removeprefix("step ")) for update in view.updates]
    assert numbers == list(range(100))


async def test_updates_that_came_too_fast_for_a_slow_host_are_counted(
    agent: ScriptedAgent, stage: Stage
) -> None:
    more = anyio.Event()
    steps = [moved("working", f"step {n}") for n in range(400)]
    agent.on(STREAM, stream(WORKING, more, *steps, moved("completed")))

    async def slow(_: UpdateView) -> None:
        more.set()
        await until(lambda: is_in_state(stage, TaskState.COMPLETED))

    view = await stage.bridge.subscribe(ME, SendRequest("go", wait_seconds=5), 100, slow)
    assert "updates came too fast to be shown" in (view.note or "")
    assert view.state is TaskState.COMPLETED


async def test_who_comes_back_hears_the_task_as_it_is_and_then_only_what_is_new(
    agent: ScriptedAgent, stage: Stage
) -> None:
    more = anyio.Event()
    agent.on(STREAM, stream(WORKING, *CHUNKS[:2], more, CHUNKS[2], moved("completed")))
    first = await stage.follow(text="hello", max_updates=3)
    assert [update.text for update in first.updates] == ["on it", "one ", "two "]
    again = await stage.follow(task_id="t1", max_updates=2)
    assert [update.text for update in again.updates] == ["on it", "one two "]
    more.set()
    last = await stage.follow(task_id="t1")
    assert [update.text for update in last.updates] == ["on it", "one two ", "three", ""]
    assert (last.text, len(agent.requests)) == ("one two three", 2)


@pytest.mark.parametrize("code", [-32602, -32004, -32001, -32601])
async def test_a_task_that_ends_while_it_is_attached_to_is_answered_by_reading(
    code: int, agent: ScriptedAgent, stage: Stage
) -> None:
    agent.on(GET, result(task("working")), result(done("ended meanwhile")))
    agent.on(SUBSCRIBE, error(code, "Task is in a terminal state"))
    view = await stage.follow(task_id="t1", agent="it")
    assert (view.state, view.text) == (TaskState.COMPLETED, "ended meanwhile")
    assert not view.failed


async def test_a_subscription_that_stays_silent_is_read_beside(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    agent.on(GET, result(task("working")), result(done("found by reading")))
    agent.on(SUBSCRIBE, stream(b": ping\n\n", anyio.Event()))
    config = configured(it={"url": agent.url, "limits": {"idle_seconds": 0.3}})
    async with staged(config, tmp_path / "other") as stage:
        view = await stage.follow(task_id="t1", agent="it")
    assert view.text == "found by reading"


async def test_enough_updates_end_the_wait_and_not_the_work(
    agent: ScriptedAgent, stage: Stage
) -> None:
    finish = anyio.Event()
    agent.on(STREAM, stream(WORKING, *CHUNKS, finish, moved("completed")))
    view = await stage.follow(text="hello", max_updates=2)
    assert [update.text for update in view.updates] == ["on it", "one "]
    assert not view.state or view.state is TaskState.WORKING
    finish.set()
    await until(lambda: is_in_state(stage, TaskState.COMPLETED))


# --- a task that runs already ---


async def test_a_1_0_agent_is_subscribed_to_and_its_snapshot_comes_first(
    agent: ScriptedAgent, stage: Stage
) -> None:
    agent.on(GET, result(task("working", "on it")))
    agent.on(SUBSCRIBE, stream(WORKING, piece("live"), moved("completed")))
    view = await stage.follow(task_id="t1", agent="it")
    assert (view.state, view.text) == (TaskState.COMPLETED, "live")
    assert len(agent.calls(SUBSCRIBE)) == 1


@pytest.mark.parametrize(
    "refusal",
    [
        error(-32004, "no"),
        http(500, b"", "text/plain"),
        cut,
        stream(),
        stream(b"data: garbage\n\n"),
    ],
    ids=["-32004", "500", "cut", "empty", "garbage"],
)
async def test_where_subscribing_fails_the_task_is_polled(
    refusal: Reply, agent: ScriptedAgent, stage: Stage
) -> None:
    agent.on(GET, result(task("working")), result(done("polled")))
    agent.on(SUBSCRIBE, refusal)
    assert (await stage.follow(task_id="t1", agent="it")).text == "polled"


async def test_an_agent_below_1_0_is_never_subscribed_to(
    agent: ScriptedAgent, stage: Stage
) -> None:
    old = card(agent.url, supportedInterfaces=[interface(agent.url, "0.3")])
    agent.on(CARD, document({**old, "capabilities": {"streaming": True}}))
    agent.on("tasks/get", result(task("working")), result(done("polled")))
    assert (await stage.follow(task_id="t1", agent="it")).text == "polled"
    assert {request.call for request in agent.requests} == {CARD, "tasks/get"}


async def test_a_task_that_has_ended_is_not_subscribed_to(
    agent: ScriptedAgent, stage: Stage
) -> None:
    agent.on(GET, result(done("long ago")))
    view = await stage.follow(task_id="t1", agent="it")
    assert (view.state, view.text) == (TaskState.COMPLETED, "long ago")
    assert not agent.calls(SUBSCRIBE)


# --- faults ---

HICCUPS: dict[str, Reply] = {
    "cut": cut,
    "500": http(500, b"oops", "text/plain"),
    "503": http(503, b"", "text/html"),
    "429": http(429, b"", "text/plain", retry_after="0"),
    "HTML": http(200, b"<html>", "text/html"),
    "broken JSON": http(200, b"{"),
    "-32603": error(-32603, "internal"),
}


@pytest.mark.parametrize("hiccup", HICCUPS)
async def test_a_hiccup_while_reading_does_not_end_the_following(
    hiccup: str, plain: ScriptedAgent, stage: Stage
) -> None:
    plain.on(SEND, result({"task": task("working")}))
    plain.on(GET, HICCUPS[hiccup], result(done("all the same")))
    assert (await stage.send()).text == "all the same"


async def test_a_task_the_agent_has_forgotten_ends_the_following(
    plain: ScriptedAgent, stage: Stage
) -> None:
    plain.on(SEND, result({"task": task("working", "on it")}))
    plain.on(GET, error(-32001, "Task not found"))
    with anyio.fail_after(4):
        view = await stage.send()
    assert view.state is TaskState.WORKING
    assert "Contact with the agent was lost" in (view.note or "")
    assert len(plain.calls(GET)) == 1


GARBAGE: dict[str, Reply] = {
    "null": result(None),
    "a number": result(3),
    "a list": result([1, 2]),
    "a deep one": http(200, b'{"jsonrpc":"2.0","result":' + b'{"a":' * 5000 + b"1" + b"}" * 5001),
    "a task without an id": result({"task": {"status": {"state": "working"}}}),
    "a long id": result({"task": task("working", task_id="i" * 600)}),
    "a lone surrogate as id": result({"task": task("completed", task_id="\ud800")}),
    "a NUL as id": result({"task": task("completed", task_id="a\0b")}),
    "a number as id": result({"task": {"id": 7, "status": {"state": 3}}}),
    "a long context": result({"task": {**done("x"), "contextId": "c" * 600}}),
    "a strange context": result({"task": {**done("x"), "contextId": {"a": 1}}}),
    "a strange status": result({"task": {"id": "t1", "status": [1]}}),
    "strange parts": result({"task": {**done("x"), "artifacts": [{"parts": {"x": 1}}, 5, None]}}),
    "infinite": http(200, b'{"jsonrpc":"2.0","result":{"id":"t1","status":{"state":1e999}}}'),
    "latin-1": http(200, b'{"jsonrpc":"2.0","result":{"id":"\xe9"}}'),
    "gzip": http(200, b"\x1f\x8b\x08", content_encoding="gzip"),
    "no length": lambda _: [b"HTTP/1.1 200 OK\r\n\r\n", CUT],
    "a lie about the length": lambda _: [b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n", CUT],
    "a stream of NUL": stream(b"\0" * 1000),
    "a stream of errors": stream(b'data: {"error": 5}\n\n', b'data: {"error": {}}\n\n'),
    "a stream of lists": stream(b"data: []\n\n", b"data: [[[[]]]]\n\n"),
    "a stream of a long id": stream(moved("working", task_id="i" * 600)),
    "a huge header": http(200, b"{}", x="y" * 100_000),
}


@pytest.mark.parametrize("streaming", [False, True], ids=["plain", "stream"])
async def test_no_garbage_ends_the_following_of_another_task(
    streaming: bool, agent: ScriptedAgent, tmp_path: Path
) -> None:
    finish = anyio.Event()
    async with scripted() as healthy:
        healthy.on(CARD, document(card(healthy.url, streaming=True)))
        healthy.on(
            STREAM,
            stream(
                {"task": task("working", task_id="healthy")},
                finish,
                piece("unharmed", task_id="healthy"),
                moved("completed", task_id="healthy"),
            ),
        )
        agent.on(CARD, document(card(agent.url, streaming=streaming)))
        config = configured(bad=agent.url, good=healthy.url)
        async with staged(config, tmp_path / "other") as stage:
            await stage.send(agent="good", wait_seconds=0.3)
            for name, reply in GARBAGE.items():
                agent.on(STREAM if streaming else SEND, reply)
                with suppress(A2AError):
                    view = await stage.send(name, agent="bad", wait_seconds=0.2)
                    assert view.agent == "bad"
            finish.set()
            assert (await stage.follow(task_id="healthy")).text == "unharmed"


async def test_a_fault_of_ours_in_one_following_is_written_down_and_does_not_end_another(
    agent: ScriptedAgent, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken() -> SecretStr:
        raise RuntimeError("a mistake in this bridge")

    finish = anyio.Event()
    agent.on(STREAM, stream(WORKING, finish, piece("unharmed"), moved("completed")))
    bad = {"url": agent.url, "card": card(agent.url), "auth": Bearer(broken)}
    config = configured(good=agent.url, bad=bad)
    async with staged(config, tmp_path / "other") as stage:
        await stage.send(agent="good", wait_seconds=0.2)
        with pytest.raises(A2AError):
            await stage.send(agent="bad")
        finish.set()
        assert (await stage.follow(task_id="t1")).text == "unharmed"
        records, _ = await stage.tasks.list(ME, agent="bad")
        assert [record.state for record in records] == [TaskState.UNKNOWN]
    assert "a mistake in this bridge" in caplog.text


async def test_each_failure_is_told_in_words_and_never_as_a_fault_of_the_bridge(
    agent: ScriptedAgent, stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    agent.on(CARD, document(card(agent.url)))
    for name, reply in GARBAGE.items():
        agent.on(SEND, reply)
        agent.on(GET, result(done("x")))
        with suppress(A2AError):
            await stage.send(name, wait_seconds=0.1)
    assert "following a task of it failed" not in caplog.text


async def test_a_poll_waits_longer_each_time(plain: ScriptedAgent, stage: Stage) -> None:
    plain.on(SEND, result({"task": task("working")}))
    plain.on(GET, result(task("working")))
    await stage.send(wait_seconds=FIRST_POLL * 10)
    assert 2 <= len(plain.calls(GET)) <= 5
