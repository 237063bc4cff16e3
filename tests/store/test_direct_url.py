"""A database behind a pooler: what needs a session goes past it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import anyio
import postgres
import pytest

if not postgres.IS_HERE:
    pytest.skip("the wheel is made for Linux and macOS only", allow_module_level=True)

from a2a_mcp.store.postgres.database import Database
from a2a_mcp.store.postgres.logins import PostgresLogins
from a2a_mcp.store.postgres.queries import rows
from a2a_mcp.store.postgres.store import PostgresTaskStore

pytestmark = pytest.mark.anyio

OTHERS = (
    "SELECT application_name, query FROM pg_stat_activity "
    "WHERE application_name IN (%(pooled)s, %(direct)s)"
)


async def test_locks_and_what_listens_go_past_the_pooler_and_all_else_through_it(
    tmp_path: Path,
) -> None:
    url, names = postgres.database(tmp_path), {"pooled": "pooled", "direct": "direct"}
    through, past = (f"{url}&application_name={name}" for name in names)
    database = Database(through, most=2, direct=past)
    tasks, logins = PostgresTaskStore(database), PostgresLogins(database)

    async def seen(what: Callable[[str], bool]) -> set[str]:
        found = await database.run(lambda it: rows(it, OTHERS, names))
        return {name for name, query in found if what(query)}

    with anyio.fail_after(20):
        async with anyio.create_task_group() as group, logins.held("a"):
            group.start_soon(tasks.hear_stops, lambda _: None)
            while not await seen(lambda query: "current_schema" in query):  # noqa: ASYNC110
                await anyio.sleep(0.01)
            assert await seen(lambda query: "current_schema" in query) == {"direct"}
            assert await seen(lambda query: "pg_try_advisory_lock" in query) == {"direct"}
            assert await seen(lambda query: "pg_stat_activity" in query) == {"pooled"}
            for _ in range(10):  # psycopg prepares what comes often
                await tasks.find("local", "t1")
            prepared = await database.run(
                lambda it: rows(it, "SELECT count(*) FROM pg_prepared_statements", {})
            )
            assert prepared == [(0,)]
            group.cancel_scope.cancel()
    await database.close()
