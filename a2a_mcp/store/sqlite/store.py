"""The task store in SQLite: retries around `queries`, `claims` and `file`; `upkeep` beside them.

SQLite is called on the event loop's thread: a write takes about ten microseconds, less than handing
it to another thread. While another process holds the file, a call sleeps and tries again, because
waiting inside SQLite would stop the event loop. A write survives kill -9 once its method returned.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeVar

import anyio
from anyio import to_thread

from a2a_mcp.a2a.model import TaskState
from a2a_mcp.errors import StoreUnavailable
from a2a_mcp.store.base import Census, InterfaceOverrides, Records, TaskRecord, TaskStore
from a2a_mcp.store.changes import changes_of, check_ids
from a2a_mcp.store.cursors import read_cursor
from a2a_mcp.store.sqlite import claims, pages, posts, queries, readers
from a2a_mcp.store.sqlite.census import census, census_beside
from a2a_mcp.store.sqlite.upkeep import Upkeep
from a2a_mcp.telemetry.metrics import StoreUse

if TYPE_CHECKING:
    from sqlite3 import Connection

    from a2a_mcp.store.sqlite.file import TaskFile

_T = TypeVar("_T")

TASKS: Final = "tasks.db"
LOOK_SECONDS: Final = 1.0
RETRY: Final = "Try again in a minute; if it stays so, tell the operator of this server."
_LOOK: Final = "SELECT 1 FROM tasks LIMIT 1"


class SqliteTaskStore(TaskStore, InterfaceOverrides):
    """Tasks in `tasks.db` of a folder, shared by any number of processes; in memory if None.

    With `durability` "full" a write also survives a power loss. Ended tasks are removed after
    `keep_seconds`, and the oldest of more than `max_ended`. A file that another
    process holds is tried again for `patience_seconds`; then the store goes on in memory. Before
    the first call no file is opened, and sqlite3 is not imported. `clock` returns Unix seconds.
    """

    def __init__(
        self,
        folder: Path | None,
        *,
        durability: Literal["normal", "full"] = "normal",
        clock: Callable[[], float] = time.time,
        keep_seconds: float = 30 * 86400.0,
        max_ended: int = 100_000,
        patience_seconds: float = 5.0,
    ) -> None:
        self._folder = folder
        self._durability: Literal["normal", "full"] = durability
        self._clock = clock
        self._patience_seconds = patience_seconds
        self._file: TaskFile | None = None
        self._upkeep = Upkeep(clock, keep_seconds=keep_seconds, max_ended=max_ended)

    @property
    def problem(self) -> str | None:
        return self._file.problem if self._file else None

    async def begin(
        self,
        *,
        owner: str,
        agent: str,
        message_id: str,
        context_id: str | None = None,
        interface: str | None = None,
        title: str | None = None,
    ) -> TaskRecord:
        check_ids(None, context_id)
        now = self._clock()
        self._upkeep.note(owner, now)
        new = TaskRecord(
            *(0, owner, agent, message_id, None, None, context_id),
            *(TaskState.SUBMITTED, interface, now, now, title),
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
        check_ids(task_id, context_id)
        now = self._clock()
        self._upkeep.note(owner, now)
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
        given = changes_of(
            record,
            task_id=task_id,
            handle=handle,
            context_id=context_id,
            state=state,
            interface=interface,
        )
        if not given:
            return record
        now = self._clock()
        self._upkeep.note(record.owner, now)
        return await self._run(lambda connection: queries.write(connection, record, given, now))

    async def forget(self, record: TaskRecord) -> bool:
        now = self._clock()
        return await self._run(lambda connection: queries.forget(connection, record, now))

    async def claim(self, message_id: str) -> bool:
        now = self._clock()
        return await self._run(lambda connection: claims.claim(connection, message_id, now))

    async def claimed(self, message_id: str) -> bool:
        return await self._read(lambda connection: claims.claimed(connection, message_id), False)

    async def note_reader(
        self, reader: str, begun: Collection[int], ended: Collection[int]
    ) -> None:
        now = self._clock()
        await self._run(lambda connection: readers.note(connection, reader, begun, ended, now))

    async def leave(self, reader: str) -> None:
        now = self._clock()
        await self._run(lambda connection: readers.leave(connection, reader, now))

    async def take_over(self, reader: str, *, after: int, limit: int) -> tuple[Records, int | None]:
        now = self._clock()
        return await self._read(
            lambda connection: readers.take_over(connection, reader, after, limit, now), ([], None)
        )

    async def exchange_posts(
        self, process: str, heard: Collection[str], after: int | None
    ) -> tuple[Collection[str], int | None]:
        now = self._clock()
        return await self._read(
            lambda connection: posts.exchange(connection, process, heard, after, now), ([], after)
        )

    async def hear_stops(self, tell: Callable[[int], None]) -> None:
        """Return at once: the processes of one machine do not tell each other."""

    async def running(self, owner: str) -> int | None:
        """Return None: each process counts its own."""
        return None

    async def find(self, owner: str, task_id: str, agent: str | None = None) -> Records:
        return await self._read(
            lambda connection: queries.find(connection, owner, task_id, agent), []
        )

    async def find_context(self, owner: str, context_id: str, agent: str | None = None) -> Records:
        return (await self.list(owner, agent=agent, context_id=context_id))[0]

    async def held_by_other(
        self, owner: str, agent: str, task_id: str, *, active_only: bool = False
    ) -> bool:
        return await self._read(
            lambda connection: queries.task_of_other(
                connection, owner, agent, task_id, active_only=active_only
            ),
            False,
        )

    async def context_held_by_other(self, owner: str, agent: str, context_id: str) -> bool:
        return await self._read(
            lambda connection: queries.context_of_other(connection, owner, agent, context_id),
            False,
        )

    async def interface_overrides(self, agent: str) -> list[str]:
        return await self._read(lambda file: queries.interface_overrides(file, agent), [])

    async def set_interface_override(self, agent: str, url: str, interface: str) -> None:
        await self._run(lambda file: queries.set_interface_override(file, agent, url, interface))

    async def list(
        self,
        owner: str,
        *,
        agent: str | None = None,
        context_id: str | None = None,
        state: TaskState | None = None,
        unfinished: bool = False,
        updated_after: float | None = None,
        limit: int = 20,
        cursor: str | None = None,
    ) -> tuple[Records, str | None]:
        if limit < 1:
            raise ValueError("limit must be at least 1")
        wanted = {
            "owner": owner,
            "agent": agent,
            "context_id": context_id,
            "state": None if state is None else state.value,
            "unfinished": unfinished,
            "after": -math.inf if updated_after is None else updated_after,
        }
        position = read_cursor(cursor)
        return await self._read(
            lambda connection: pages.page(connection, wanted, limit, position), ([], None)
        )

    async def look(self) -> None:
        with anyio.move_on_after(LOOK_SECONDS) as look:
            await self._patiently(lambda file: file.execute(_LOOK), math.inf)
        if look.cancelled_caught:
            raise StoreUnavailable("Another process holds tasks.db; nothing was sent.", RETRY)

    async def census(self) -> Census:
        now = self._clock()
        found = await to_thread.run_sync(census_beside, self._opened().path, now)
        if found:
            return found
        return await self._run(lambda connection: census(connection, now))

    async def tend(self) -> None:
        await self._upkeep.run()

    async def close(self) -> None:
        if self._file is not None:
            self._file.close()

    async def _read(self, question: Callable[[Connection], _T], nothing: _T) -> _T:
        if self._file is None and self._folder and not (self._folder / TASKS).exists():
            return nothing  # hosts start servers only to list their tools: make no file for that
        try:
            return await self._run(question)
        except UnicodeEncodeError:
            # No row holds a text that is not Unicode.
            return nothing

    async def _run(self, work: Callable[[Connection], _T]) -> _T:
        """Do `work`; try again while another process holds the file."""
        with StoreUse():
            return await self._patiently(work, self._patience_seconds)

    def _opened(self) -> TaskFile:
        if self._file is None:
            self._file = _task_file(self._folder, self._durability)
            self._upkeep.begin(self._file)
        return self._file

    async def _patiently(self, work: Callable[[Connection], _T], seconds: float) -> _T:
        """Do `work`; when another process has held the file for so long, go on in memory."""
        file, begun, pause = self._opened(), time.monotonic(), 0.001
        while True:
            try:
                return file.run(work)
            except BlockingIOError:
                if time.monotonic() - begun > seconds:
                    file.leave_disk("another process holds tasks.db")
            self._upkeep.make_way()
            await anyio.sleep(random.uniform(pause / 4, pause))  # noqa: S311 - jitter, no secret
            pause = min(2 * pause, 0.05)


def _task_file(folder: Path | None, durability: Literal["normal", "full"]) -> TaskFile:
    # sqlite3 is imported here, at the first call, so that the start of the server does not wait.
    from a2a_mcp.store.sqlite.file import TaskFile

    return TaskFile(folder, durability)
