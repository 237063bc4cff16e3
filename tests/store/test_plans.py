"""However a list is filtered, PostgreSQL reads little more than the page."""

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
from a2a_mcp.store.postgres import queries
from a2a_mcp.store.postgres.database import Connection
from a2a_mcp.store.postgres.records import stored
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


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)


def _touched(node: dict[str, Any]) -> int:
    """Return the rows that a step gave or threw away."""
    return int(node["Actual Rows"] * node["Actual Loops"]) + int(
        node.get("Rows Removed by Filter", 0)
    )
