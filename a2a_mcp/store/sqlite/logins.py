"""The file `logins.db`: one sealed row for each owner and agent, readable by its user only.

Each use opens it, because logins change some times a day. It is never repaired or replaced: who
cannot read it is told, and the file stays.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

WAIT_SECONDS: Final = 5.0
TABLE: Final = """
    CREATE TABLE IF NOT EXISTS logins (
        owner TEXT NOT NULL,
        agent TEXT NOT NULL,
        sealed BLOB NOT NULL,
        PRIMARY KEY (owner, agent)
    )"""

CLIENTS: Final = """
    CREATE TABLE IF NOT EXISTS clients (
        server TEXT NOT NULL,
        address TEXT NOT NULL,
        client TEXT NOT NULL,
        PRIMARY KEY (server, address)
    )"""


class LoginFile:
    """The rows of one file; every method raises OSError where the file cannot be used."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, owner: str, agent: str) -> bytes | None:
        """Return the sealed row of an owner and an agent."""
        query = "SELECT sealed FROM logins WHERE owner = ? AND agent = ?"
        with self._open() as file:
            row = file.execute(query, (owner, agent)).fetchone()
        return bytes(row[0]) if row else None

    def put(self, owner: str, agent: str, sealed: bytes) -> None:
        """Write a row, in the place of an earlier one."""
        with self._open() as file:
            file.execute("INSERT OR REPLACE INTO logins VALUES (?, ?, ?)", (owner, agent, sealed))

    def remove(self, owner: str, agent: str) -> None:
        """Remove a row, and what it held from the file."""
        with self._open() as file:
            file.execute("DELETE FROM logins WHERE owner = ? AND agent = ?", (owner, agent))

    def all(self) -> list[tuple[str, str, bytes]]:
        """Return all rows, by owner and agent."""
        with self._open() as file:
            rows = file.execute("SELECT owner, agent, sealed FROM logins ORDER BY owner, agent")
            return [(owner, agent, bytes(sealed)) for owner, agent, sealed in rows]

    def client(self, server: str, address: str) -> str | None:
        """Return the client that has registered itself at a server, with this address."""
        query = "SELECT client FROM clients WHERE server = ? AND address = ?"
        with self._open() as file:
            row = file.execute(query, (server, address)).fetchone()
        return str(row[0]) if row else None

    def put_client(self, server: str, address: str, client: str) -> None:
        """Write a client, in the place of an earlier one."""
        with self._open() as file:
            file.execute(
                "INSERT OR REPLACE INTO clients VALUES (?, ?, ?)", (server, address, client)
            )

    def remove_clients(self, server: str) -> None:
        """Remove the clients at a server."""
        with self._open() as file:
            file.execute("DELETE FROM clients WHERE server = ?", (server,))

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        prepare(self._path)
        try:
            with closing(sqlite3.connect(self._path, WAIT_SECONDS, isolation_level=None)) as file:
                file.execute("PRAGMA secure_delete = ON").fetchall()
                file.execute("PRAGMA synchronous = FULL")
                file.execute(TABLE)
                file.execute(CLIENTS)
                yield file
        except sqlite3.Error as fault:
            raise OSError(f"{self._path} cannot be used ({fault})") from fault


def prepare(path: Path) -> None:
    """Make the file, readable by its user only, if there is none."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
