"""Counting what the file holds: it reads every row, and no call may wait for that."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import anyio
import pytest
from anyio.lowlevel import checkpoint

from a2a_mcp.store.sqlite.store import SqliteTaskStore

pytestmark = pytest.mark.anyio


async def test_the_event_loop_goes_on_while_many_tasks_are_counted(tmp_path: Path) -> None:
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            await checkpoint()
            turns += 1

    tasks = SqliteTaskStore(tmp_path)
    await tasks.look()
    with closing(sqlite3.connect(tmp_path / "tasks.db")) as file, file:
        file.executemany(
            "INSERT INTO tasks (owner, agent, message_id, state, created, updated) "
            "VALUES ('me', 'it', ?, 'working', 0, 0)",
            ((str(number),) for number in range(50_000)),
        )
    async with anyio.create_task_group() as group:
        group.start_soon(turn)
        found = await tasks.census()
        group.cancel_scope.cancel()
    await tasks.close()
    assert [each.count for each in found.open_tasks] == [50_000]
    assert turns > 10
