"""A database that another server has taken over: the old one answers, and may not write."""

from __future__ import annotations

from pathlib import Path

import postgres
import pytest

if not postgres.IS_HERE:
    pytest.skip("the wheel is made for Linux and macOS only", allow_module_level=True)

from a2a_mcp.errors import StoreUnavailable
from a2a_mcp.store.postgres.call_rates import PostgresRates
from a2a_mcp.store.postgres.database import Connection, Database
from a2a_mcp.store.postgres.queries import rows
from a2a_mcp.store.postgres.store import PostgresTaskStore
from a2a_mcp.store.postgres.tickets import PostgresTickets

pytestmark = pytest.mark.anyio


async def _end_writing(connection: Connection) -> None:
    await connection.execute("SET default_transaction_read_only = on")


async def test_a_server_that_may_not_write_is_away_and_its_connection_is_not_used_again(
    tmp_path: Path,
) -> None:
    database = Database(postgres.database(tmp_path), most=1)
    place = PostgresTickets(database)
    try:
        await database.run(_end_writing)
        with pytest.raises(StoreUnavailable, match="nothing was sent"):
            await place.add("name", "corp:ann", "it", b"sealed")
        await place.add("name", "corp:ann", "it", b"sealed")
        assert await place.get("name")
    finally:
        await database.close()


async def test_a_limit_is_counted_here_meanwhile(tmp_path: Path) -> None:
    database = Database(postgres.database(tmp_path), most=1)
    try:
        await database.run(_end_writing)
        rates = PostgresRates(database, lambda: 0.0)
        assert await rates.take("corp:ann", 60, 0.0) == 0.0
        assert await database.run(lambda it: rows(it, "SELECT * FROM call_rates", {})) == []
    finally:
        await database.close()


async def test_who_asks_whether_calls_may_come_is_told_of_it(tmp_path: Path) -> None:
    database = Database(postgres.database(tmp_path), most=1)
    tasks = PostgresTaskStore(database)
    try:
        await database.run(_end_writing)
        with pytest.raises(StoreUnavailable):
            await tasks.look()
        assert tasks.problem
        await tasks.look()
        assert tasks.problem is None
    finally:
        await database.close()
