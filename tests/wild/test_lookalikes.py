"""Agents with the habits of the frameworks in the wild: each shows its whole answer once."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from lookalikes import (
    ADK_CALL,
    AgentFramework,
    AgentStack,
    CrewAi,
    Cumulative,
    FastA2A,
    GoogleAdk,
    Js03,
    Kagenti,
    LangGraph,
    Mastra,
    Praison,
    PydanticAi,
    Strands,
    StrandsCompliant,
    refuse_all_but,
)
from mcp.types import ElicitRequestParams, ElicitResult
from scripted import scripted
from stacks import QUESTION, Stack
from staging import ME, Stage, configured, hosted, staged, until

from a2a_mcp.a2a.model import JSON, Part, TaskState
from a2a_mcp.errors import UnknownTask
from a2a_mcp.presentation.task_view import TaskView

pytestmark = pytest.mark.anyio

ALL: list[type[Stack]] = [
    LangGraph,
    GoogleAdk,
    Strands,
    StrandsCompliant,
    Mastra,
    AgentFramework,
    AgentStack,
    Kagenti,
    PydanticAi,
    FastA2A,
    Praison,
    CrewAi,
    Cumulative,
    Js03,
]
ASK_IN_TEXT = [LangGraph, Mastra, AgentFramework, AgentStack, Kagenti, PydanticAi, Js03]
CANCEL = [kind for kind in ALL if kind not in (PydanticAi, CrewAi)]
NAMED_EARLY = [kind for kind in ALL if kind is not CrewAi]  # a task without a name is lost
every = pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)


@asynccontextmanager
async def playing(
    kind: type[Stack], folder: Path, *, streaming: bool = True
) -> AsyncIterator[tuple[Stack, Stage]]:
    """Play a framework, and open a bridge on it."""
    async with scripted() as agent:
        stack = kind(agent)
        stack.streaming = streaming
        async with staged(configured(it=stack.configured), folder) as stage:
            yield stack, stage


async def read(stage: Stage, view: TaskView) -> TaskView:
    assert view.task_id
    return await stage.bridge.get(ME, view.task_id, None)


async def ended(stage: Stage, view: TaskView) -> TaskView:
    """Read a task until it has come to a stop."""
    seen = [view]

    async def at_a_stop() -> bool:
        seen.append(await read(stage, view))
        state = seen[-1].state
        return state is not None and state.stop

    await until(at_a_stop)
    return seen[-1]


def data(value: JSON, **metadata: JSON) -> dict[str, tuple[Part, ...]]:
    return {"parts": (Part(kind="data", data=value, metadata=metadata),)}


@every
@pytest.mark.parametrize("streaming", [True, False], ids=["streamed", "polled"])
async def test_an_answer_is_shown_once_and_whole(
    kind: type[Stack], streaming: bool, tmp_path: Path
) -> None:
    async with playing(kind, tmp_path, streaming=streaming) as (stack, stage):
        view = await stage.send("echo hi")
    assert (view.state, view.text) == (TaskState.COMPLETED, "echo: echo hi")
    assert stack.ran == ["echo hi"]


@every
async def test_an_answer_in_pieces_is_shown_once_and_whole(
    kind: type[Stack], tmp_path: Path
) -> None:
    async with playing(kind, tmp_path) as (stack, stage):
        view = await stage.send("stream it")
    assert (view.state, view.text) == (TaskState.COMPLETED, "one two three")
    assert stack.ran == ["stream it"]


@every
async def test_a_finished_task_read_again_shows_the_same_answer(
    kind: type[Stack], tmp_path: Path
) -> None:
    async with playing(kind, tmp_path) as (_, stage):
        view = await stage.send("stream it")
        again = await read(stage, view)
    assert (again.state, again.text) == (TaskState.COMPLETED, "one two three")


@every
async def test_slow_work_is_handed_back_and_its_answer_read_later(
    kind: type[Stack], tmp_path: Path
) -> None:
    async with playing(kind, tmp_path) as (stack, stage):
        view = await stage.send("slow it", wait_seconds=0.2)
        assert view.state in (TaskState.WORKING, TaskState.SUBMITTED)
        assert view.task_id
        # To close the stream would end the task on mastra, and freeze it on others.
        assert not stack.agent.sends()[0].left.is_set()
        stack.finish()
        late = await ended(stage, view)
    assert (late.state, late.text) == (TaskState.COMPLETED, "finally done")
    assert stack.ran == ["slow it"]


@pytest.mark.parametrize("kind", NAMED_EARLY, ids=lambda kind: kind.__name__)
async def test_slow_work_is_read_by_another_bridge_after_a_restart(
    kind: type[Stack], tmp_path: Path
) -> None:
    async with scripted() as agent:
        stack = kind(agent)
        config = configured(it=stack.configured)
        async with staged(config, tmp_path) as stage:
            view = await stage.send("slow it", wait_seconds=0.5)
        stack.finish()
        async with staged(config, tmp_path) as stage:
            late = await read(stage, view)
    assert (late.state, late.text) == (TaskState.COMPLETED, "finally done")


@pytest.mark.parametrize("kind", CANCEL, ids=lambda kind: kind.__name__)
async def test_a_running_task_is_cancelled_and_stays_so(kind: type[Stack], tmp_path: Path) -> None:
    async with playing(kind, tmp_path) as (_, stage):
        view = await stage.send("slow it", wait_seconds=0.2)
        assert view.task_id
        canceled = await stage.bridge.cancel(ME, view.task_id, None, None)
        again = await read(stage, view)
    assert (canceled.state, again.state) == (TaskState.CANCELED, TaskState.CANCELED)


async def test_a_cancel_that_is_ignored_is_not_reported_as_one(tmp_path: Path) -> None:
    async with playing(PydanticAi, tmp_path) as (stack, stage):
        view = await stage.send("slow it", wait_seconds=0.2)
        assert view.task_id
        after = await stage.bridge.cancel(ME, view.task_id, None, None)
        assert after.state is TaskState.WORKING
        assert "asked to cancel" in (after.note or "")
        stack.finish()
        late = await ended(stage, view)
    assert (late.state, late.text) == (TaskState.COMPLETED, "finally done")


@pytest.mark.parametrize("kind", ASK_IN_TEXT, ids=lambda kind: kind.__name__)
async def test_a_question_is_shown_once_and_answered_in_words(
    kind: type[Stack], tmp_path: Path
) -> None:
    async with playing(kind, tmp_path) as (stack, stage):
        asked = await stage.send("ask me")
        assert (asked.state, asked.text) == (TaskState.INPUT_REQUIRED, QUESTION)
        read_again = await read(stage, asked)
        assert (read_again.state, read_again.text) == (TaskState.INPUT_REQUIRED, QUESTION)
        view = await stage.send("blue", task_id=asked.task_id)
    assert (view.state, view.text) == (TaskState.COMPLETED, "got: blue")
    assert view.task_id == asked.task_id
    assert stack.ran == ["ask me", "blue"]


async def test_adk_is_asked_and_answered_in_data(tmp_path: Path) -> None:
    async with playing(GoogleAdk, tmp_path) as (_, stage):
        asked = await stage.send("ask me")
        assert asked.state is TaskState.INPUT_REQUIRED
        call, metadata = asked.text.splitlines()
        assert json.loads(call) == ADK_CALL
        marks = {"adk_type": "function_call", "adk_is_long_running": True}
        assert json.loads(metadata.removeprefix("metadata: ")) == marks
        assert "function_response" in (asked.next_step or "")
        response = {"id": "adk-1", "name": "ask_colour", "response": {"colour": "blue"}}
        view = await stage.send(
            "", task_id=asked.task_id, **data(response, adk_type="function_response")
        )
    assert (view.state, view.text) == (TaskState.COMPLETED, "got: blue")


@pytest.mark.parametrize("kind", [Strands, StrandsCompliant], ids=lambda kind: kind.__name__)
async def test_strands_takes_a_lone_data_part_as_an_answer(
    kind: type[Stack], tmp_path: Path
) -> None:
    response = {"interruptResponse": {"interruptId": "i-1", "response": "blue"}}
    async with playing(kind, tmp_path) as (_, stage):
        asked = await stage.send("ask me")
        assert asked.state is TaskState.INPUT_REQUIRED
        assert QUESTION in asked.text
        assert '"interruptId": "i-1"' in asked.text
        assert "interruptResponse" in (asked.next_step or "")
        view = await stage.send("", task_id=asked.task_id, **data(response))
    assert (view.state, view.text) == (TaskState.COMPLETED, "got: blue")


@pytest.mark.parametrize("kind", [GoogleAdk, Strands], ids=lambda kind: kind.__name__)
async def test_an_answer_in_words_that_is_refused_leaves_the_question_open(
    kind: type[Stack], tmp_path: Path
) -> None:
    async with playing(kind, tmp_path) as (stack, stage):
        asked = await stage.send("ask me")
        refused = await stage.send("blue", task_id=asked.task_id)
    assert refused.failed
    assert refused.state is TaskState.INPUT_REQUIRED
    assert refused.text == asked.text
    assert "did not take the message" in (refused.note or "")
    assert stack.ran == ["ask me"]


async def test_a_model_can_answer_adk_through_the_tool(tmp_path: Path) -> None:
    async with scripted() as agent:
        stack = GoogleAdk(agent)
        async with hosted(configured(it=stack.configured), tmp_path) as client:
            asked = await client.call_tool("send_task", {"message": "ask me"})
            assert asked.structured_content is not None
            response = {"id": "adk-1", "name": "ask_colour", "response": {"colour": "blue"}}
            part = {"data": response, "metadata": {"adk_type": "function_response"}}
            came = await client.call_tool(
                "send_task",
                {"message": "", "task_id": asked.structured_content["task_id"], "data": [part]},
            )
    assert came.structured_content is not None
    assert came.structured_content["text"] == "got: blue"


@pytest.mark.parametrize("kind", [GoogleAdk, Strands, LangGraph], ids=lambda kind: kind.__name__)
async def test_a_person_can_answer_who_wants_data_and_who_asks_in_an_artifact(
    kind: type[Stack], tmp_path: Path
) -> None:
    shown: list[str] = []

    async def person(_: Any, params: ElicitRequestParams) -> ElicitResult:
        shown.append(params.message)
        return ElicitResult(action="accept", content={"answer": "blue"})

    async with scripted() as agent:
        stack = kind(agent)
        config = configured(it={"url": stack.configured, "ask_user": True})
        async with hosted(config, tmp_path, elicitation_callback=person) as client:
            came = await client.call_tool("send_task", {"message": "ask me"})
    assert came.structured_content is not None
    assert came.structured_content["text"] == "got: blue"
    assert len(shown) == 1
    assert QUESTION in shown[0]
    assert len(stack.ran) == 2


async def test_langgraph_is_never_given_a_context_of_ours(tmp_path: Path) -> None:
    async with scripted() as agent:
        stack = LangGraph(agent)
        async with staged(configured(it=stack.configured), tmp_path) as stage:
            asked = await stage.send("ask me")
            await stage.send("blue", task_id=asked.task_id)
    first, second = agent.sends()
    assert "contextId" not in first.message
    assert second.message["contextId"] == LangGraph.context_id
    assert second.message["taskId"] == LangGraph.task_id


async def test_a_card_at_a_full_url_is_found_among_pages(tmp_path: Path) -> None:
    async with scripted() as agent:
        stack = Mastra(agent)
        refuse_all_but(agent, Mastra.card_call)
        async with staged(configured(it=stack.configured), tmp_path) as stage:
            view = await stage.send("echo hi")
    assert view.text == "echo: echo hi"


@pytest.mark.parametrize("streaming", [True, False], ids=["streamed", "polled"])
async def test_a_stack_trace_is_never_shown(streaming: bool, tmp_path: Path) -> None:
    async with scripted() as agent:
        stack = Mastra(agent)
        stack.streaming = streaming
        async with hosted(configured(it=stack.configured), tmp_path) as client:
            came = await client.call_tool("send_task", {"message": "raise"})
    shown = f"{came.content} {came.structured_content}"
    assert came.is_error
    assert "boom" in shown
    assert ".mastra" not in shown
    assert "stack" not in shown
    assert len(agent.sends()) == 1


async def test_a_failure_under_another_tasks_id_is_told(tmp_path: Path) -> None:
    async with playing(Js03, tmp_path) as (stack, stage):
        view = await stage.send("crash now")
    assert (view.state, view.text) == (TaskState.FAILED, "Agent execution error: boom")
    assert view.task_id == stack.task_id


@pytest.mark.parametrize("kind", [Praison, FastA2A], ids=lambda kind: kind.__name__)
async def test_the_task_that_an_agent_really_opened_is_named(
    kind: type[Stack], tmp_path: Path
) -> None:
    async with playing(kind, tmp_path) as (stack, stage):
        first = await stage.send("slow it", wait_seconds=0.2)
        stack.finish()
        await ended(stage, first)
        second = await stage.send("echo again", task_id=first.task_id)
        assert second.task_id == stack.task_id
        assert (second.state, second.text) == (TaskState.COMPLETED, "echo: echo again")
        again = await read(stage, second)
    assert again.text == "echo: echo again"


async def test_praison_opens_a_new_task_even_while_the_first_one_runs(tmp_path: Path) -> None:
    async with playing(Praison, tmp_path) as (_, stage):
        first = await stage.send("slow it", wait_seconds=0.2)
        second = await stage.send("echo again", task_id=first.task_id)
    assert first.task_id == "task-1"
    assert (second.task_id, second.text) == ("task-2", "echo: echo again")


async def test_praisons_word_for_an_unknown_task_is_understood(tmp_path: Path) -> None:
    async with playing(Praison, tmp_path) as (_, stage):
        first = await stage.send("echo one")
        await stage.send("echo two")
        seen = await read(stage, first)
        with pytest.raises(UnknownTask):
            await stage.bridge.get(ME, "task-0", "it")
    assert (seen.state, seen.text) == (TaskState.COMPLETED, "echo: echo one")
    assert "does not know this task any more" in (seen.note or "")


async def test_an_answer_that_never_names_a_task_gets_a_handle(tmp_path: Path) -> None:
    async with playing(CrewAi, tmp_path) as (stack, stage):
        view = await stage.send("slow it", wait_seconds=0.2)
        assert (view.task_id or "").startswith("pending-")
        stack.finish()
        late = await ended(stage, view)
    assert (late.task_id, late.text) == (CrewAi.task_id, "finally done")


@pytest.mark.parametrize(
    "kind", [LangGraph, GoogleAdk, Strands, PydanticAi], ids=lambda kind: kind.__name__
)
async def test_no_update_says_again_what_was_said(kind: type[Stack], tmp_path: Path) -> None:
    async with playing(kind, tmp_path) as (_, stage):
        view = await stage.follow(text="stream it")
    assert view.text == "one two three"
    assert "".join(update.text for update in view.updates).count("one") == 1
    assert "".join(update.text for update in view.updates).count("three") == 1


@pytest.mark.parametrize("kind", [Mastra, StrandsCompliant, Strands], ids=lambda it: it.__name__)
async def test_pieces_that_are_alike_are_all_kept(kind: type[Stack], tmp_path: Path) -> None:
    async with playing(kind, tmp_path) as (_, stage):
        view = await stage.follow(text="laugh at it")
    assert view.text == "hahaha"
    assert "".join(update.text for update in view.updates).strip() == "hahaha"
