"""A question that is seen again after its answer: the old one still, or asked once more."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any

import anyio
import pytest
from followed import asked
from scripted import (
    GET,
    SEND,
    STREAM,
    SUBSCRIBE,
    Reply,
    Request,
    ScriptedAgent,
    Step,
    done,
    error,
    moved,
    result,
    stream,
    task,
)
from staging import ME, Stage, configured, staged

from a2a_mcp.a2a.model import TaskState
from a2a_mcp.tracking.polling import Polling

pytestmark = pytest.mark.anyio

LONG = 15.0
WORKING = result(task("working"))


def stamping(*, sent: bool = False) -> Reply:
    """Answer with the question, whose id and time stamp are made at each read."""
    number = count(1)

    def reply(request: Any) -> Any:
        asks = task("input-required", "Which?")
        asks["status"]["message"]["messageId"] = f"m{next(number)}"
        asks["status"]["timestamp"] = f"2026-11-21T10:00:{next(number):02}Z"
        return result({"task": asks} if sent else asks)(request)

    return reply


async def test_a_question_that_is_only_stamped_again_is_not_the_answer(
    plain: ScriptedAgent, stage: Stage
) -> None:
    await asked(plain, stage)
    plain.on(SEND, stamping(sent=True))
    plain.on(GET, *[stamping()] * 3, result(done("Sunny.")))
    view = await stage.follow(text="Berlin", task_id="t1")
    assert (view.state, view.text) == (TaskState.COMPLETED, "Sunny.")
    assert "Which?" not in str(view.updates)


async def test_an_answered_question_is_not_a_new_one_though_its_agent_was_too_slow_to_show_it(
    plain: ScriptedAgent, tmp_path: Path
) -> None:
    shows, sent = anyio.Event(), anyio.Event()
    config, seldom = configured(it=plain.url), Polling(first_delay=3600.0)
    async with staged(config, tmp_path, polling=seldom) as stage:
        asks = await asked(plain, stage)

        def taken(request: Request) -> list[Step]:
            sent.set()
            return result({"task": asks})(request)

        plain.on(GET, lambda request: [shows, *result(asks)(request)])
        plain.on(SEND, taken)
        await stage.send("Berlin", task_id="t1", wait_seconds=0)
        shows.set()
        await sent.wait()
        view = await stage.bridge.get(ME, "t1", None)
    assert (view.state, view.text) == (TaskState.WORKING, "")
    assert "do not send it again" in (view.next_step or "")


@pytest.mark.parametrize("again", [result(task("input-required", "Which?")), stamping()])
async def test_the_same_question_is_shown_when_the_agent_has_worked_in_between(
    plain: ScriptedAgent, stage: Stage, again: Reply
) -> None:
    asks = await asked(plain, stage)
    plain.on(SEND, result({"task": task("working")}))
    plain.on(GET, result(asks), again)
    view = await stage.send("Berlin", task_id="t1", wait_seconds=LONG)
    assert (view.state, view.text) == (TaskState.INPUT_REQUIRED, "Which?")


@pytest.mark.parametrize("stamps", [False, True], ids=["without stamps", "with new stamps"])
async def test_the_same_question_is_shown_when_it_stands_some_seconds_later(
    plain: ScriptedAgent, stage: Stage, stamps: bool
) -> None:
    asks = await asked(plain, stage)
    plain.on(SEND, stamping(sent=True) if stamps else result({"task": asks}))
    plain.on(GET, stamping() if stamps else result(asks))
    view = await stage.send("Berlin", task_id="t1", wait_seconds=LONG)
    assert (view.state, view.text, view.failed) == (TaskState.INPUT_REQUIRED, "Which?", False)
    assert len(plain.calls(GET)) >= 4  # one before the message, three after it
    read = await stage.bridge.get("local", "t1", None)
    assert (read.state, read.text) == (TaskState.INPUT_REQUIRED, "Which?")


async def test_the_same_question_on_a_stream_is_new_after_a_step(
    agent: ScriptedAgent, stage: Stage
) -> None:
    asks = task("input-required", "Which?")
    agent.on(STREAM, stream({"task": asks}))
    await stage.send()
    agent.on(GET, result(asks))
    agent.on(SEND, result({"task": asks}))
    agent.on(SUBSCRIBE, stream({"task": asks}, moved("working"), moved("input-required", "Which?")))
    view = await stage.follow(text="Berlin", task_id="t1", wait_seconds=LONG)
    assert (view.state, view.text) == (TaskState.INPUT_REQUIRED, "Which?")
    assert "Which?" not in str(view.updates)


async def test_a_new_task_that_ends_as_the_old_one_did_has_ended(
    agent: ScriptedAgent, stage: Stage
) -> None:
    """The old task has ended in another way than by a message of this process."""
    agent.on(STREAM, stream({"task": task("working")}), error(-32004, "no"))
    agent.on(SUBSCRIBE, error(-32004, "no"))
    agent.on(GET, result(task("working")))
    await stage.send(wait_seconds=0.05)
    agent.on(GET, result(task("completed", "Done.")))
    again = {"task": task("completed", "Done.", task_id="t2")}
    agent.on(STREAM, stream({"task": task("working", task_id="t2")}, again))
    view = await stage.follow(text="once more", task_id="t1")
    assert (view.state, view.text, view.task_id) == (TaskState.COMPLETED, "Done.", "t2")
    assert {update.state for update in view.updates} <= {"working", "completed"}


@pytest.mark.parametrize("live", [False, True], ids=["whole task alone", "and its status"])
async def test_the_same_question_on_a_stream_that_stays_open_is_read_some_seconds_later(
    agent: ScriptedAgent, stage: Stage, live: bool
) -> None:
    """a2a-sdk 1.x keeps a subscription open at a question, and says nothing more on it."""
    asks = task("input-required", "Which?")
    agent.on(STREAM, stream({"task": asks}))
    await stage.send()
    agent.on(GET, stamping())
    agent.on(SEND, stamping(sent=True))
    said = [moved("input-required", "Which?")] if live else []
    agent.on(SUBSCRIBE, stream({"task": asks}, *said, anyio.Event()))
    view = await stage.send("Berlin", task_id="t1", wait_seconds=LONG)
    assert (view.state, view.text) == (TaskState.INPUT_REQUIRED, "Which?")
    assert len(agent.calls(GET)) == 2  # one before the message, one beside the stream
