"""How long lists and look-ups take in a task map of a million rows: in SQLite and in PostgreSQL.

    uv run python bench/many_rows.py              # a million rows of 500 callers, and of one caller
    uv run python bench/many_rows.py 50000        # so many rows

Exit status 1 where the 95th percentile of a read is above its limit, or PostgreSQL reads a table
without an index. The database is that of the tests, with its default settings, on this machine.
"""

import asyncio
import base64
import contextlib
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Final

from servers import ROOT

sys.path.insert(0, str(ROOT / "tests"))

import postgres
import psycopg

from a2a_mcp.a2a.model import TaskState
from a2a_mcp.store.base import Store
from a2a_mcp.store.postgres.database import Database
from a2a_mcp.store.postgres.store import PostgresTaskStore
from a2a_mcp.store.sqlite.store import SqliteTaskStore

ROWS: Final = 1_000_000
CALLERS: Final = (500, 1)
READS: Final = 400
LIMIT_MS: Final = 5.0

_ROW: Final = (
    "'o' || n % {callers}, 'a' || n % 7, 'm' || n, 't' || n, 'c' || n / 3, "
    "CASE WHEN n % 997 = 0 THEN 'working' WHEN n % 11 = 0 AND n % 7 <> 3 THEN 'failed' "
    "ELSE 'completed' END, "
    "{now} - n, {now} - n"
)
_INSERT: Final = (
    "INSERT INTO tasks (owner, agent, message_id, task_id, context_id, state, created, updated) "
)
_POSTGRES: Final = f"{_INSERT}SELECT {_ROW} FROM generate_series(1, {{rows}}) AS n"
_SQLITE: Final = (
    f"{_INSERT}WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < {{rows}}) "
    f"SELECT {_ROW} FROM i"
)
_SETTLED: Final = "SELECT count(*) FROM settled"
_SCANS: Final = "SELECT seq_scan FROM pg_stat_user_tables WHERE relid = 'tasks'::regclass"

Read = Callable[[int], Awaitable[object]]


@contextlib.asynccontextmanager
async def in_postgres(folder: Path, rows: int, callers: int) -> AsyncIterator[Store]:
    """Open a store with so many rows in PostgreSQL; complain where reads scan the table."""
    url = postgres.database(folder)
    store = PostgresTaskStore(Database(url, most=2))
    await store.claimed("the first call makes the tables")
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        filled = _POSTGRES.format(rows=rows, callers=callers, now="extract(epoch FROM now())")
        await connection.execute(filled.encode())
        await connection.execute("VACUUM ANALYZE tasks")
        before = await _scans(connection)
        yield store
        await store.close()  # a connection tells what it did when it ends
        print(f"PostgreSQL: {await _scans(connection) - before} reads of the whole table")


async def _scans(connection: psycopg.AsyncConnection[tuple[int, ...]]) -> int:
    await asyncio.sleep(1)
    (found,) = await (await connection.execute(_SCANS)).fetchone() or (0,)
    return found


@contextlib.asynccontextmanager
async def in_sqlite(folder: Path, rows: int, callers: int) -> AsyncIterator[Store]:
    """Open a store with so many rows in a file, settled as after some minutes."""
    store = SqliteTaskStore(folder, max_ended=rows)  # by itself it keeps fewer
    await store.begin(owner="nobody", agent="a", message_id="the first row makes the file")
    with contextlib.closing(sqlite3.connect(folder / "tasks.db")) as file:
        file.execute(_SQLITE.format(rows=rows, callers=callers, now=time.time()))
        file.commit()
        async with asyncio.TaskGroup() as group:
            tending = group.create_task(store.tend())
            while file.execute(_SETTLED).fetchone()[0] < rows * 0.999:  # noqa: ASYNC110
                await asyncio.sleep(1)
            tending.cancel()
    yield store
    await store.close()


def reads(store: Store, callers: int) -> dict[str, Read]:
    """Return what is asked of the row with a number, by name."""
    failed = TaskState.FAILED
    return {
        "list": lambda n: store.list(f"o{n % callers}"),
        "list, a page far back": lambda n: store.list(f"o{n % callers}", cursor=_far(n)),
        "list of an agent": lambda n: store.list(f"o{n % callers}", agent=f"a{n % 7}"),
        "list in a state": lambda n: store.list(f"o{n % callers}", state=failed),
        "list of an agent in a state": lambda n: store.list(
            f"o{n % callers}", agent=f"a{n % 7}", state=failed
        ),
        "list of an agent in a state of others only": lambda n: store.list(
            f"o{n % callers}", agent="a3", state=failed
        ),
        "list unfinished": lambda n: store.list(f"o{n % callers}", unfinished=True),
        "list unfinished of an agent": lambda n: store.list(
            f"o{n % callers}", agent=f"a{n % 7}", unfinished=True
        ),
        "find": lambda n: store.find(f"o{n % callers}", f"t{n}"),
        "find by message": lambda n: store.find(f"o{n % callers}", f"pending-m{n}"),
        "find a conversation": lambda n: store.find_context(f"o{n % callers}", f"c{n // 3}"),
    }


def _far(number: int) -> str:
    return base64.b64encode(f"{time.time() - number} 1".encode()).decode()


async def measured(store: Store, rows: int, callers: int) -> dict[str, list[float]]:
    """Return the milliseconds of each read, in turns, by name."""
    asked = reads(store, callers)
    found: dict[str, list[float]] = {name: [] for name in asked}
    for number in range(1, rows, max(1, rows // READS)):
        for name, one in asked.items():
            began = time.perf_counter()
            await one(number)
            found[name].append((time.perf_counter() - began) * 1e3)
    return found


def shown(place: str, callers: int, found: dict[str, list[float]]) -> bool:
    """Print a line for each read; return whether all are within the limit."""
    late = {name: statistics.quantiles(it, n=20)[-1] for name, it in found.items()}
    for name, it in found.items():
        print(
            f"{place:10} {callers:3} callers, {name}: median {statistics.median(it):.2f} ms, "
            f"p95 {late[name]:.2f} ms{'' if late[name] <= LIMIT_MS else '  MISSED'}",
            flush=True,
        )
    return max(late.values()) <= LIMIT_MS


async def main() -> bool:
    """Measure both with each number of callers; return whether all are within the limit."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    met = True
    for callers in CALLERS:
        for place, filled in (("SQLite", in_sqlite), ("PostgreSQL", in_postgres)):
            with tempfile.TemporaryDirectory() as folder:
                async with filled(Path(folder), rows, callers) as store:
                    met &= shown(place, callers, await measured(store, rows, callers))
    return met


if __name__ == "__main__":
    sys.exit(not asyncio.run(main()))
