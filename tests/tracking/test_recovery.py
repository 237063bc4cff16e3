"""Answers that are lost on the way, between the bridge and real agents: what became of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from proxy import Passage, Proxy, nothing, proxied, swallow
from real_agents import Agent, Agents
from scripted import (
    LIST,
    SEND,
    cut,
    done,
    error,
    http,
    result,
    scripted,
    task,
    words_of,
)
from staging import ME, Stage, configured, staged

from a2a_mcp.a2a.errors import A2AError, AgentUnreachable, Delivery
from a2a_mcp.a2a.model import TaskState
from a2a_mcp.bridge.list_tasks import TaskFilter
from a2a_mcp.errors import NotAllowed
from a2a_mcp.server.error_results import FailedCall, of_agent_error

pytestmark = pytest.mark.anyio

NEW = ["1.3-jsonrpc", "1.3-rest"]


def lose_all(passage: Passage) -> None:
    """Let everything but cards reach the agent, and nothing come back."""
    passage.swallowed = passage.request.verb == "POST" or "/tasks" in passage.request.target


@asynccontextmanager
async def behind(agent: Agent, folder: Path) -> AsyncIterator[tuple[Proxy, Stage]]:
    """Put a bridge behind a network that is sound until a test makes it faulty."""
    async with proxied(agent.url) as proxy, staged(configured(it=proxy.url), folder) as stage:
        yield proxy, stage


def executions(agent: Agent, words: str) -> int:
    return sum(entry["text"] == words for entry in agent.log())


@pytest.mark.parametrize("streaming", [True, False], ids=["streaming", "plain"])
@pytest.mark.parametrize("kind", NEW)
async def test_a_task_whose_answer_was_lost_is_found_and_followed_to_its_end(
    kind: str, streaming: bool, running_agent: Agents, tmp_path: Path
) -> None:
    agent = running_agent(kind, *([] if streaming else ["--no-streaming"]))
    words = f"task lost {tmp_path}"
    async with behind(agent, tmp_path) as (proxy, stage):
        proxy.fault = swallow
        view = await stage.send(words)
        assert (view.state, view.text) == (TaskState.COMPLETED, words.replace("task", "task:", 1))
        assert view.task_id
        assert proxy.sends() == 1
    assert executions(agent, words) == 1


@pytest.mark.parametrize("kind", ["0.3-jsonrpc", "0.3-rest"])
async def test_below_1_0_the_delivery_is_unknown_and_the_message_named(
    kind: str, running_agent: Agents, tmp_path: Path
) -> None:
    agent, words = running_agent(kind), f"task lost {tmp_path}"
    async with behind(agent, tmp_path) as (proxy, stage):
        proxy.fault = swallow
        with pytest.raises(AgentUnreachable) as caught:
            await stage.send(words)
        assert proxy.sends() == 1
    (told,) = (entry for entry in agent.log() if entry["text"] == words)
    assert caught.value.delivery is Delivery.UNKNOWN
    assert caught.value.message_id == told["message_id"]
    assert caught.value.handle is None
    told_to_model = of_agent_error(caught.value, FailedCall(agent="it", sent=True), str)
    assert "Try again" not in str(told_to_model.structured_content)


@pytest.mark.parametrize("kind", NEW)
async def test_an_agent_out_of_reach_leaves_a_handle_that_finds_the_task_when_it_is_back(
    kind: str, running_agent: Agents, tmp_path: Path
) -> None:
    agent, words = running_agent(kind), f"slow 0.3{len(str(tmp_path))}1"
    async with behind(agent, tmp_path) as (proxy, stage):
        proxy.fault = lose_all
        with pytest.raises(AgentUnreachable) as caught:
            await stage.send(words)
        handle = caught.value.handle or ""
        assert handle.startswith("pending-")
        proxy.fault = nothing
        view = await stage.follow(task_id=handle)
        assert (view.state, view.text) == (TaskState.COMPLETED, "slow done")
        again = await stage.bridge.get(ME, handle, None)
        assert again.task_id == view.task_id
        assert proxy.sends() == 1


async def test_an_answer_to_a_handle_looks_for_its_task_first_and_says_where_it_could_not(
    running_agent: Agents, tmp_path: Path
) -> None:
    async with behind(running_agent("1.3-jsonrpc"), tmp_path) as (proxy, stage):
        proxy.fault = lose_all
        with pytest.raises(AgentUnreachable) as caught:
            await stage.send("input")
        handle = caught.value.handle or ""
        with pytest.raises(AgentUnreachable) as caught:
            await stage.send("Oslo", task_id=handle)
        assert caught.value.delivery is Delivery.NEVER
        assert proxy.sends() == 1
        proxy.fault = nothing
        view = await stage.send("Oslo", task_id=handle)
        assert (view.state, view.text) == (TaskState.COMPLETED, "got: Oslo")


@pytest.mark.parametrize("kind", NEW)
@pytest.mark.parametrize("tool", ["get", "subscribe", "cancel"])
async def test_after_a_restart_a_handle_finds_its_task(
    tool: str, kind: str, running_agent: Agents, tmp_path: Path
) -> None:
    agent = running_agent(kind, "--no-streaming")
    async with behind(agent, tmp_path / "proxy") as (proxy, _):
        config = configured(it=proxy.url)
        proxy.fault = hold
        async with staged(config, tmp_path / "state") as before:
            handle = (await before.send("slow 30", wait_seconds=0.3)).task_id or ""
        assert handle.startswith("pending-")
        proxy.fault = nothing
        async with staged(config, tmp_path / "state") as after:
            if tool == "get":
                view = await after.bridge.get(ME, handle, None)
                assert view.state is TaskState.WORKING
            elif tool == "subscribe":
                view = await after.follow(task_id=handle, wait_seconds=0.2)
                assert view.state is TaskState.WORKING
            if tool != "cancel":
                assert view.task_id != handle
            stopped = await after.bridge.cancel(ME, handle, None, "not wanted")
            assert stopped.state is TaskState.CANCELED
        assert proxy.sends() == 1


def hold(passage: Passage) -> None:
    """Let messages reach the agent, and keep their answers back."""
    passage.held = passage.sends


@pytest.mark.parametrize("kind", NEW)
async def test_a_message_that_a_crash_left_without_a_handle_is_found_by_what_the_list_shows(
    kind: str, running_agent: Agents, tmp_path: Path
) -> None:
    agent = running_agent(kind, "--no-streaming")
    async with behind(agent, tmp_path / "proxy") as (proxy, _):
        config = configured(it=proxy.url)
        proxy.fault = hold
        async with staged(config, tmp_path / "state") as before:
            with anyio.move_on_after(0.5):
                await before.send("task left behind")
        proxy.fault = nothing
        async with staged(config, tmp_path / "state") as after:
            (row,) = (await after.lister.list(ME, TaskFilter(), remote=False)).rows
            assert row["message_id"]
            view = await after.bridge.get(ME, str(row["task_id"]), None)
            assert (view.state, view.text) == (TaskState.COMPLETED, "task: left behind")
        assert proxy.sends() == 1


async def test_a_lost_answer_to_a_question_is_found_in_the_task_that_asked(
    running_agent: Agents, tmp_path: Path
) -> None:
    agent = running_agent("0.3-jsonrpc")
    async with behind(agent, tmp_path) as (proxy, stage):
        asked = await stage.send("input")
        proxy.fault = swallow
        view = await stage.send("Paris", task_id=asked.task_id)
        assert (view.task_id, view.state) == (asked.task_id, TaskState.COMPLETED)
        assert view.text == "got: Paris"
        assert proxy.sends() == 2


# --- conversations that we name ---


async def test_a_conversation_is_named_by_us_for_1_0_alone(tmp_path: Path) -> None:
    async with scripted() as agent:
        agent.on(SEND, error(-32601, "Method not found"))
        agent.on("message/send", result({"kind": "message", **words_of("hi"), "role": "agent"}))
        async with staged(configured(it=agent.url), tmp_path) as stage:
            await stage.send()
    new, old = agent.sends()
    assert new.message["contextId"]
    assert "contextId" not in old.message


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        ({"kind": "message", **words_of("hi"), "role": "agent"}, None),
        ({"kind": "message", **words_of("hi"), "role": "agent", "contextId": "c9"}, "c9"),
        ({"kind": "task", "id": "t9", "status": {"state": "completed"}}, None),
    ],
    ids=["message", "message with its conversation", "task"],
)
async def test_a_name_of_ours_that_the_agent_never_heard_is_not_listed(
    answer: dict[str, Any], named: str | None, tmp_path: Path
) -> None:
    async with scripted() as agent:
        agent.on(SEND, error(-32601, "Method not found"))
        agent.on("message/send", result(answer))
        async with staged(configured(it=agent.url), tmp_path) as stage:
            await stage.send()
            (row,) = (await stage.lister.list(ME, TaskFilter(), remote=False)).rows
            assert (row["state"], row.get("context_id")) == ("completed", named)


async def test_a_message_that_was_not_taken_leaves_no_name_of_ours(tmp_path: Path) -> None:
    async with scripted() as agent:
        agent.on(SEND, http(401, b"{}"))
        async with staged(configured(it=agent.url), tmp_path) as stage:
            with pytest.raises(A2AError):
                await stage.send()
            (row,) = (await stage.lister.list(ME, TaskFilter(), remote=False)).rows
    assert (row["state"], row.get("context_id")) == ("failed", None)


async def test_a_name_of_ours_that_the_agent_took_is_kept(tmp_path: Path) -> None:
    async with scripted() as agent:
        agent.on(SEND, result({"message": words_of("hi")}))
        async with staged(configured(it=agent.url), tmp_path) as stage:
            await stage.send()
            (row,) = (await stage.lister.list(ME, TaskFilter(), remote=False)).rows
    assert row["context_id"] == agent.sends()[0].message["contextId"]


async def test_an_agent_that_refuses_our_name_for_a_conversation_is_given_none_again(
    tmp_path: Path,
) -> None:
    async with scripted() as agent:
        agent.on(SEND, error(-32602, "no such conversation"), result({"task": done("hello")}))
        agent.on(LIST, error(-32601, "Method not found"))
        async with staged(configured(it=agent.url), tmp_path) as stage:
            with pytest.raises(A2AError):
                await stage.send()
            view = await stage.send()
    first, second = agent.sends()
    assert first.message["contextId"]
    assert "contextId" not in second.message
    assert view.text == "hello"


async def test_a_list_without_our_message_is_no_answer(tmp_path: Path) -> None:
    async with scripted() as agent:
        agent.on(SEND, cut)
        foreign = task("working", history=[words_of("hello", role="user")])
        agent.on(LIST, result({"tasks": [foreign], "nextPageToken": ""}))
        async with staged(configured(it=agent.url), tmp_path) as stage:
            with pytest.raises(AgentUnreachable) as caught:
                await stage.send()
            assert caught.value.message_id == agent.sends()[0].message["messageId"]
            with pytest.raises(NotAllowed, match="message_id"):
                await stage.bridge.cancel(ME, caught.value.handle or "", None, None)
    assert len(agent.sends()) == 1


@pytest.mark.parametrize("restarted", [False, True], ids=["at once", "after a restart"])
async def test_who_waits_for_a_lost_message_is_told_what_who_reads_it_is_told(
    restarted: bool, tmp_path: Path
) -> None:
    async with scripted() as agent:
        agent.on(SEND, cut)
        agent.on(LIST, result({"tasks": [], "nextPageToken": ""}))
        config = configured(it=agent.url)
        async with staged(config, tmp_path) as stage:
            with pytest.raises(AgentUnreachable) as caught:
                await stage.send()
            handle = caught.value.handle or ""
            if not restarted:
                await told_as_lost(stage, handle)
        if restarted:
            async with staged(config, tmp_path) as stage:
                await told_as_lost(stage, handle)
    assert len(agent.sends()) == 1


async def told_as_lost(stage: Stage, handle: str) -> None:
    waited, read = await stage.follow(task_id=handle), await stage.bridge.get(ME, handle, None)
    assert waited.structured() == read.structured()
    assert (waited.failed, waited.state) == (True, TaskState.UNKNOWN)
    assert (waited.error or "").startswith("Delivery unknown: ")
