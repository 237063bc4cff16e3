"""The task store in PostgreSQL: the contracts of `store.base` over `queries` and `readers`.

There is no falling back to memory as with a file: without the database nobody can say whose a task
is, nor whether a message has left. So a call fails before anything is sent.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import partial
from typing import Any, Final

import anyio
from psycopg import DataError, OperationalError

from a2a_mcp.a2a.model import TaskState
from a2a_mcp.errors import StoreUnavailable
from a2a_mcp.store.base import Census, InterfaceOverrides, Records, TaskRecord, TaskStore
from a2a_mcp.store.changes import changed, changes_of, check_ids
from a2a_mcp.store.cursors import cursor_after, read_cursor
from a2a_mcp.store.postgres import queries, readers, stops, upkeep
from a2a_mcp.store.postgres.census import census
from a2a_mcp.store.postgres.database import Database, T, Work, check_writable
from a2a_mcp.store.postgres.late_writes import LateWrites

RETRY_SECONDS: Final = 1.0
TEND_SECONDS: Final = 60.0


class PostgresTaskStore(TaskStore, InterfaceOverrides):
    """Tasks in a database that any number of processes and machines share.

    A process counts as alive for `alive_seconds` after its last word. Ended tasks are removed after
    `keep_seconds`. The time is the database's; only a test gives a `clock`, in Unix seconds. Before
    the first call nothing is opened.
    """

    def __init__(
        self,
        database: Database,
        *,
        alive_seconds: float = 20.0,
        keep_seconds: float = 30 * 86_400.0,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._database = database
        self._alive_seconds = alive_seconds
        self._keep_seconds = keep_seconds
        self._clock = clock
        self._late = LateWrites()

    @property
    def problem(self) -> str | None:
        return self._database.problem

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
        new = TaskRecord(
            *(0, owner, agent, message_id, None, None, context_id),
            *(TaskState.SUBMITTED, interface, 0.0, 0.0, title),
        )
        return await self._run(lambda it: queries.add(it, new, self._now()))

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
        found = TaskRecord(
            *(0, owner, agent, "", task_id, None, context_id), *(state, interface, 0.0, 0.0)
        )
        return await self._run(lambda it: queries.put(it, found, self._now()))

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
        try:
            return await self._write(record, given)
        except StoreUnavailable:
            self._late.note(record, given)
            return changed(record, given, record.updated)

    async def forget(self, record: TaskRecord) -> bool:
        return await self._run(lambda it: queries.forget(it, record, self._now()))

    async def claim(self, message_id: str) -> bool:
        return await self._run(lambda it: queries.claim(it, message_id, self._now()))

    async def claimed(self, message_id: str) -> bool:
        return await self._run(lambda it: queries.claimed(it, message_id))

    async def note_reader(
        self, reader: str, begun: Collection[int], ended: Collection[int]
    ) -> None:
        await self._run(lambda it: readers.note(it, reader, begun, ended, self._now()))

    async def leave(self, reader: str) -> None:
        await self._run(lambda it: readers.leave(it, reader, self._alive_seconds, self._now()))

    async def take_over(self, reader: str, *, after: int, limit: int) -> tuple[Records, int | None]:
        return await self._run(
            lambda it: readers.take_over(it, reader, after, limit, self._alive_seconds, self._now())
        )

    async def exchange_posts(
        self, process: str, heard: Collection[str], after: int | None
    ) -> tuple[Collection[str], int | None]:
        return await self._run(
            lambda it: readers.exchange_posts(it, process, heard, after, self._now())
        )

    async def hear_stops(self, tell: Callable[[int], None]) -> None:
        await self._database.used.wait()
        while True:
            with suppress(OperationalError):
                await stops.hear(self._database.direct, tell)
            await anyio.sleep(RETRY_SECONDS)

    async def running(self, owner: str) -> int | None:
        return await self._run(
            lambda it: readers.running(it, owner, self._alive_seconds, self._now())
        )

    async def find(self, owner: str, task_id: str, agent: str | None = None) -> Records:
        return await self._read(lambda it: queries.find(it, owner, task_id, agent), [])

    async def find_context(self, owner: str, context_id: str, agent: str | None = None) -> Records:
        return (await self.list(owner, agent=agent, context_id=context_id))[0]

    async def held_by_other(
        self, owner: str, agent: str, task_id: str, *, active_only: bool = False
    ) -> bool:
        ask = partial(queries.task_of_other, active_only=active_only)
        return await self._read(lambda it: ask(it, owner, agent, task_id), False)

    async def context_held_by_other(self, owner: str, agent: str, context_id: str) -> bool:
        return await self._read(
            lambda it: queries.context_of_other(it, owner, agent, context_id), False
        )

    async def interface_overrides(self, agent: str) -> list[str]:
        return await self._read(lambda it: queries.interface_overrides(it, agent), [])

    async def set_interface_override(self, agent: str, url: str, interface: str) -> None:
        await self._run(lambda it: queries.set_interface_override(it, agent, url, interface))

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
        nothing: tuple[Records, bool] = ([], False)
        found, more = await self._read(
            lambda it: queries.page(it, wanted, limit, position), nothing
        )
        return found, cursor_after(found[-1]) if more else None

    async def look(self) -> None:
        await self._run(check_writable)

    async def census(self) -> Census:
        return await self._run(lambda it: census(it, self._alive_seconds, self._now()))

    async def tend(self) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(self._remove_old_rows)
            group.start_soon(self._write_late)

    async def close(self) -> None:
        await self._write_all_late()
        await self._database.close()

    async def _remove_old_rows(self) -> None:
        pause = TEND_SECONDS
        while True:
            await anyio.sleep(pause)
            try:
                pause = RETRY_SECONDS if await self._removed_some() else TEND_SECONDS
            except StoreUnavailable:
                pause = TEND_SECONDS

    async def _removed_some(self) -> bool:
        """Remove some old rows; return whether there may be more."""
        keep, now = self._keep_seconds, self._now()
        await self._run(lambda it: upkeep.remove_other_old_rows(it, now))
        return await self._run(lambda it: upkeep.remove_old_tasks(it, keep, now))

    async def _write_late(self) -> None:
        while True:
            await anyio.sleep(RETRY_SECONDS)
            await self._write_all_late()

    async def _write_all_late(self) -> None:
        with suppress(StoreUnavailable):
            for record, given in self._late.pending():
                await self._write(record, given)
                self._late.done(record, given)

    async def _write(self, record: TaskRecord, given: dict[str, Any]) -> TaskRecord:
        return await self._run(lambda it: queries.write(it, record, given, self._now()))

    async def _run(self, work: Work[T]) -> T:
        return await self._database.run(work)

    async def _read(self, question: Work[T], nothing: T) -> T:
        try:
            return await self._run(question)
        except (UnicodeEncodeError, DataError):
            # No row holds a text that is not Unicode.
            return nothing

    def _now(self) -> float | None:
        return self._clock() if self._clock else None
