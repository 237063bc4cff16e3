"""How a message is sent: what arrives, and to which task and conversation it goes."""

from __future__ import annotations

import json

import pytest
from real_agents import Agent
from real_agents.gate import Gate
from scripted import (
    GET,
    SEND,
    ScriptedAgent,
    done,
    error,
    result,
    silence,
    task,
)
from staging import ME, Stage

from a2a_mcp.a2a.model import Part, TaskState
from a2a_mcp.bridge.send import SendRequest
from a2a_mcp.errors import NotAllowed
from a2a_mcp.presentation.task_view import UpdateView

pytestmark = pytest.mark.anyio


# --- a new task ---


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


async def test_work_that_outlasts_the_budget_is_found_again(stage: Stage, gate: Gate) -> None:
    view = await stage.send(f"slow {gate}", wait_seconds=0.3)
    assert view.state is TaskState.WORKING
    assert "do not send the message again" in (view.next_step or "")
    gate.open()
    followed = await stage.follow(task_id=view.task_id)
    assert (followed.state, followed.text) == (TaskState.COMPLETED, "slow done")
    assert (await stage.bridge.get(ME, view.task_id or "", None)).text == "slow done"


# --- a task or conversation that goes on ---


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


async def test_a_task_that_ended_unseen_is_followed_by_a_new_one(stage: Stage, gate: Gate) -> None:
    first = await stage.send(f"slow {gate}", wait_seconds=0.2)
    gate.open()
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


@pytest.mark.parametrize(
    ("code", "said"), [(-32602, "did not take the message"), (-32603, "is not known")]
)
async def test_only_a_refusal_that_proves_it_is_said_to_be_one(
    code: int, said: str, agent: ScriptedAgent, scene: Stage
) -> None:
    await scene.send(wait_seconds=0.5)
    agent.on(SEND, error(code, "no"))
    view = await scene.send("more", task_id="t1", wait_seconds=1)
    assert view.failed
    assert said in f"{view.note} {view.next_step}"
    assert ("did not take" in (view.note or "")) == (code == -32602)


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
