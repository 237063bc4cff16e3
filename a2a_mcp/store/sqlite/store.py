"""A `TaskStore` in SQLite: the retries and the retention around `tasks_table` and `tasks_file`.

SQLite is called in line, because a write takes some ten microseconds and a hop to a thread more. A
file that another process holds is tried again after a short sleep: waiting inside SQLite would stop
the event loop. Every write is safe from kill -9 before its method returns.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeVar

import anyio
from anyio.lowlevel import checkpoint

from a2a_mcp.a2a.model import TaskState
from a2a_mcp.store.base import Records, TaskRecord
from a2a_mcp.store.sqlite import claims, queries

if TYPE_CHECKING:
    from sqlite3 import Connection

    from a2a_mcp.store.sqlite.file import TaskFile

_T = TypeVar("_T")

MAX_ID_BYTES: Final = 512
TASKS: Final = "tasks.db"
SWEEP_SECONDS: Final = 3600.0
_SWEEP_BATCH: Final = 500


class SqliteTaskStore:
    """A `TaskStore` in `tasks.db` of a folder, shared by any number of processes; None: in memory.

    `durability` "full" also survives power loss. Ended tasks are kept for `keep_seconds`, and while
    there are at most `max_rows`. `patience_seconds` is how long a file that others hold is tried
    again before the map goes on in memory. Nothing is opened, nor sqlite3 imported, before the
    first call.
    """

    def __init__(
        self,
        folder: Path | None,
        *,
        durability: Literal["normal", "full"] = "normal",
        clock: Callable[[], float] = time.time,
        keep_seconds: float = 30 * 86400.0,
        max_rows: int = 100_000,
        patience_seconds: float = 5.0,
    ) -> None:
        self._folder = folder
        self._durability: Literal["normal", "full"] = durability
        self._clock = clock
        self._keep_seconds = keep_seconds
        self._max_rows = max_rows
        self._patience_seconds = patience_seconds
        self._file: TaskFile | None = None
        self._swept = -math.inf

    @property
    def problem(self) -> str | None:
        """None, or one sentence why tasks are not remembered after a restart."""
        return self._file.problem if self._file else None

    async def begin(
        self,
        *,
        owner: str,
        agent: str,
        message_id: str,
        context_id: str | None = None,
        interface: str | None = None,
    ) -> TaskRecord:
        """Note, durably, that a message is about to leave."""
        _check_ids(None, context_id)
        now = await self._sweep_when_due()
        new = TaskRecord(
            0,
            owner,
            agent,
            message_id,
            None,
            None,
            context_id,
            TaskState.SUBMITTED,
            interface,
            now,
            now,
        )
        return await self._run(lambda connection: queries.add(connection, new))

    async def adopt(
        self,
        *,
        owner: str,
        agent: str,
        task_id: str,
        context_id: str | None = None,
        state: TaskState,
        interface: str | None = None,
    ) -> TaskRecord:
        """Note a task found at its agent; the owner's own row of it is brought up to date."""
        _check_ids(task_id, context_id)
        now = await self._sweep_when_due()
        found = TaskRecord(
            0, owner, agent, "", task_id, None, context_id, state, interface, now, now
        )
        return await self._run(lambda connection: queries.put(connection, found))

    async def update(
        self,
        record: TaskRecord,
        *,
        task_id: str | None = None,
        handle: str | None = None,
        context_id: str | None = None,
        state: TaskState | None = None,
        interface: str | None = None,
    ) -> TaskRecord:
        """Set what is not None; an ended task stays ended; joins two rows of one task."""
        _check_ids(task_id, context_id)
        if state is not None and record.state.terminal and not state.terminal:
            state = None
        given = {
            "task_id": task_id,
            "handle": handle,
            "context_id": context_id,
            "state": None if state is None else state.value,
            "interface": interface,
        }
        given = {name: value for name, value in given.items() if value is not None}
        if all(value == getattr(record, name) for name, value in given.items()):
            return record
        now = self._clock()
        return await self._run(lambda connection: queries.write(connection, record, given, now))

    async def claim(self, message_id: str) -> bool:
        """Take up an answer that may come twice; False for all but the first, in all processes."""
        now = self._clock()
        return await self._run(lambda connection: claims.claim(connection, message_id, now))

    async def claimed(self, message_id: str) -> bool:
        """Whether `claim` was called for it within the last weeks, in any process."""
        return await self._read(lambda connection: claims.claimed(connection, message_id), False)

    async def find(self, owner: str, task_id: str, agent: str | None = None) -> Records:
        """Find the owner's tasks of that id, the agent's or ours; newest first."""
        return await self._read(
            lambda connection: queries.find(connection, owner, task_id, agent), []
        )

    async def find_context(self, owner: str, context_id: str, agent: str | None = None) -> Records:
        """Find the owner's tasks of a conversation, newest first, at most 20."""
        return (await self.list(owner, agent=agent, context_id=context_id))[0]

    async def held_by_other(
        self, owner: str, agent: str, task_id: str, *, going_on: bool = False
    ) -> bool:
        """Whether somebody else has that task at that agent; `going_on`: one that has not ended."""
        return await self._read(
            lambda connection: queries.task_of_other(
                connection, owner, agent, task_id, going_on=going_on
            ),
            False,
        )

    async def context_held_by_other(self, owner: str, agent: str, context_id: str) -> bool:
        """Whether somebody else has that conversation at that agent."""
        return await self._read(
            lambda connection: queries.context_of_other(connection, owner, agent, context_id),
            False,
        )

    async def interface_overrides(self, agent: str) -> list[str]:
        """Give the interfaces that were learned of an agent, as texts."""
        return await self._read(lambda file: queries.interface_overrides(file, agent), [])

    async def set_interface_override(self, agent: str, url: str, interface: str) -> None:
        """Keep an interface of an agent, in the place of what was known of its URL."""
        await self._run(lambda file: queries.set_interface_override(file, agent, url, interface))

    async def list(
        self,
        owner: str,
        *,
        agent: str | None = None,
        context_id: str | None = None,
        state: TaskState | None = None,
        updated_after: float | None = None,
        limit: int = 20,
        cursor: str | None = None,
    ) -> tuple[Records, str | None]:
        """Give a page, last updated first, and the next cursor; ValueError for a bad one."""
        if limit < 1:
            raise ValueError("limit must be at least 1")
        wanted = {
            "owner": owner,
            "agent": agent,
            "context_id": context_id,
            "state": None if state is None else state.value,
            "after": -math.inf if updated_after is None else updated_after,
        }
        place = queries.read_cursor(cursor)
        return await self._read(
            lambda connection: queries.page(connection, wanted, limit, place), ([], None)
        )

    async def close(self) -> None:
        """Close the file; a later call opens it again."""
        if self._file is not None:
            self._file.close()

    async def _read(self, question: Callable[[Connection], _T], nothing: _T) -> _T:
        if self._file is None and self._folder and not (self._folder / TASKS).exists():
            return nothing  # hosts look at servers before they use them: nothing is made for that
        try:
            return await self._run(question)
        except UnicodeEncodeError:
            # No row holds a text that is not Unicode.
            return nothing

    async def _run(self, work: Callable[[Connection], _T]) -> _T:
        """Do `work`, again and again while another process holds the file."""
        if self._file is None:
            self._file = _task_file(self._folder, self._durability)
        begun, pause = time.monotonic(), 0.001
        while True:
            try:
                return self._file.run(work)
            except BlockingIOError:
                if time.monotonic() - begun > self._patience_seconds:
                    self._file.leave_disk("another process holds tasks.db")
            await anyio.sleep(random.uniform(pause / 4, pause))  # noqa: S311 - jitter, no secret
            pause = min(2 * pause, 0.05)

    async def _sweep_when_due(self) -> float:
        """Remove what is kept too long, at the first new row and then hourly; gives the time.

        The loop is let run between batches, so that a big sweep stops nobody else.
        """
        now = self._clock()
        if 0 <= now - self._swept < SWEEP_SECONDS:
            return now
        self._swept = now
        doomed = await self._run(
            lambda connection: queries.doomed(connection, now, self._keep_seconds, self._max_rows)
        )
        for start in range(0, len(doomed), _SWEEP_BATCH):
            batch = doomed[start : start + _SWEEP_BATCH]
            await self._run(partial(queries.remove, keys=batch))
            await checkpoint()
        return now


def _check_ids(task_id: str | None, context_id: str | None) -> None:
    for name, value in (("task", task_id), ("context", context_id)):
        if value is None or (value.isascii() and len(value) <= MAX_ID_BYTES):
            continue
        try:
            size = len(value.encode())
        except UnicodeEncodeError:
            raise ValueError(f"the {name} id is not valid Unicode") from None
        if size > MAX_ID_BYTES:
            raise ValueError(f"the {name} id has {size} bytes, more than {MAX_ID_BYTES}")


def _task_file(folder: Path | None, durability: Literal["normal", "full"]) -> TaskFile:
    # The one place that imports sqlite3, at the first call and not at start-up (DESIGN section 2).
    from a2a_mcp.store.sqlite.file import TaskFile

    return TaskFile(folder, durability)
