"""Each table and column of either engine is moved, or it is said why not."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import moving
import postgres
import psycopg
import pytest

from a2a_mcp.store.moving.tables import NOT_MOVED, NOT_MOVED_COLUMNS, TABLES
from a2a_mcp.store.postgres.database import Database
from a2a_mcp.store.sqlite.store import SqliteTaskStore

pytestmark = pytest.mark.anyio


async def postgres_columns(folder: Path) -> set[str]:
    url = postgres.database(folder)
    database = Database(url, most=1)
    await database.run(lambda it: it.execute("SELECT 1"))
    await database.close()
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT table_name, column_name FROM information_schema.columns "
            "WHERE table_schema = current_schema()"
        ).fetchall()
    return {f"postgres {table}.{column}" for table, column in found}


async def sqlite_columns(folder: Path) -> set[str]:
    await moving.filled(folder)
    store = SqliteTaskStore(folder)
    await store.note_reader("one", (), ())
    await store.exchange_posts("one", ("name",), None)
    await store.close()
    return {
        f"sqlite {table}.{column}"
        for name in ("tasks.db", "logins.db")
        for table, column in _columns_in(folder / name)
    }


def _columns_in(path: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as file:
        return file.execute(
            "SELECT t.name, c.name FROM sqlite_schema AS t, pragma_table_info(t.name) AS c "
            "WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'"
        ).fetchall()


def moved_columns() -> set[str]:
    found = set()
    for table in TABLES:
        for engine, statements in (("postgres", table.postgres), ("sqlite", table.sqlite)):
            words = " ".join(statements.write) if statements else ""
            for written in re.findall(r"INSERT INTO (\w+)", words):
                found |= {f"{engine} {written}.{column}" for column in table.columns}
    return found


async def test_nothing_that_is_kept_is_left_out_unsaid(tmp_path: Path) -> None:
    kept = await postgres_columns(tmp_path) | await sqlite_columns(tmp_path)
    left = {
        name
        for name in kept - moved_columns() - NOT_MOVED_COLUMNS.keys()
        if name.partition(".")[0] not in NOT_MOVED
    }
    assert left == set()


async def test_no_reason_is_about_what_is_gone(tmp_path: Path) -> None:
    kept = await postgres_columns(tmp_path) | await sqlite_columns(tmp_path)
    tables = {name.partition(".")[0] for name in kept}
    assert NOT_MOVED.keys() - tables == set()
    assert NOT_MOVED_COLUMNS.keys() - kept == set()
