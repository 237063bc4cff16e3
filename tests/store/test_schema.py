"""The tables of a database: made once, and shared by replicas of neighbouring versions."""

from __future__ import annotations

from pathlib import Path

import anyio
import postgres
import psycopg
import pytest

from a2a_mcp.errors import StoreUnavailable

if not postgres.IS_HERE:
    pytest.skip("the wheel is made for Linux and macOS only", allow_module_level=True)

from a2a_mcp.store.postgres import schema
from a2a_mcp.store.postgres.database import Database

pytestmark = pytest.mark.anyio


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
    assert versions(url) == list(range(1, len(schema.MIGRATIONS) + 1))


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
    tmp_path: Path,
) -> None:
    url = postgres.database(tmp_path)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE schema_version (n int NOT NULL)")
        for statement in schema.MIGRATIONS[0]:
            connection.execute(statement.encode())
        connection.execute("INSERT INTO schema_version VALUES (1)")
    await started(url)
    assert versions(url) == list(range(1, len(schema.MIGRATIONS) + 1))
