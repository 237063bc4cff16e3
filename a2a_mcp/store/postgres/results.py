# ruff: noqa: S608 - statements are made of words of this module alone; values are bound
"""Kept results in PostgreSQL: one row for each task, and the bytes that a file would have."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from operator import itemgetter
from typing import Any, Final, TypeAlias

import anyio.to_thread

from a2a_mcp.a2a.model import Task
from a2a_mcp.a2a.sizes import is_large
from a2a_mcp.errors import StoreUnavailable
from a2a_mcp.files.sweep import NEVER_SWEPT, is_due
from a2a_mcp.store.masked_texts import MaskText
from a2a_mcp.store.postgres.bodies import Bodies
from a2a_mcp.store.postgres.database import Connection, Database
from a2a_mcp.store.postgres.queries import rows
from a2a_mcp.store.postgres.records import BEGAN, stored
from a2a_mcp.store.result_files import KeptTask, Key, body_of, task_of

AT_ONCE: Final = 1_000
TOGETHER: Final = 50
"""Small results that are written together."""

Group: TypeAlias = Sequence[tuple[Key, KeptTask]]

_KEY: Final = "owner = %(owner)s AND agent = %(agent)s AND task_id = %(task_id)s"
_READ: Final = f"SELECT body, object, since FROM kept WHERE {_KEY}"
# An agent may drop results later; then what is kept stays.
_WRITE: Final = (
    "INSERT INTO kept (owner, agent, task_id, since, state, results, body, object, object_bytes) "
    "VALUES (%(owner)s, %(agent)s, %(task_id)s, %(since)s, %(state)s, %(results)s, %(body)s, "
    "%(object)s, %(object_bytes)s) "
    "ON CONFLICT (owner, agent, task_id) DO UPDATE SET since = excluded.since, "
    "state = excluded.state, results = excluded.results, body = excluded.body, "
    "object = excluded.object, object_bytes = excluded.object_bytes "
    "WHERE kept.state <> excluded.state OR kept.results < excluded.results "
    "OR (kept.results = excluded.results AND "
    "(kept.body <> excluded.body OR kept.object <> excluded.object))"
)
_REMOVE: Final = f"DELETE FROM kept WHERE {_KEY} RETURNING object"
_SUM: Final = "sum(octet_length(body) + object_bytes)"
# Of too many bytes the oldest results go: those up to the one with which the rest is not too much.
_TOO_MUCH: Final = (
    f"WITH whole AS MATERIALIZED (SELECT {_SUM} AS bytes FROM kept) "
    f"SELECT since FROM (SELECT since, {_SUM} OVER (ORDER BY since) AS bytes FROM kept) AS oldest "
    "WHERE (SELECT bytes FROM whole) > %(most)s "
    "AND bytes >= (SELECT bytes FROM whole) - %(most)s ORDER BY since LIMIT 1"
)
_TOO_OLD: Final = f"SELECT {BEGAN} - %(keep)s"
_REMOVE_SOME: Final = (
    "DELETE FROM kept WHERE ctid = ANY(ARRAY(SELECT ctid FROM kept WHERE since <= %(until)s "
    f"ORDER BY since LIMIT {AT_ONCE} FOR UPDATE SKIP LOCKED)) RETURNING 1"
)


class PostgresResults:
    """Results that all processes of a database share; `bodies` says where their bytes are.

    What is older than `keep_seconds` is removed, and of more than `keep_bytes` the oldest.
    `count_results` tells how many results a task shows. `mask` hides secrets. `clock` returns Unix
    seconds.
    """

    def __init__(
        self,
        database: Database,
        *,
        keep_seconds: float,
        keep_bytes: int,
        bodies: Bodies,
        count_results: Callable[[Task], int],
        mask: MaskText = str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._keep_seconds = keep_seconds
        self._keep_bytes = keep_bytes
        self._bodies = bodies
        self._count_results = count_results
        self._mask = mask
        self._clock = clock
        self._swept = NEVER_SWEPT

    @property
    def keeps(self) -> bool:
        """Return whether results are kept at all."""
        return self._keep_seconds > 0 and self._keep_bytes > 0

    async def read(self, key: Key) -> KeptTask | None:
        """Return one result, None if there is none. Raises StoreUnavailable."""
        values = _values(key)
        found = await self._database.run(lambda it: rows(it, _READ, values))
        if not found:
            return None
        ((inline, name, since),) = found
        body = await self._bodies.fetch(inline, name)
        if body is None:
            return None
        task = await anyio.to_thread.run_sync(task_of, body, key)
        return KeptTask(task, since) if task else None

    async def write(self, batch: Mapping[Key, KeptTask]) -> None:
        """Write results, and now and then remove what is too old or too much.

        Raises StoreUnavailable.
        """
        if self.keeps:
            for some in _groups(batch):
                await self._write(some)
        now = self._clock()
        if is_due(self._swept, now):
            self._swept = now
            for part in (self._remove_old, self._remove_much, self._bodies.sweep):
                with suppress(StoreUnavailable):  # what is written stays; the next sweep is later
                    await part()

    async def remove(self, key: Key) -> None:
        """Remove one result, if there is one. Raises StoreUnavailable."""
        values = _values(key)
        for (name,) in await self._database.run(lambda it: rows(it, _REMOVE, values)):
            if name:
                await self._bodies.remove([name])

    async def _write(self, some: Group) -> None:
        """Write some results on one way to the database: each way costs more than a statement."""
        changes = []
        for (key, kept), body in zip(some, await self._encoded(some), strict=True):
            values = {
                **_values(key),
                "since": kept.since,
                "state": kept.task.state.value,
                "results": self._count_results(kept.task),
            }
            if len(body) <= self._keep_bytes and (placed := await self._bodies.place(values, body)):
                changes.append(stored({**values, **placed}))
        if changes:
            await self._database.run(lambda it: _write_all(it, changes))

    async def _encoded(self, some: Group) -> list[bytes]:
        def encode() -> list[bytes]:
            return [body_of(key, kept.task, self._mask) for key, kept in some]

        return await anyio.to_thread.run_sync(encode)

    async def _remove_old(self) -> None:
        await self._remove_until(_TOO_OLD, {"keep": self._keep_seconds, "now": None})

    async def _remove_much(self) -> None:
        await self._remove_until(_TOO_MUCH, {"most": self._keep_bytes})

    async def _remove_until(self, which: str, values: Mapping[str, Any]) -> None:
        """Remove what is not newer than a time, some at once: no statement may take long."""
        found = await self._database.run(lambda it: rows(it, which, dict(values)))
        limit = {"until": found[0][0] if found else None}
        while await self._database.run(lambda it: rows(it, _REMOVE_SOME, limit)):
            pass


async def _write_all(connection: Connection, changes: Sequence[dict[str, Any]]) -> None:
    async with connection.cursor() as cursor:
        await cursor.executemany(_WRITE.encode(), changes)


def _groups(batch: Mapping[Key, KeptTask]) -> Iterator[Group]:
    """Yield results that are written together; a large one is alone, since each is in memory.

    All processes have one order: two that write the same results do not wait for each other.
    """
    small: list[tuple[Key, KeptTask]] = []
    for key, kept in sorted(batch.items(), key=itemgetter(0)):
        if is_large(kept.task):
            yield [(key, kept)]
        else:
            small.append((key, kept))
    for at in range(0, len(small), TOGETHER):
        yield small[at : at + TOGETHER]


def _values(key: Key) -> dict[str, Any]:
    return dict(zip(("owner", "agent", "task_id"), key, strict=True))
