"""The rows of a database as they are moved, while no bridge lives on it."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, TypeAlias

from psycopg import AsyncConnection, AsyncCursor, Error

from a2a_mcp.errors import StoreUnavailable
from a2a_mcp.store.moving.places import Absent, Place, Row, Table
from a2a_mcp.store.postgres.database import CONNECTION, Connection
from a2a_mcp.store.postgres.key_mark import check_key
from a2a_mcp.store.postgres.queries import rows as all_rows
from a2a_mcp.store.postgres.records import NOW, read_text, stored
from a2a_mcp.store.postgres.schema import check_known, migrate

LOCK: Final = 6_369_903
"""The advisory lock of a move: two at once would only hinder each other."""

BOUND: Final = re.compile(r"(?<!:):([a-z_]+)")

Derived: TypeAlias = Callable[[Row], Mapping[str, Any]]
"""Further columns of a table, which are read out of a row."""

_ALIVE: Final = f"SELECT count(*) FROM readers WHERE seen > {NOW} - %(alive)s"  # noqa: S608
_TABLES: Final = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"


class PostgresPlace(Place):
    """The rows of one table; some are read at a time on one connection, and sought on another."""

    def __init__(
        self, reading: Connection, writing: Connection, table: Table, derived: Derived | None
    ) -> None:
        self._reading = reading
        self._writing = writing
        self._table = table
        self._derived = derived

    async def count(self) -> int:
        """Return how many rows there are."""
        query = f"SELECT count(*) FROM ({self._table.postgres.read}) AS them"  # noqa: S608
        with _told():
            ((number,),) = await all_rows(self._writing, query, {})
        return int(number)

    async def batches(self) -> AsyncGenerator[list[Row], None]:
        """Yield all rows as they are at this moment."""
        with _told():
            async with (
                self._reading.transaction(),
                self._reading.cursor(name="moving") as found,
            ):
                await found.execute(self._table.postgres.read.encode())
                while rows := await found.fetchmany(self._table.at_once):
                    yield list(map(_read, rows))

    async def find(self, rows: Sequence[Row]) -> list[Row | None]:
        """Return for each row the one that stands here in its place."""
        with _told():
            async with self._writing.cursor() as found:
                statement = _bound(self._table.postgres.find)
                await found.executemany(statement, self._values(rows), returning=True)
                return [await _next(found) for _ in rows]

    async def write(self, rows: Sequence[Row]) -> None:
        """Write the rows in one transaction."""
        with _told():
            async with self._writing.transaction(), self._writing.cursor() as written:
                for statement in self._table.postgres.write:
                    await written.executemany(_bound(statement), self._values(rows))

    def _values(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        derived = self._derived or _nothing
        return [stored({**self._table.values(row), **derived(row)}) for row in rows]


@asynccontextmanager
async def database_places(
    url: str,
    tables: Sequence[Table],
    derived: Mapping[str, Derived],
    *,
    alive_seconds: float,
    key: bytes,
    make: bool,
) -> AsyncIterator[dict[str, Place]]:
    """Yield a place by the title of each table, on a database on which no bridge lives.

    A bridge counts as alive for `alive_seconds` after its last word; `key` is the state key. `make`
    brings the database to this version's schema; else what is missing stays absent. By the title of
    a table `derived` returns more of a row. Raises StoreUnavailable.
    """
    with _told():
        reading: Connection = await AsyncConnection.connect(url, **CONNECTION)
        writing: Connection = await AsyncConnection.connect(url, **CONNECTION)
    async with reading, writing:
        with _told():
            await _have_alone(writing, alive_seconds, make=make)
            await _check_key(writing, key)
            made = {name for (name,) in await all_rows(writing, _TABLES, {})}
        yield {
            table.title: PostgresPlace(reading, writing, table, derived.get(table.title))
            if table.postgres.name in made
            else Absent()
            for table in tables
        }


async def _have_alone(connection: Connection, alive_seconds: float, *, make: bool) -> None:
    ((is_held,),) = await all_rows(connection, f"SELECT pg_try_advisory_lock({LOCK})", {})
    if not is_held:
        raise StoreUnavailable("The database is in use: another move runs.", "Wait for its end.")
    if make:
        await migrate(connection)
    if ("schema_version",) not in await all_rows(connection, _TABLES, {}):
        return
    await check_known(connection)
    ((alive,),) = await all_rows(connection, _ALIVE, {"alive": alive_seconds, "now": None})
    if alive:
        raise StoreUnavailable(
            f"The database is in use: within {alive_seconds:g} s bridges have said that they live "
            f"({alive}).",
            f"End every bridge that uses it, and wait {alive_seconds:g} s.",
        )


async def _check_key(connection: Connection, key: bytes) -> None:
    """Refuse another key than that of the bridges; a move leaves it to them to say which it is."""
    if ("state_key",) in await all_rows(connection, _TABLES, {}):
        await check_key(connection, key)


def _read(row: Row) -> Row:
    return tuple(read_text(it) if type(it) is str else it for it in row)


async def _next(found: AsyncCursor[Row]) -> Row | None:
    """Return the row that was found for the next of the values; None where none was."""
    row = await found.fetchone()
    found.nextset()
    return _read(row) if row else None


def _nothing(row: Row) -> Mapping[str, Any]:
    return {}


def _bound(statement: str) -> bytes:
    return BOUND.sub(r"%(\1)s", statement).encode()


@contextmanager
def _told() -> Iterator[None]:
    """Raise StoreUnavailable in the place of what psycopg raises."""
    try:
        yield
    except Error as fault:
        reason = str(fault).partition("\n")[0]
        raise StoreUnavailable(
            f"The database cannot be used ({reason}).",
            "See to it, and run the same command again: it goes on where it has stopped.",
        ) from fault
