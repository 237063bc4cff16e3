"""What `/readyz` says while the real store hangs, no later than a balancer waits for it."""

import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Final

import httpx
import postgres
import pytest

from a2a_mcp.store.sqlite.store import SqliteTaskStore
from e2e.bridges import Home, free_port, until

pytestmark = pytest.mark.anyio

KEY: Final = "a key that is as long as it must be, 32 bytes"
BOUND: Final = 1.5
SLACK: Final = 6
"""Of a busy machine; a call that needs the store waits for it longer."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the file of a state folder so that no other process can even read it."""
    with closing(sqlite3.connect(folder / "tasks.db", isolation_level=None)) as holder:
        holder.execute("PRAGMA locking_mode = EXCLUSIVE")
        holder.execute("BEGIN EXCLUSIVE")
        yield


@pytest.fixture
async def admin_port(home: Home) -> int:
    return free_port()


@pytest.fixture(params=["a locked file", "a frozen database"])
async def store(
    request: pytest.FixtureRequest, home: Home, admin_port: int
) -> AsyncIterator[tuple[AbstractContextManager[None], bool]]:
    """What makes the store of a bridge hang while it is entered, and whether it is used before."""
    admin = {"port": admin_port}
    if request.param == "a frozen database":
        store = {"url": postgres.database(home.folder)}
        home.configure({}, admin=admin, store=store, state_key=KEY)
        yield postgres.frozen(), True
        return
    home.configure({}, admin=admin)
    tasks = SqliteTaskStore(home.folder)
    await tasks.look()
    await tasks.close()
    yield locked(home.folder), False  # while it is open, nobody can


async def test_a_store_that_hangs_is_told_in_time_and_is_used_again_afterwards(
    home: Home, admin_port: int, store: tuple[AbstractContextManager[None], bool]
) -> None:
    hanging, opens_before = store
    admin = f"http://127.0.0.1:{admin_port}"
    async with home.serving() as served, httpx.AsyncClient(timeout=20) as client:

        async def is_ready() -> bool:
            return (await client.get(f"{served.origin}/readyz")).status_code == 200

        if opens_before:
            await until(is_ready)
        with hanging:
            began = time.monotonic()
            public = await client.get(f"{served.origin}/readyz")
            assert time.monotonic() - began < BOUND + SLACK
            assert (public.status_code, public.json()) == (503, {"ok": False})
            told = await client.get(f"{admin}/readyz")
            assert told.status_code == 503
            assert "task" in told.json()["problem"]
            shown = (await client.get(f"{admin}/status.json")).json()
            assert (shown["ready"], shown["store"]) == (False, "fails")
            assert (await client.get(f"{served.origin}/healthz")).status_code == 200
        await until(is_ready)
        assert (await client.get(f"{admin}/status.json")).json()["store"] == "works"
