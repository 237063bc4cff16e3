"""Which followed task a call finds by the record of its row."""

from __future__ import annotations

from pathlib import Path

import pytest

from a2a_mcp.a2a.model import Message, Role, TaskState
from a2a_mcp.store.sqlite.store import SqliteTaskStore
from a2a_mcp.tracking.known import KnownTasks
from a2a_mcp.tracking.tracked_task import TrackedTask

pytestmark = pytest.mark.anyio


async def test_a_new_row_under_the_key_of_a_forgotten_one_does_not_find_its_task(
    tmp_path: Path,
) -> None:
    bridge, other = SqliteTaskStore(tmp_path), SqliteTaskStore(tmp_path)
    known = KnownTasks()
    began = await bridge.begin(owner="local", agent="a", message_id="m1")
    record = await bridge.update(began, handle="h1", state=TaskState.COMPLETED)
    tracked = TrackedTask.answered(record, Message(message_id="r1", role=Role.AGENT, parts=()))
    known.add(tracked)
    known.end(tracked)
    assert known.of((await other.find("local", "h1"))[0]) is tracked
    assert await other.forget(record)
    later = await other.begin(owner="alice", agent="a", message_id="m2")
    assert later.key == record.key
    assert known.of(later) is None
    await bridge.close()
    await other.close()
