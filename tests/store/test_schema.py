"""The tables of a database: made once, and shared by replicas of neighbouring versions."""

from __future__ import annotations

from pathlib import Path

import anyio
import postgres
import psycopg
import pytest
from staging import until

from a2a_mcp.errors import StoreUnavailable

if not postgres.IS_HERE:
    pytest.skip("the wheel is made for Linux and macOS only", allow_module_level=True)

from a2a_mcp.store.postgres import schema
from a2a_mcp.store.postgres.database import Connection, Database

pytestmark = pytest.mark.anyio

ALL = list(range(1, len(schema.MIGRATIONS) + 1))
INDEXES_TASKS = next(
    number
    for number, statements in enumerate(schema.MIGRATIONS)
    if number and any(" tasks_ended ON tasks " in statement for statement in statements)
)
"""How many migrations come before the one that adds an index to the tasks."""


async def started(url: str) -> None:
    """Start as a replica does, and end."""
    database = Database(url, most=2)
    try:
        await database.run(lambda it: it.execute("SELECT 1"))
    finally:
        await database.close()


def versions(url: str) -> list[int]:
    with psycopg.connect(url) as connection:
        return [n for (n,) in connection.execute("SELECT n FROM schema_version ORDER BY n")]


async def test_of_eight_replicas_that_start_at_once_one_makes_the_tables(tmp_path: Path) -> None:
    url = postgres.database(tmp_path)
    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            for _ in range(8):
                group.start_soon(started, url)
    assert versions(url) == ALL


@pytest.mark.parametrize(("oldest", "starts"), [(1, True), (len(schema.MIGRATIONS) + 1, False)])
async def test_an_older_replica_starts_on_tables_of_a_newer_one_that_only_has_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, oldest: int, starts: bool
) -> None:
    url = postgres.database(tmp_path)
    with monkeypatch.context() as newer:
        newer.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, ("CREATE TABLE more (n int)",)))
        newer.setattr(schema, "OLDEST", oldest)
        await started(url)
    made = versions(url)
    if starts:
        await started(url)
    else:
        with pytest.raises(StoreUnavailable, match="later version of this server made"):
            await started(url)
    assert versions(url) == made


async def test_a_newer_replica_adds_its_tables_to_those_of_an_older_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres.database(tmp_path)
    await made_by_version(1, url, monkeypatch)
    await started(url)
    assert versions(url) == ALL


async def test_a_migration_lets_those_pass_that_come_while_it_waits_for_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "LIMITS", ("SET LOCAL lock_timeout = '50ms'",))
    monkeypatch.setattr(schema, "TABLE_SECONDS", 0.05)
    monkeypatch.setattr(schema, "TABLE_TRIES", 1_000)
    url = postgres.database(tmp_path)
    await made_by_version(INDEXES_TASKS, url, monkeypatch)
    async with await writing_tasks(url) as long, anyio.create_task_group() as group:
        group.start_soon(started, url)
        await until(lambda: waits_for_tasks(long))
        with anyio.fail_after(20):
            async with await writing_tasks(url):
                pass
        await long.rollback()
    assert versions(url) == ALL


async def test_a_migration_that_never_gets_a_table_is_an_error_and_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "LIMITS", ("SET LOCAL lock_timeout = '50ms'",))
    monkeypatch.setattr(schema, "TABLE_SECONDS", 0.0)
    url = postgres.database(tmp_path)
    await made_by_version(INDEXES_TASKS, url, monkeypatch)
    database = Database(url, most=2)
    try:
        async with await writing_tasks(url):
            with anyio.fail_after(20), pytest.raises(StoreUnavailable, match="tables are in use"):
                await database.run(lambda it: it.execute("SELECT 1"))
            assert "tables are in use" in str(database.problem)
        await database.run(lambda it: it.execute("SELECT 1"))
        assert database.problem is None
    finally:
        await database.close()
    assert versions(url) == ALL


async def test_who_finds_another_process_at_it_for_long_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "TURN_TRIES", 2)
    url = postgres.database(tmp_path)
    with psycopg.connect(url) as other:
        other.execute("SELECT pg_advisory_lock(%s)", (schema.LOCK,))
        with anyio.fail_after(20), pytest.raises(StoreUnavailable, match="Another process"):
            await started(url)
    await started(url)


async def test_who_ends_during_a_migration_ends_at_once_and_leaves_nothing_half_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres.database(tmp_path)
    await made_by_version(INDEXES_TASKS, url, monkeypatch)
    async with await writing_tasks(url) as long:
        with anyio.fail_after(20):
            async with anyio.create_task_group() as group:
                group.start_soon(started, url)
                await until(lambda: waits_for_tasks(long))
                group.cancel_scope.cancel()
        assert versions(url) == ALL[:INDEXES_TASKS]
    await started(url)
    assert versions(url) == ALL


async def made_by_version(number: int, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the tables as a version of the bridge does that knows so many migrations."""
    with monkeypatch.context() as older:
        older.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:number])
        await started(url)


async def writing_tasks(url: str) -> Connection:
    """Return a connection that holds what a change of a task holds until its end."""
    connection: Connection = await psycopg.AsyncConnection.connect(url)
    await connection.execute("LOCK TABLE tasks IN ROW EXCLUSIVE MODE")
    return connection


async def waits_for_tasks(connection: Connection) -> bool:
    """Return whether somebody waits for the table of tasks."""
    found = await connection.execute(
        "SELECT 1 FROM pg_locks WHERE relation = 'tasks'::regclass AND NOT granted"
    )
    return bool(await found.fetchall())
