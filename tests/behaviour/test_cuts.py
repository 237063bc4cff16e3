"""A network that breaks, between the bridge and real agents: streams that are cut at any place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import anyio
import pytest
from proxy import cut_after, cut_all_after, proxied
from real_agents import Agent, Agents
from staging import configured, staged

from a2a_mcp.a2a.model import TaskState
from a2a_mcp.presentation.task_view import TaskView

pytestmark = pytest.mark.anyio

WHOLE = "chunk1 chunk2 chunk3 "
EVENTS = range(1, 7)
"""Of `stream 3`: the task, working, three chunks, completed."""

READS = {
    "1.3": ("GetTask", {"A2A-Version": "1.0"}),
    "0.3": ("tasks/get", {}),
    "0.2": ("tasks/get", {}),
}


async def stored(agent: Agent, task_id: str) -> dict[str, Any]:
    """Ask the agent itself for a task, past the bridge and the proxy."""
    generation, _, binding = agent.kind.partition("-")
    method, version = READS[generation]
    if binding == "rest":
        path = f"/tasks/{task_id}" if generation == "1.3" else f"/v1/tasks/{task_id}"
        question = Request(agent.url + path, headers=version)
    else:
        call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"id": task_id}}
        headers = {"Content-Type": "application/json", **version}
        question = Request(agent.url, json.dumps(call).encode(), headers)
    answer = await anyio.to_thread.run_sync(lambda: urlopen(question, timeout=20).read())
    body: dict[str, Any] = json.loads(answer)
    return body.get("result", body)


def text_of(task: dict[str, Any]) -> str:
    parts = [part for artifact in task.get("artifacts") or [] for part in artifact["parts"]]
    return "".join(part.get("text", "") for part in parts)


def executions(agent: Agent, task_id: str | None) -> int:
    return sum(entry["task_id"] == task_id for entry in agent.log())


@pytest.mark.parametrize("kind", ["1.3-jsonrpc", "1.3-rest", "0.3-jsonrpc", "0.3-rest"])
async def test_a_stream_cut_after_any_event_is_finished_and_nothing_is_doubled(
    kind: str, running_agent: Agents, tmp_path: Path
) -> None:
    agent = running_agent(kind)
    async with proxied(agent.url) as proxy, staged(configured(it=proxy.url), tmp_path) as stage:
        for events in EVENTS:
            proxy.fault = cut_after(events)
            view = await stage.send("stream 3")
            assert (view.state, view.text) == (TaskState.COMPLETED, WHOLE), events
            assert view.note is None
            assert text_of(await stored(agent, view.task_id or "")) == WHOLE, events
            assert executions(agent, view.task_id) == 1
        assert proxy.sends() == len(EVENTS)
        # a2a-sdk below 1.0 stores what it sends to a second stream twice.
        assert (proxy.attachments() > 0) == kind.startswith("1.3")


async def test_after_a_cut_the_updates_go_on_live_as_deltas(
    running_agent: Agents, tmp_path: Path
) -> None:
    agent = running_agent("1.3-jsonrpc")
    async with proxied(agent.url) as proxy, staged(configured(it=proxy.url), tmp_path) as stage:
        proxy.fault = cut_after(3)
        view = await stage.follow(text="stream 5 0.2")
    told = [update.text for update in view.updates if update.text]
    assert "".join(told) == "chunk1 chunk2 chunk3 chunk4 chunk5 "
    assert len(told) >= 4
    assert proxy.attachments() == 1


async def test_a_network_that_cuts_every_stream_loses_nothing(
    running_agent: Agents, tmp_path: Path
) -> None:
    agent = running_agent("1.3-jsonrpc")
    async with proxied(agent.url) as proxy, staged(configured(it=proxy.url), tmp_path) as stage:
        proxy.fault = cut_all_after(2)
        view = await stage.follow(text="stream 5 0.1")
    assert (view.state, view.text) == (TaskState.COMPLETED, "chunk1 chunk2 chunk3 chunk4 chunk5 ")
    assert executions(agent, view.task_id) == 1


async def test_several_who_follow_a_task_share_one_stream_of_its_agent(
    running_agent: Agents, tmp_path: Path
) -> None:
    agent = running_agent("1.3-rest")
    config = configured(it=agent.url)
    async with staged(config, tmp_path) as before:
        begun = await before.send("stream 5 0.4", wait_seconds=0.4)
    views: list[TaskView] = []
    async with staged(config, tmp_path) as stage:

        async def follow() -> None:
            views.append(await stage.follow(task_id=begun.task_id))

        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(follow)
    assert {view.text for view in views} == {"chunk1 chunk2 chunk3 chunk4 chunk5 "}
    asked = [request["path"] for request in agent.requests()]
    assert sum(f"{begun.task_id}:subscribe" in path for path in asked) == 1
    assert executions(agent, begun.task_id) == 1


@pytest.mark.parametrize("events", [1, 3, 5])
async def test_an_agent_that_stops_at_a_cut_is_said_to_have_and_what_came_is_shown(
    events: int, running_agent: Agents, tmp_path: Path
) -> None:
    """a2a-sdk 0.2 stops for good when its stream is cut."""
    agent = running_agent("0.2-jsonrpc")
    async with proxied(agent.url) as proxy, staged(configured(it=proxy.url), tmp_path) as stage:
        proxy.fault = cut_after(events)
        view = await stage.send("stream 5 0.1", wait_seconds=2)
        assert view.state in (TaskState.SUBMITTED, TaskState.WORKING)
        assert "broke off" in (view.note or "")
        assert view.text.startswith("".join(f"chunk{n} " for n in range(1, events - 1)))
        again = await stage.bridge.get("local", view.task_id or "", None)
        assert again.text == view.text
    assert executions(agent, view.task_id) == 1
    assert proxy.attachments() == 0
