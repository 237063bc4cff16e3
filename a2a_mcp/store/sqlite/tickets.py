# ruff: noqa: S608 - statements are made of words of this module alone; values are bound
"""The file `sign-ins.db`: the tickets of sign-ins under way, readable by its user only.

The processes of one machine share it. Each use opens it, and nothing in it outlives its process, so
it is not made safe against a power cut.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from anyio import to_thread

from a2a_mcp.errors import StoreUnavailable
from a2a_mcp.store import tickets
from a2a_mcp.store.sqlite.logins import WAIT_SECONDS, prepare
from a2a_mcp.store.tickets import KeptTicket, TicketPlace

TABLE: Final = """
    CREATE TABLE IF NOT EXISTS sign_ins (
        name TEXT PRIMARY KEY,
        owner TEXT NOT NULL,
        agent TEXT NOT NULL,
        sealed BLOB NOT NULL,
        version INTEGER NOT NULL DEFAULT 0,
        seen REAL NOT NULL
    )"""
ALIVE: Final = "abs(seen - :now) < :dead"
ADD: Final = (
    "INSERT INTO sign_ins (name, owner, agent, sealed, seen) "
    "VALUES (:name, :owner, :agent, :sealed, :now)"
)
GET: Final = f"SELECT name, version, sealed FROM sign_ins WHERE name = :name AND {ALIVE}"
OF: Final = (
    f"SELECT name, version, sealed FROM sign_ins WHERE owner = :owner AND agent = :agent "
    f"AND {ALIVE} ORDER BY rowid DESC"
)
REPLACE: Final = (
    "UPDATE sign_ins SET sealed = :sealed, version = version + 1, seen = :now "
    "WHERE name = :name AND version = :version"
)


class TicketFile(TicketPlace):
    """The rows of the file in a state folder, which is made for the first of them."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "sign-ins.db"

    async def add(self, name: str, owner: str, agent: str, sealed: bytes) -> None:
        """Write a row; those of dead processes go."""
        await self._run(f"DELETE FROM sign_ins WHERE NOT ({ALIVE})")
        await self._run(ADD, name=name, owner=owner, agent=agent, sealed=sealed)

    async def get(self, name: str) -> KeptTicket | None:
        """Return a row."""
        found, _ = await self._run(GET, name=name)
        return found[0] if found else None

    async def of(self, owner: str, agent: str) -> Sequence[KeptTicket]:
        """Return the rows of an owner at an agent."""
        found, _ = await self._run(OF, owner=owner, agent=agent)
        return found

    async def replace(self, name: str, version: int, sealed: bytes) -> bool:
        """Write a row, unless another process was first."""
        _, changed = await self._run(REPLACE, name=name, version=version, sealed=sealed)
        return changed == 1

    async def hold(self, name: str) -> None:
        """Say that the process lives."""
        await self._run("UPDATE sign_ins SET seen = :now WHERE name = :name", name=name)

    async def close(self) -> None:
        """Nothing stays open."""

    async def _run(self, statement: str, **values: Any) -> tuple[list[KeptTicket], int]:
        """Return the rows of a statement, and how many it has changed.

        Another process may have the file for seconds, and nobody else may wait for that.
        """
        return await to_thread.run_sync(self._done, statement, values)

    def _done(self, statement: str, values: dict[str, Any]) -> tuple[list[KeptTicket], int]:
        bound = values | {"now": time.time(), "dead": tickets.DEAD_SECONDS}
        with self._open() as file:
            done = file.execute(statement, bound)
            rows = [KeptTicket(name, version, bytes(sealed)) for name, version, sealed in done]
            return rows, done.rowcount

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            prepare(self._path)
            with closing(sqlite3.connect(self._path, WAIT_SECONDS, isolation_level=None)) as file:
                file.execute("PRAGMA secure_delete = ON").fetchall()
                file.execute("PRAGMA synchronous = OFF")
                file.execute(TABLE)
                yield file
        except (OSError, sqlite3.Error) as fault:
            raise StoreUnavailable(
                f"Sign-ins cannot be kept: {self._path} cannot be used ({fault})",
                "Ask the user to check the state folder of this server.",
            ) from fault
