"""The use cases as a caller sees them: with a real a2a-sdk agent, faults with a scripted one."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import anyio
import pytest
from real_agents import Agent, Agents
from scripted import (
    CANCEL,
    CARD,
    GET,
    SEND,
    STREAM,
    Request,
    ScriptedAgent,
    Step,
    artifact,
    card,
    document,
    done,
    error,
    http,
    later,
    result,
    scripted,
    silence,
    stream,
    task,
    words_of,
)
from staging import ME, Stage, configured, staged

from a2a_mcp.a2a.errors import A2AError, TaskNotFound
from a2a_mcp.a2a.model import Part, TaskState
from a2a_mcp.bridge.send import SendRequest
from a2a_mcp.errors import BridgeError, NotAllowed, UnknownTask
from a2a_mcp.presentation.task_view import UpdateView

pytestmark = pytest.mark.anyio

SOMEONE = "token:someone"


@pytest.fixture
def real(running_agent: Agents) -> Agent:
    return running_agent("1.3-jsonrpc")


@pytest.fixture
async def stage(real: Agent, tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(configured(real=real.url), tmp_path) as opened:
        yield opened


@pytest.fixture
async def agent() -> AsyncIterator[ScriptedAgent]:
    async with scripted() as running:
        running.on(SEND, result({"task": task("working")}))
        running.on(GET, result(task("working")))
        yield running


@pytest.fixture
async def scene(agent: ScriptedAgent, tmp_path: Path) -> AsyncIterator[Stage]:
    """A bridge over the scripted agent."""
    async with staged(configured(it=agent.url), tmp_path / "scene") as opened:
        yield opened


# --- sending ---


async def test_a_message_reply_is_the_answer(stage: Stage) -> None:
    view = await stage.send("echo hello")
    assert (view.agent, view.state, view.text) == ("real", TaskState.COMPLETED, "echo: hello")
    assert view.task_id is None
    assert view.context_id


async def test_a_task_is_answered_with_its_result_and_ids(stage: Stage) -> None:
    view = await stage.send("task hello")
    assert (view.state, view.text) == (TaskState.COMPLETED, "task: hello")
    assert view.task_id
    assert view.context_id
    assert [shown.artifact_id for shown in view.artifacts] == ["answer"]


async def test_streamed_chunks_become_one_text(stage: Stage) -> None:
    assert (await stage.send("stream 3 0")).text == "chunk1 chunk2 chunk3 "


@pytest.mark.parametrize(
    ("word", "state", "text"),
    [
        ("fail", TaskState.FAILED, "it broke"),
        ("reject", TaskState.REJECTED, "not something I do"),
        ("crash", TaskState.FAILED, "crashed while working"),
    ],
)
async def test_a_failure_is_an_error_with_the_agents_words(
    word: str, state: TaskState, text: str, stage: Stage
) -> None:
    view = await stage.send(word)
    assert view.failed
    assert view.state is state
    assert text in view.text


async def test_an_agent_that_breaks_before_any_word_is_an_error(stage: Stage) -> None:
    """Its error names no task; the one that a2a-sdk 1.3 has stored is found by its message."""
    view = await stage.send("raise")
    assert (view.failed, view.state) == (True, TaskState.FAILED)
    assert "raised before any event" in view.text
    assert view.task_id


async def test_data_files_and_metadata_arrive(stage: Stage) -> None:
    parts = (
        Part(kind="data", data={"rows": [1, 2.5, None]}, metadata={"id": "x"}),
        Part(kind="raw", raw=b"\x00\xff", filename="a.bin", media_type="application/x-a"),
        Part(kind="url", url="https://example.com/b.txt", filename="b.txt"),
    )
    view = await stage.send("meta", parts=parts, metadata={"trace": "t-1"})
    arrived = json.loads(view.text)
    assert arrived["data"] == [{"data": {"rows": [1, 2.5, None]}, "metadata": {"id": "x"}}]
    assert [(file["name"], file["bytes"], file["url"]) for file in arrived["files"]] == [
        ("a.bin", "AP8=", ""),
        ("b.txt", "", "https://example.com/b.txt"),
    ]
    assert arrived["metadata"] == {"trace": "t-1"}


async def test_data_without_words_goes_out_alone(stage: Stage) -> None:
    view = await stage.send("", parts=(Part(kind="data", data=[1]),))
    assert json.loads(view.text)["texts"] == []


async def test_any_script_arrives_unchanged(stage: Stage) -> None:
    words = "é日本👩\u200d👧\u2028\n\tend"
    assert (await stage.send(f"echo {words}")).text == f"echo: {words}"


async def test_progress_is_told_in_the_agents_words(stage: Stage) -> None:
    told: list[UpdateView] = []

    async def notice(update: UpdateView) -> None:
        told.append(update)

    await stage.bridge.send(ME, SendRequest("stream 3 0.05", wait_seconds=5), notice)
    assert [update.text for update in told if update.text][:3] == ["chunk1 ", "chunk2 ", "chunk3 "]


async def test_work_that_outlasts_the_budget_is_found_again(stage: Stage) -> None:
    view = await stage.send("slow 1", wait_seconds=0.3)
    assert view.state is TaskState.WORKING
    assert "do not send the message again" in (view.next_step or "")
    followed = await stage.follow(task_id=view.task_id)
    assert (followed.state, followed.text) == (TaskState.COMPLETED, "slow done")
    assert (await stage.bridge.get(ME, view.task_id or "", None)).text == "slow done"


# --- following up ---


async def test_an_answer_goes_to_the_task_that_asked(real: Agent, stage: Stage) -> None:
    asked = await stage.send("input")
    assert (asked.state, asked.text) == (TaskState.INPUT_REQUIRED, "Which city?")
    answered = await stage.send("Berlin", task_id=asked.task_id)
    assert (answered.state, answered.text) == (TaskState.COMPLETED, "got: Berlin")
    assert answered.task_id == asked.task_id
    assert answered.note is None
    assert sum(entry["task_id"] == asked.task_id for entry in real.log()) == 2


async def test_a_finished_task_is_followed_by_a_new_one_that_refers_to_it(stage: Stage) -> None:
    first = await stage.send("task one")
    second = await stage.send("meta", task_id=first.task_id)
    arrived = json.loads(second.text)
    assert second.task_id != first.task_id
    assert second.context_id == first.context_id
    assert arrived["reference_task_ids"] == [first.task_id]
    assert first.task_id in (second.note or "")


async def test_a_task_that_ended_unseen_is_followed_by_a_new_one(stage: Stage) -> None:
    first = await stage.send("slow 0.6", wait_seconds=0.2)
    await stage.follow(task_id=first.task_id)
    second = await stage.send("task two", task_id=first.task_id)
    assert second.task_id != first.task_id
    assert second.text == "task: two"


async def test_a_running_task_gets_the_message(agent: ScriptedAgent, scene: Stage) -> None:
    await scene.send(wait_seconds=0.5)
    agent.on(SEND, result({"task": done("taken")}))
    view = await scene.send("more", task_id="t1")
    assert view.text == "taken"
    message = agent.sends()[-1].message
    assert (message["taskId"], message["contextId"]) == ("t1", "c1")


async def test_a_running_task_that_refuses_the_message_shows_how_it_is_now(
    agent: ScriptedAgent, scene: Stage
) -> None:
    await scene.send(wait_seconds=0.5)
    agent.on(SEND, error(-32602, "the task is busy"))
    agent.on(GET, result(task("working", "still at it")))
    view = await scene.send("more", task_id="t1", wait_seconds=1)
    assert view.failed
    assert (view.task_id, view.state, view.text) == ("t1", TaskState.WORKING, "still at it")
    assert "the task is busy" in (view.note or view.error or "")
    assert len(agent.sends()) == 2


async def test_a_message_to_a_running_task_says_whose_it_is_while_nothing_is_heard(
    agent: ScriptedAgent, scene: Stage
) -> None:
    await scene.send(wait_seconds=0.5)
    agent.on(SEND, silence)
    agent.on(GET, result(task("working")))
    view = await scene.send("more", task_id="t1", wait_seconds=0.5)
    assert "do not send it again" in (view.next_step or "")
    assert view.note == "The task t1 was at work already; the message went to it."


async def test_a_context_begins_a_new_task_in_the_same_conversation(stage: Stage) -> None:
    first = await stage.send("task one")
    second = await stage.send("meta", context_id=first.context_id)
    arrived = json.loads(second.text)
    assert arrived["context_id"] == first.context_id
    assert second.task_id != first.task_id
    assert second.note is None


async def test_a_context_of_a_message_reply_can_be_continued(stage: Stage) -> None:
    first = await stage.send("echo hi")
    second = await stage.send("meta", context_id=first.context_id)
    assert second.context_id == first.context_id


async def test_an_agent_that_answers_with_another_task_is_followed_there(
    agent: ScriptedAgent, scene: Stage
) -> None:
    agent.on(SEND, result({"task": task("input-required", "Which?")}))
    agent.on(GET, result(task("input-required", "Which?")))
    await scene.send()
    agent.on(SEND, result({"task": done("elsewhere", task_id="t2")}))
    view = await scene.send("Berlin", task_id="t1")
    assert (view.task_id, view.text) == ("t2", "elsewhere")
    agent.on(GET, result(done("elsewhere", task_id="t2")))
    assert (await scene.bridge.get(ME, "t2", None)).text == "elsewhere"


async def test_a_task_without_a_name_yet_takes_no_message(
    agent: ScriptedAgent, scene: Stage
) -> None:
    agent.on(SEND, silence)
    handle = (await scene.send(wait_seconds=0.1)).task_id
    with pytest.raises(NotAllowed):
        await scene.send("more", task_id=handle)
    assert len(agent.sends()) == 1


# --- reading ---


async def test_a_task_started_elsewhere_is_read_when_its_agent_is_named(
    real: Agent, stage: Stage, tmp_path: Path
) -> None:
    async with staged(configured(real=real.url), tmp_path / "elsewhere") as other:
        made = await other.send("task foreign")
    with pytest.raises(UnknownTask):
        await stage.bridge.get(ME, made.task_id or "", None)
    view = await stage.bridge.get(ME, made.task_id or "", "REAL")
    assert view.text == "task: foreign"
    assert (await stage.bridge.get(ME, made.task_id or "", None)).text == "task: foreign"


async def test_a_task_of_another_owner_is_not_adopted_and_looks_unknown(
    real: Agent, stage: Stage
) -> None:
    made = await stage.send("task secret", owner=SOMEONE)
    requests = len(real.requests())
    told = set()
    for task_id in (made.task_id or "", "no-such-task"):
        for act in (
            stage.bridge.get(ME, task_id, "real"),
            stage.bridge.cancel(ME, task_id, "real", None),
            stage.send("more", task_id=task_id, agent="real"),
            stage.follow(task_id=task_id, agent="real"),
        ):
            with pytest.raises(BridgeError) as caught:
                await act
            told.add(f"{caught.value.message} {caught.value.next_step}".replace(task_id, "ID"))
    assert len(told) == 1
    assert len(real.requests()) > requests  # the unknown one was looked up at the agent
    assert (await stage.bridge.get(SOMEONE, made.task_id or "", None)).text == "task: secret"


async def test_an_unknown_task_at_a_named_agent_is_unknown_not_an_error_of_the_agent(
    stage: Stage,
) -> None:
    with pytest.raises(UnknownTask) as caught:
        await stage.bridge.get(ME, "no-such-task", "real")
    assert caught.value.agent == "real"


async def test_a_task_the_agent_has_forgotten_is_said_so(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    agent.on(SEND, result({"task": done("x")}))
    async with staged(configured({"keep_days": 0}, it=agent.url), tmp_path) as scene:
        await scene.send()
        agent.on(GET, error(-32001, "Task not found"))
        with pytest.raises(TaskNotFound, match="Task not found; the bridge has kept no result"):
            await scene.bridge.get(ME, "t1", None)


@pytest.mark.parametrize("asked", [0, 1, 2])
async def test_at_most_the_messages_asked_for_are_shown(asked: int, stage: Stage) -> None:
    first = await stage.send("input")
    await stage.send("Berlin", task_id=first.task_id)
    view = await stage.bridge.get(ME, first.task_id or "", None, asked)
    shown = json.dumps(view.structured())
    assert ("Which city?" in shown or "Berlin" in shown.replace("got: Berlin", "")) == (asked > 0)
    if asked:
        assert "user" in view.prose() or "agent" in view.prose()


async def test_a_restart_forgets_no_task(real: Agent, tmp_path: Path) -> None:
    config = configured(real=real.url)
    async with staged(config, tmp_path / "kept") as before:
        asked = await before.send("input")
    async with staged(config, tmp_path / "kept") as after:
        answered = await after.send("Berlin", task_id=asked.task_id)
    assert answered.text == "got: Berlin"


async def test_a_restart_before_the_agent_named_a_task_is_admitted(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    agent.on(SEND, silence)
    config = configured(it=agent.url)
    async with staged(config, tmp_path / "kept") as before:
        handle = (await before.send(wait_seconds=0.1)).task_id or ""
    async with staged(config, tmp_path / "kept") as after:
        view = await after.bridge.get(ME, handle, None)
        assert view.failed
        assert view.state is TaskState.UNKNOWN
        assert "may have been carried out" in (view.error or "")
        with pytest.raises(BridgeError):
            await after.bridge.cancel(ME, handle, None, None)
    assert len(agent.sends()) == 1


@pytest.mark.parametrize("name", ["i" * 600, "\ud800"], ids=["long", "lone"])
async def test_an_agent_that_gives_a_useless_id_is_said_to_do_so(
    name: str, agent: ScriptedAgent, scene: Stage
) -> None:
    agent.on(GET, result(done("x", task_id=name)))
    with pytest.raises((A2AError, BridgeError)):
        await scene.bridge.get(ME, "t1", "it")


async def test_an_agent_that_gives_a_useless_context_does_not_hide_the_answer(
    agent: ScriptedAgent, scene: Stage
) -> None:
    agent.on(SEND, result({"task": {**done("the answer"), "contextId": "c" * 600}}))
    assert (await scene.send()).text == "the answer"


# --- cancelling ---


async def test_a_running_task_is_cancelled_and_the_agent_is_told_why(
    real: Agent, stage: Stage
) -> None:
    running = await stage.send("slow 20", wait_seconds=0.2)
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
    assert (view.state, view.text, view.failed) == (TaskState.COMPLETED, "task: x", False)
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


# --- several agents ---


async def test_one_dead_agent_delays_nobody(real: Agent, tmp_path: Path) -> None:
    async with scripted() as dead:
        dead.on(CARD, silence)
        config = configured(dead=dead.url, real=real.url)
        async with staged(config, tmp_path / "two") as stage, anyio.create_task_group() as group:

            async def wait_for_the_dead() -> None:
                await stage.send("hello", agent="dead", wait_seconds=15)

            group.start_soon(wait_for_the_dead)
            await dead.called(CARD)
            with anyio.fail_after(2):
                assert (await stage.send("echo hi", agent="real")).text == "echo: hi"
            group.cancel_scope.cancel()


async def test_fifty_calls_at_once_are_all_answered(stage: Stage) -> None:
    answers: list[str] = []

    async def ask(number: int) -> None:
        answers.append((await stage.send(f"echo {number}", wait_seconds=15)).text)

    async with anyio.create_task_group() as group:
        for number in range(50):
            group.start_soon(ask, number)
    assert sorted(answers) == sorted(f"echo: {number}" for number in range(50))


async def test_a_note_says_when_tasks_are_not_remembered(real: Agent, tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("not a folder")
    async with staged(configured(real=real.url), in_the_way) as stage:
        view = await stage.send("task x")
    assert view.text == "task: x"
    assert stage.tasks.problem
    assert stage.tasks.problem in (view.note or "")


async def test_only_this_tasks_results_are_shown(agent: ScriptedAgent, scene: Stage) -> None:
    agent.on(CARD, document(card(agent.url, streaming=True)))
    first: dict[str, Any] = done("one")
    agent.on(STREAM, stream({"task": first}))
    await scene.send()
    agent.on(STREAM, stream({"task": {**done("x", task_id="t2"), "artifacts": [artifact("two")]}}))
    assert (await scene.send(context_id="c1")).text == "two"
