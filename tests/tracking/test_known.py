"""Which followed task a call finds by the record of its row."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from a2a_mcp.a2a.model import Message, Role, TaskState
from a2a_mcp.errors import StoreUnavailable
from a2a_mcp.store.sqlite.store import SqliteTaskStore
from a2a_mcp.tracking import known
from a2a_mcp.tracking.tracked_task import TrackedTask

pytestmark = pytest.mark.anyio


async def test_a_new_row_under_the_key_of_a_forgotten_one_does_not_find_its_task(
    tmp_path: Path,
) -> None:
    bridge, other = SqliteTaskStore(tmp_path), SqliteTaskStore(tmp_path)
    tasks = known.KnownTasks()
    began = await bridge.begin(owner="local", agent="a", message_id="m1")
    record = await bridge.update(began, handle="h1", state=TaskState.COMPLETED)
    tracked = TrackedTask.answered(record, Message(message_id="r1", role=Role.AGENT, parts=()))
    tasks.add(tracked)
    tasks.end(tracked)
    assert tasks.of((await other.find("local", "h1"))[0]) is tracked
    assert await other.forget(record)
    later = await other.begin(owner="alice", agent="a", message_id="m2")
    assert later.key == record.key
    assert tasks.of(later) is None
    await bridge.close()
    await other.close()


async def test_a_task_that_moves_to_another_row_after_its_end_is_forgotten_like_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known, "MOST_ENDED", 1)
    bridge, tasks = SqliteTaskStore(tmp_path), known.KnownTasks()
    began = await bridge.begin(owner="local", agent="a", message_id="m1")
    record = await bridge.update(began, handle="h1", state=TaskState.COMPLETED)
    ended, later = (TrackedTask.failed(record, StoreUnavailable("away", "wait")) for _ in "ab")
    tasks.add(ended)
    tasks.end(ended)
    moved = replace(record, key=record.key + 1)
    ended.known_as(moved)
    tasks.move(ended, record.key)
    assert (tasks.of(record), tasks.of(moved)) == (None, ended)
    tasks.add(later)
    tasks.end(later)
    assert (tasks.of(record), tasks.of(moved)) == (later, None)
    await bridge.close()
