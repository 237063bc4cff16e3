"""Streams that their agent ends in order, but with no last state of the task."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest
from real_agents import Agents
from scripted import CARD, Reply, ScriptedAgent, card, document, interface, result, stream
from staging import ME, Stage, configured, staged, until

from a2a_mcp.a2a.model import TaskState
from a2a_mcp.presentation import sentences
from a2a_mcp.tracking.polling import Polling, Stillness

pytestmark = pytest.mark.anyio

STREAM, GET = "message/stream", "tasks/get"
LONG = 30.0


def shown(state: str, *texts: str, number: int = 0) -> dict[str, Any]:
    """Return a task of A2A 0.3."""
    parts = [{"kind": "text", "text": text} for text in texts]
    artifacts = [{"artifactId": "a1", "parts": parts}] if parts else []
    status = {"state": state, "timestamp": f"2026-11-21T10:00:{number:02}Z"}
    return {"kind": "task", "id": "t1", "contextId": "c1", "status": status, "artifacts": artifacts}


def stamped_at_each_read(state: str) -> Reply:
    """Answer with a task whose time stamp is made at each read."""
    count = iter(range(60))
    return lambda request: result(shown(state, number=next(count)))(request)


@pytest.fixture
async def old(agent: ScriptedAgent) -> ScriptedAgent:
    """An agent of A2A 0.3 that streams: its tasks are polled, never attached to."""
    spoken = [interface(agent.url, "0.3")]
    agent.on(CARD, document(card(agent.url, streaming=True, supportedInterfaces=spoken)))
    return agent


@pytest.mark.parametrize("state", ["submitted", "working"])
async def test_a_task_that_stands_still_after_its_stream_is_shown_as_it_is(
    old: ScriptedAgent, stage: Stage, state: str
) -> None:
    """The executor of an a2a-sdk 0.x server may have raised, which its task never tells."""
    old.on(STREAM, stream(shown(state)))
    old.on(GET, stamped_at_each_read(state))
    view = await stage.send(wait_seconds=LONG)
    assert (view.state, view.task_id, view.failed) == (TaskState(state), "t1", False)
    assert sentences.BROKEN_OFF in (view.note or "")
    assert len(old.calls(GET)) >= 3


async def test_a_task_that_moves_after_its_stream_is_waited_for(
    old: ScriptedAgent, stage: Stage
) -> None:
    pieces = [result(shown("working", *"abcdefgh"[:count])) for count in range(8)]
    old.on(STREAM, stream(shown("working")))
    old.on(GET, *pieces, result(shown("completed", "all")))
    view = await stage.send(wait_seconds=LONG)
    assert (view.state, view.text) == (TaskState.COMPLETED, "all")


async def test_a_task_that_stands_still_is_read_on_without_a_call(
    old: ScriptedAgent, stage: Stage
) -> None:
    old.on(STREAM, stream(shown("working")))
    old.on(GET, result(shown("working")))
    view = await stage.send(wait_seconds=LONG)
    assert view.state is TaskState.WORKING
    old.on(GET, result(shown("completed", "all")))

    async def is_kept() -> bool:
        records, _ = await stage.tasks.list(ME)
        return records[0].state is TaskState.COMPLETED

    await until(is_kept)


async def test_a_task_that_is_only_polled_is_waited_for_however_still(
    plain: ScriptedAgent, stage: Stage
) -> None:
    spoken = [interface(plain.url, "0.3")]
    plain.on(CARD, document(card(plain.url, supportedInterfaces=spoken)))
    plain.on("message/send", result(shown("working")))
    plain.on(GET, *[result(shown("working"))] * 8, result(shown("completed", "all")))
    view = await stage.send(wait_seconds=LONG)
    assert (view.state, view.text) == (TaskState.COMPLETED, "all")


@pytest.mark.parametrize("kind", ["0.3-jsonrpc", "0.2-jsonrpc"])
async def test_an_agent_that_returns_without_an_end_is_not_waited_for(
    running_agent: Agents, tmp_path: Path, kind: str
) -> None:
    agent = running_agent(kind)
    async with staged(configured(it=agent.url), tmp_path) as stage:
        began = anyio.current_time()
        view = await stage.send("noend", wait_seconds=LONG)
    assert view.state is TaskState.WORKING
    assert sentences.BROKEN_OFF in (view.note or "")
    assert anyio.current_time() - began < LONG / 2


def test_a_task_stands_still_after_three_reads_and_some_time() -> None:
    at_once = Stillness(Polling(still=0.0))
    assert [at_once.lasts(changed=False) for _ in range(4)] == [False, False, True, False]
    moving = Stillness(Polling(still=0.0))
    assert not any(moving.lasts(changed=n == 2) for n in range(5))
    assert not any(Stillness(Polling()).lasts(changed=False) for _ in range(5))


def test_a_task_that_stands_still_is_known_after_about_six_seconds() -> None:
    assert Polling().still_seconds == pytest.approx(6.0)
