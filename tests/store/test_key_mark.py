"""The state key that all processes of a database have."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import postgres
import psycopg
import pytest

from a2a_mcp.errors import StoreRefused

if not postgres.IS_HERE:
    pytest.skip("the wheel is made for Linux and macOS only", allow_module_level=True)

from a2a_mcp.store.postgres.database import Database
from a2a_mcp.store.postgres.key_mark import ready_for

pytestmark = pytest.mark.anyio

KEY = b"k" * 32


async def opened_with(key: bytes, folder: Path) -> str | None:
    """Use the database as a process does; return its problem."""
    database = Database(postgres.database(folder), most=1, prepare=ready_for(key))
    with suppress(StoreRefused):
        await database.run(lambda it: it.execute("SELECT 1"))
    await database.close()
    return database.problem


async def test_a_process_with_another_key_is_refused_each_time(tmp_path: Path) -> None:
    assert await opened_with(KEY, tmp_path) is None
    for _ in range(2):
        assert "state_key is another one" in (await opened_with(b"o" * 32, tmp_path) or "")
    assert await opened_with(KEY, tmp_path) is None
    with psycopg.connect(postgres.database(tmp_path)) as connection:
        found = connection.execute("SELECT mark FROM state_key").fetchall()
        assert KEY.decode() not in str(found)
