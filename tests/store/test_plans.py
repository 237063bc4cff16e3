"""However a list is filtered, PostgreSQL reads little more than the page; upkeep little more than
what goes."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import postgres
import psycopg
import pytest

if not postgres.IS_HERE:
    pytest.skip("the wheel is made for Linux and macOS only", allow_module_level=True)

from a2a_mcp.a2a.model import TaskState
from a2a_mcp.store.objects import ObjectStorage
from a2a_mcp.store.postgres import bodies, queries, upkeep
from a2a_mcp.store.postgres.audit import PostgresAudit
from a2a_mcp.store.postgres.bodies import Bodies
from a2a_mcp.store.postgres.database import Connection, check_writable
from a2a_mcp.store.postgres.records import stored
from a2a_mcp.store.postgres.results import PostgresResults
from a2a_mcp.store.postgres.store import PostgresTaskStore

pytestmark = pytest.mark.anyio

ROWS: Final = 20_000
MOST: Final = 200
_FILL: Final = (
    "INSERT INTO tasks (owner, agent, message_id, task_id, context_id, state, created, updated) "
    "SELECT 'o', 'a' || n % 7, 'm' || n, 't' || n, 'c' || n / 3, CASE WHEN n % 997 = 0 "
    "THEN 'working' WHEN n % 11 = 0 AND n % 7 <> 3 THEN 'failed' ELSE 'completed' END, n, n "
    f"FROM generate_series(1, {ROWS}) AS n"
)
YOUNG: Final = 1_000
MONTH: Final = 30 * 86_400.0
_EACH: Final = f"FROM generate_series(1, {YOUNG}) AS n"
_NOW: Final = "extract(epoch FROM now())"
_YOUNG: Final = (
    "INSERT INTO tasks (owner, agent, message_id, task_id, state, created, updated) "
    f"SELECT 'o', 'a', 'm' || n, 't' || n, 'completed', {_NOW}, {_NOW} {_EACH}",
    f"INSERT INTO claims SELECT 'm' || n, {_NOW} {_EACH}",
    f"INSERT INTO audit (at, action, outcome, line) SELECT now(), 'a', 'ok', '{{}}' {_EACH}",
    "INSERT INTO kept (owner, agent, task_id, since, state, results, body, object, object_bytes) "
    f"SELECT 'o', 'a', 't' || n, {_NOW}, 'completed', 1, '', 'object' || n, 9 {_EACH}",
    f"INSERT INTO objects SELECT 'object' || n, 0 {_EACH}",
)
FILTERS: Final = [
    {"agent": agent, "state": state, "unfinished": unfinished}
    for agent, state, unfinished in itertools.product(
        (None, "a3", "nobody"),
        (None, TaskState.FAILED, TaskState.WORKING, TaskState.REJECTED),
        (False, True),
    )
    if not (state and unfinished)
]


async def test_no_filter_walks_all_rows_of_a_caller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []

    async def explained(connection: Connection, statement: str, values: Any) -> list[Any]:
        asked = f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}".encode()
        ((found,),) = await (await connection.execute(asked, stored(values))).fetchall()
        (plan,) = json.loads(found) if isinstance(found, str) else found
        read.append(sum(map(_touched, _nodes(plan["Plan"]))))
        return []

    async with postgres.opened(tmp_path) as database:
        store = PostgresTaskStore(database)
        await store.look()
        with psycopg.connect(postgres.database(tmp_path), autocommit=True) as connection:
            connection.execute(_FILL.encode())
            connection.execute("VACUUM ANALYZE tasks")
        monkeypatch.setattr(queries, "_records", explained)
        for wanted in FILTERS:
            await store.list("o", **wanted)
            assert read[-1] <= MOST, wanted
        await store.find("o", "t77")
        await store.find_context("o", "c77")
    assert max(read) <= MOST


class Explained:
    """A connection that notes of each statement how many rows its steps touch."""

    def __init__(self, connection: Connection, read: list[int]) -> None:
        self._connection = connection
        self._read = read

    async def execute(self, statement: bytes, values: Any) -> Any:
        found = await self._connection.execute(
            b"EXPLAIN (ANALYZE, FORMAT JSON) " + statement, values
        )
        (((plan,),),) = await found.fetchall()
        self._read.append(sum(map(_touched, _nodes(plan["Plan"]))))
        return await self._connection.execute(statement, values)


async def test_upkeep_reads_no_more_than_what_it_removes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    monkeypatch.setattr(bodies, "SLICE", 20)
    async with postgres.opened(tmp_path) as database:
        await database.run(check_writable)
        with psycopg.connect(postgres.database(tmp_path), autocommit=True) as connection:
            for statement in _YOUNG:
                connection.execute(statement.encode())
            connection.execute("VACUUM ANALYZE tasks, claims, audit, kept, objects")
        run = database.run

        async def explained(work: Any) -> Any:
            return await run(lambda it: work(Explained(it, read)))

        monkeypatch.setattr(database, "run", explained)
        await database.run(lambda it: upkeep.remove_old_tasks(it, MONTH, None))
        await database.run(lambda it: upkeep.remove_other_old_rows(it, None))
        assert not await PostgresAudit(database, keep_days=30).remove_some()
        swept = Bodies(database, ObjectStorage(f"file://{tmp_path}"), 0)
        await swept.sweep()
        assert len(read) > YOUNG / 20
        assert max(read) <= MOST
        results = PostgresResults(
            database, keep_seconds=MONTH, keep_bytes=2**30, bodies=swept, count_results=len
        )
        await results.write({})
        assert max(read) <= YOUNG + MOST, "the sizes of all results are added up, and no more"


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)


def _touched(node: dict[str, Any]) -> int:
    """Return the rows that a step gave or threw away."""
    return int(node["Actual Rows"] * node["Actual Loops"]) + int(
        node.get("Rows Removed by Filter", 0)
    )
