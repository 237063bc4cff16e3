"""Stores of the tests: opened for a moment, and filled with messages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio

from a2a_mcp.store.base import TaskRecord, TaskStore
from a2a_mcp.store.sqlite.store import SqliteTaskStore


@asynccontextmanager
async def opened(folder: Path | None, **options: Any) -> AsyncIterator[SqliteTaskStore]:
    tasks = SqliteTaskStore(folder, **options)
    try:
        with anyio.fail_after(20):
            yield tasks
    finally:
        await tasks.close()


async def begun(tasks: TaskStore, message_id: str, task_id: str | None = None) -> TaskRecord:
    record = await tasks.begin(owner="local", agent="a", message_id=message_id)
    return record if task_id is None else await tasks.update(record, task_id=task_id)


async def listed(tasks: TaskStore, owner: str = "local") -> list[str]:
    page, _ = await tasks.list(owner, limit=1000)
    return sorted(record.message_id for record in page)
