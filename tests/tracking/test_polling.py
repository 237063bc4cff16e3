"""A task read again and again until it stops."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest
from followed import CHUNKS, LATE, WHOLE, WORKING, asked, state_in_the_map
from scripted import (
    CARD,
    CUT,
    GET,
    SEND,
    STREAM,
    SUBSCRIBE,
    Reply,
    Request,
    ScriptedAgent,
    Step,
    card,
    cut,
    document,
    done,
    error,
    http,
    interface,
    moved,
    result,
    status,
    stream,
    task,
)
from staging import FIRST_POLL, ME, Stage, configured, staged

from a2a_mcp.a2a.model import TaskState
from a2a_mcp.tracking import tracked_task
from a2a_mcp.tracking.polling import Polling

pytestmark = pytest.mark.anyio

HICCUPS: dict[str, Reply] = {
    "cut": cut,
    "500": http(500, b"oops", "text/plain"),
    "503": http(503, b"", "text/html"),
    "429": http(429, b"", "text/plain", retry_after="0"),
    "HTML": http(200, b"<html>", "text/html"),
    "broken JSON": http(200, b"{"),
    "-32603": error(-32603, "internal"),
}


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


async def test_a_task_that_has_ended_does_not_run_again(plain: ScriptedAgent, stage: Stage) -> None:
    plain.on(SEND, result({"task": done("the answer")}))
    plain.on(GET, result(task("working")))
    await stage.send()
    assert await state_in_the_map(stage) is TaskState.COMPLETED
    await stage.bridge.get(ME, "t1", None)
    assert await state_in_the_map(stage) is TaskState.COMPLETED


async def test_the_old_question_is_not_the_answer(plain: ScriptedAgent, stage: Stage) -> None:
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


async def test_the_wait_ends_when_the_agent_answers_with_an_error_and_its_task_does_not_move(
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


async def test_the_wait_goes_on_when_a_gateway_times_out(
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


async def test_the_budget_ends_the_wait_when_only_the_old_question_comes(
    plain: ScriptedAgent, stage: Stage
) -> None:
    asks = await asked(plain, stage)
    asks["status"]["timestamp"] = "2026-11-21T10:00:00Z"
    plain.on(GET, result(asks))
    plain.on(SEND, result({"task": asks}))
    with anyio.fail_after(0.7 + LATE):
        view = await stage.send("Berlin", task_id="t1", wait_seconds=0.7)
    assert view.task_id == "t1"
    assert view.state is TaskState.WORKING  # to show the old question would ask for a second answer
    assert "do not send" in (view.next_step or "")
    assert len(plain.sends()) == 2


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


@pytest.mark.parametrize("hiccup", HICCUPS)
async def test_one_failed_read_does_not_end_the_polling(
    hiccup: str, plain: ScriptedAgent, stage: Stage
) -> None:
    plain.on(SEND, result({"task": task("working")}))
    plain.on(GET, HICCUPS[hiccup], result(done("all the same")))
    assert (await stage.send()).text == "all the same"


async def test_polling_ends_when_the_agent_does_not_know_the_task(
    plain: ScriptedAgent, stage: Stage
) -> None:
    plain.on(SEND, result({"task": task("working", "on it")}))
    plain.on(GET, error(-32001, "Task not found"))
    with anyio.fail_after(4):
        view = await stage.send()
    assert view.state is TaskState.WORKING
    assert "Contact with the agent was lost" in (view.note or "")
    assert len(plain.calls(GET)) == 1


async def test_a_poll_waits_longer_each_time(plain: ScriptedAgent, stage: Stage) -> None:
    plain.on(SEND, result({"task": task("working")}))
    plain.on(GET, result(task("working")))
    await stage.send(wait_seconds=FIRST_POLL * 10)
    assert 2 <= len(plain.calls(GET)) <= 5


async def test_a_stop_that_another_process_has_seen_ends_the_pause(
    plain: ScriptedAgent, tmp_path: Path
) -> None:
    plain.on(SEND, result({"task": task("working")}))
    plain.on(GET, result(done("polled")))
    config = configured(it=plain.url)
    async with staged(config, tmp_path, polling=Polling(first_delay=3600.0)) as stage:
        sent = await stage.send(wait_seconds=0.0)
        (record,) = await stage.tasks.find(ME, sent.task_id or "")
        stage.tracker.stopped_elsewhere(record.key + 1)
        stage.tracker.stopped_elsewhere(record.key)
        seen = await stage.follow(task_id=sent.task_id)
    assert (seen.text, len(plain.calls(GET))) == ("polled", 1)


async def test_a_call_that_waits_shortens_the_pause(
    plain: ScriptedAgent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracked_task, "AWAITED_SECONDS", 0.1)
    plain.on(SEND, result({"task": task("working")}))
    plain.on(GET, result(task("working")), result(done("polled")))
    config = configured(it=plain.url)
    async with staged(config, tmp_path, polling=Polling(first_delay=3600.0)) as stage:
        sent = await stage.send(wait_seconds=0.0)
        seen = await stage.follow(task_id=sent.task_id)
    assert (seen.text, len(plain.calls(GET))) == ("polled", 2)


def test_the_pause_grows_to_the_longest_and_varies_a_little() -> None:
    policy = Polling(first_delay=1.0, growth=2.0, longest_delay=5.0)
    for delay, wanted in zip(policy.delays(), (1.0, 2.0, 4.0, 5.0, 5.0), strict=False):
        assert 0.8 * wanted <= delay <= 1.2 * wanted


async def test_a_task_that_cannot_be_read_many_times_is_given_up(
    plain: ScriptedAgent, stage: Stage
) -> None:
    plain.on(SEND, result({"task": task("working", "on it")}))
    plain.on(GET, http(503, b"", "text/html"))
    view = await stage.send()
    assert view.state is TaskState.WORKING
    assert "Contact with the agent was lost" in (view.note or "")
    assert len(plain.calls(GET)) == Polling().failures


async def test_reads_that_fail_now_and_then_do_not_add_up(
    plain: ScriptedAgent, tmp_path: Path
) -> None:
    fails, runs = http(503, b"", "text/html"), result(task("working"))
    plain.on(SEND, result({"task": task("working")}))
    plain.on(GET, fails, runs, fails, runs, fails, result(done("polled")))
    policy = Polling(first_delay=0.01, growth=1.0, failures=2)
    async with staged(configured(it=plain.url), tmp_path, polling=policy) as stage:
        view = await stage.send()
    assert (view.text, len(plain.calls(GET))) == ("polled", 6)
