"""Tasks that a dead process was reading: the next one brings them to their end, unasked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from scripted import (
    CARD,
    GET,
    LIST,
    SEND,
    Request,
    ScriptedAgent,
    Step,
    card,
    document,
    done,
    error,
    later,
    result,
    scripted,
    task,
)
from staging import ME, Stage, configured, staged, until

from a2a_mcp.a2a.model import TaskState
from a2a_mcp.bridge.recover_tasks import TaskRecoverer
from a2a_mcp.store.sqlite import readers

pytestmark = pytest.mark.anyio


@pytest.fixture
async def agent() -> AsyncIterator[ScriptedAgent]:
    """An agent whose tasks are at work."""
    async with scripted() as running:
        running.on(CARD, document(card(running.url)))
        names = iter(range(100))
        running.on(
            SEND, lambda it: result({"task": task("working", task_id=f"t{next(names)}")})(it)
        )
        running.on(GET, lambda it: result(task("working", task_id=it.params["id"]))(it))
        running.on(LIST, error(-32601, "no"))
        yield running


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "ALIVE_SECONDS", 1.0)


@asynccontextmanager
async def recovering(agent: ScriptedAgent, folder: Path) -> AsyncIterator[tuple[Stage, Any]]:
    """Open a bridge that takes tasks over once it is woken."""
    async with (
        staged(configured(it=agent.url), folder) as stage,
        anyio.create_task_group() as group,
    ):
        recoverer = TaskRecoverer(
            stage.bridge,
            stage.tasks,
            stage.tracker,
            note_seconds=0.1,
            first_search_seconds=0.1,
            search_seconds=0.3,
        )
        group.start_soon(recoverer.run)
        yield stage, recoverer
        group.cancel_scope.cancel()


def ended(agent: ScriptedAgent) -> None:
    agent.on(GET, lambda it: result(done("at last", task_id=it.params["id"]))(it))


async def states(stage: Stage, owner: str = ME) -> list[str]:
    records, _ = await stage.tasks.list(owner, limit=100)
    return sorted(record.state.value for record in records)


async def test_the_next_process_keeps_the_results_of_tasks_that_were_running(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    async with recovering(agent, tmp_path) as (stage, _):
        for owner in (ME, ME, "token:bob"):
            await stage.send(owner=owner, wait_seconds=0.5)
    ended(agent)
    async with recovering(agent, tmp_path) as (stage, recoverer):
        recoverer.wake()

        async def all_ended() -> bool:
            known = await states(stage) + await states(stage, "token:bob")
            return known == ["completed"] * 3

        await until(all_ended)
        agent.on(GET, error(-32001, "gone"))
        assert (await stage.bridge.get(ME, "t0", None)).text == "at last"
        assert (await stage.bridge.get("token:bob", "t2", None)).text == "at last"


async def test_a_task_that_still_runs_is_followed_again(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    async with recovering(agent, tmp_path) as (stage, _):
        await stage.send(wait_seconds=0.5)
    async with recovering(agent, tmp_path) as (stage, recoverer):
        recoverer.wake()

        async def followed() -> bool:
            return [record.task_id for record in stage.tracker.records()] == ["t0"]

        await until(followed)
        ended(agent)

        async def has_ended() -> bool:
            return await states(stage) == [TaskState.COMPLETED]

        await until(has_ended)
    assert len(agent.sends()) == 1


async def test_nothing_is_read_or_written_before_a_hosts_first_request(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    async with recovering(agent, tmp_path) as (stage, _):
        await stage.send(wait_seconds=0.5)
    await anyio.sleep(1)  # until the task is old enough to be taken over
    seen = len(agent.requests)
    async with recovering(agent, tmp_path):
        await anyio.sleep(0.5)  # several times as long as a search would wait
    assert len(agent.requests) == seen


async def test_a_task_that_a_living_process_reads_is_left_to_it(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    async with staged(configured(it=agent.url), tmp_path) as stage:
        await stage.send(wait_seconds=0.5)
        (record,) = stage.tracker.records()
        await stage.tasks.note_reader("first", [record.key], [])
        await anyio.sleep(1.1)  # until the task is old enough to be taken over
        await stage.tasks.note_reader("first", [], [])
        assert await stage.tasks.take_over("second", after=0, limit=10) == ([], None)
        await anyio.sleep(1.1)  # until the first reader counts as dead
        taken, go_on = await stage.tasks.take_over("second", after=0, limit=10)
        assert ([it.task_id for it in taken], go_on) == (["t0"], None)
        assert await stage.tasks.take_over("third", after=0, limit=10) == ([], None)


async def test_a_task_whose_agent_could_not_be_asked_is_taken_over_later(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    async with recovering(agent, tmp_path) as (stage, _):
        await stage.send(wait_seconds=0.5)
    agent.on(GET, error(-32603, "busy"))
    reads = len(agent.requests)
    async with recovering(agent, tmp_path) as (stage, recoverer):
        recoverer.wake()

        async def was_tried() -> bool:
            return len(agent.requests) > reads

        await until(was_tried)
        ended(agent)

        async def has_ended() -> bool:
            return await states(stage) == [TaskState.COMPLETED]

        await until(has_ended)


async def test_a_task_that_is_slow_to_read_keeps_no_other_waiting(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    async with recovering(agent, tmp_path) as (stage, _):
        for _ in range(3):
            await stage.send(wait_seconds=0.5)
    go_on = anyio.Event()

    def read(sent: Request) -> Sequence[Step]:
        answer = result(done("at last", task_id=sent.params["id"]))
        return (later(go_on, answer) if sent.params["id"] == "t0" else answer)(sent)

    agent.on(GET, read)
    async with recovering(agent, tmp_path) as (stage, recoverer):
        recoverer.wake()

        async def others_ended() -> bool:
            return await states(stage) == ["completed", "completed", "working"]

        await until(others_ended)
        go_on.set()
