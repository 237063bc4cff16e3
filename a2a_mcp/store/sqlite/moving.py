"""The rows of `tasks.db` and `logins.db` as they are moved, while no bridge has the tasks open.

A bridge has it open from its first call to its end. Who holds the file alone keeps a bridge from
opening it, and cannot hold it while one has it open. One row costs microseconds, so all is done on
the event loop.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final

from a2a_mcp.errors import StoreUnavailable
from a2a_mcp.store.moving.places import Absent, Place, Row, Statements, Table
from a2a_mcp.store.sqlite import claims
from a2a_mcp.store.sqlite.file import TaskFile
from a2a_mcp.store.sqlite.logins import CLIENTS, TABLE, WAIT_SECONDS, prepare

IN_USE: Final = "The state folder {folder} is in use: a bridge or another command has it open."
IN_USE_NEXT: Final = "End every bridge that uses it, and the hosts that have started one."


class SqlitePlace(Place):
    """The rows of one table in an open file."""

    def __init__(self, file: sqlite3.Connection, table: Table, statements: Statements) -> None:
        self._file = file
        self._table = table
        self._statements = statements

    async def count(self) -> int:
        """Return how many rows there are."""
        query = f"SELECT count(*) FROM ({self._statements.read})"  # noqa: S608 - of `tables`
        ((number,),) = self._file.execute(query).fetchall()
        return int(number)

    async def batches(self) -> AsyncGenerator[list[Row], None]:
        """Yield all rows, some at a time."""
        found = self._file.execute(self._statements.read)
        while rows := found.fetchmany(self._table.at_once):
            yield rows

    async def find(self, rows: Sequence[Row]) -> list[Row | None]:
        """Return for each row the one that stands here in its place."""
        query = self._statements.find
        return [self._file.execute(query, self._table.values(row)).fetchone() for row in rows]

    async def write(self, rows: Sequence[Row]) -> None:
        """Write the rows in one transaction."""
        values = [self._table.values(row) for row in rows]
        with self._file:
            self._file.execute("BEGIN IMMEDIATE")
            for statement in self._statements.write:
                self._file.executemany(statement, values)


@contextmanager
def file_places(folder: Path, tables: Sequence[Table], *, make: bool) -> Iterator[dict[str, Place]]:
    """Yield a place by the title of each table that is in a file; nobody else has the tasks.

    With `make` files are made; else one that is missing stays absent. Raises StoreUnavailable.
    """
    with _told(folder), ExitStack() as stack:
        files = {
            name: stack.enter_context(_FILES[name](folder))
            for name in _FILES
            if make or (folder / name).exists()
        }
        yield {table.title: _place(table, table.sqlite, files) for table in tables if table.sqlite}


def _place(table: Table, statements: Statements, files: Mapping[str, sqlite3.Connection]) -> Place:
    file = files.get(statements.file)
    return SqlitePlace(file, table, statements) if file else Absent()


@contextmanager
def _tasks(folder: Path) -> Iterator[sqlite3.Connection]:
    """Open the tasks, alone."""
    _prepare(folder)
    with _opened(folder / "tasks.db") as file:
        _hold(file)
        file.execute(claims.TABLE)
        yield file


@contextmanager
def _logins(folder: Path) -> Iterator[sqlite3.Connection]:
    """Open the logins, which are in use for moments only."""
    path = folder / "logins.db"
    prepare(path)
    with _opened(path, WAIT_SECONDS) as file:
        file.execute("PRAGMA secure_delete = ON").fetchall()
        for table in (TABLE, CLIENTS):
            file.execute(table)
        yield file


_FILES: Final = {"tasks.db": _tasks, "logins.db": _logins}


def _opened(path: Path, wait_seconds: float = 0.0) -> closing[sqlite3.Connection]:
    return closing(sqlite3.connect(path, timeout=wait_seconds, isolation_level=None))


def _prepare(folder: Path) -> None:
    """Bring the file to this version's schema, as a bridge does when it opens it."""
    file = TaskFile(folder, "full")
    try:
        file.run(lambda it: it.execute("SELECT 1"))
        if file.problem:
            raise StoreUnavailable(
                f"The state folder {folder} cannot be used: {file.problem.partition(': ')[2]}",
                "See to the file, or run the version of a2a-mcp that made it.",
            )
    finally:
        file.close()


def _hold(file: sqlite3.Connection) -> None:
    """Have the file alone until it is closed."""
    file.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()
    file.execute("PRAGMA synchronous = FULL")
    file.execute("BEGIN EXCLUSIVE")
    file.execute("COMMIT")


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Raise StoreUnavailable in the place of what SQLite raises."""
    try:
        yield
    except BlockingIOError:
        raise StoreUnavailable(IN_USE.format(folder=folder), IN_USE_NEXT) from None
    except sqlite3.Error as fault:
        if getattr(fault, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
            raise StoreUnavailable(IN_USE.format(folder=folder), IN_USE_NEXT) from None
        raise StoreUnavailable(
            f"The state folder {folder} cannot be used ({fault}).",
            "See to its files, and try again.",
        ) from fault
