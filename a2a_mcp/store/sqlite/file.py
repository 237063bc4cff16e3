"""The file `tasks.db`: opened, checked, renamed when damaged, replaced by memory when unusable.

Synchronous, and it never waits: while another process holds the file it raises BlockingIOError, and
the caller tries again later. It must never change a file of a newer schema, never delete a file
that it cannot read (it renames it), and never fail a call because of the disk (it goes on in
memory).
"""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Final, Literal, TypeVar

from a2a_mcp.store.file_lock import locked
from a2a_mcp.store.sqlite.schema import BY_MESSAGE, SCHEMA, SCHEMA_VERSION, SETTLED, TITLES

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_Identity = tuple[int, int]
_Damage = tuple[sqlite3.Error, _Identity | None]

_BUSY: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL})
_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_CUT_SHORT: Final = sqlite3.SQLITE_IOERR_SHORT_READ
_DISK: Final = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_NOLFS,
    }
)


class _NewerSchema(Exception):
    """The file was written by a later version of the bridge."""


class TaskFile:
    """`tasks.db` of one folder, opened at the first `run`; `folder` None keeps all in memory.

    `problem` is None, or one sentence that says why tasks are forgotten at a restart.
    """

    def __init__(self, folder: Path | None, durability: Literal["normal", "full"]) -> None:
        self._path = None if folder is None else folder / "tasks.db"
        self._name = str(self._path or "")  # for os.stat before every use, where a Path is slow
        self._durability = durability
        self._connection: sqlite3.Connection | None = None
        self._identity: _Identity | None = None
        self.problem: str | None = None

    @property
    def path(self) -> Path | None:
        """The file while it is used, None in memory."""
        return None if self.problem else self._path

    def run(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """Return the result of `work`; it is done again on a new file when the file is damaged.

        Raises BlockingIOError while another process holds the file. IntegrityError and faults in
        `work` itself pass through.
        """
        damaged = 0
        while True:
            connection = self._current()
            try:
                return work(connection)
            except (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.NotSupportedError):
                raise
            except sqlite3.DatabaseError as fault:
                kind = _kind(fault)
                if self.problem is not None or (kind is None and _well_shaped(connection)):
                    raise
                if kind == "busy":
                    raise BlockingIOError(str(fault)) from fault
                damaged += kind != "disk"
                if kind == "disk" or damaged > 1:
                    self.leave_disk(f"tasks.db cannot be used ({fault})")
                else:
                    damage, self._connection = (fault, self._identity), None
                    connection.close()
                    self._open(damage)

    def leave_disk(self, reason: str) -> None:
        """Go on in memory, with a copy of the file as far as it can be read."""
        memory = sqlite3.connect(":memory:", isolation_level=None)
        try:
            self._copy_to(memory)
            _check_shape(memory)
            _add_what_is_newer(memory)
            if memory.execute("PRAGMA quick_check(1)").fetchall() != [("ok",)]:
                raise sqlite3.DatabaseError("the copy is damaged")
        except (sqlite3.Error, OSError):
            memory.close()
            memory = sqlite3.connect(":memory:", isolation_level=None)
            _create(memory)
        self.close()
        self._connection = memory
        self.problem = f"Tasks are kept in memory only and forgotten at a restart: {reason}."
        if self._path is not None:
            _log.warning("%s (folder %s)", self.problem, self._path.parent)

    def close(self) -> None:
        """Close the file; the next `run` opens it again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _current(self) -> sqlite3.Connection:
        """Return the connection; a new one if another process has renamed the file meanwhile."""
        if self._connection is not None and (
            self.problem is not None or self._identity == self._found()
        ):
            return self._connection
        self.close()
        return self._open()

    def _found(self) -> _Identity | None:
        """Return the device and inode of the file at the path, None if there is none."""
        try:
            found = os.stat(self._name)
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _open(self, damage: _Damage | None = None) -> sqlite3.Connection:
        try:
            if self._path is None:
                self.leave_disk("no state folder is in use")
            else:
                self._connection = self._open_file(self._path, damage)
                self.problem = None
        except BlockingIOError:
            raise
        except _NewerSchema as fault:
            self.leave_disk(str(fault))
        except OSError as fault:
            self.leave_disk(f"the state folder cannot be used ({fault.strerror or fault})")
        except sqlite3.Error as fault:
            if _kind(fault) == "busy":
                raise BlockingIOError(str(fault)) from fault
            self.leave_disk(f"tasks.db cannot be opened ({fault})")
        return self._current()

    def _open_file(self, path: Path, damage: _Damage | None) -> sqlite3.Connection:
        """Open under the folder's lock, so that no process opens a file while another renames it.

        `damage` is an error and the file in which it occurred. That file is renamed only if it is
        still there: another process may have replaced it.
        """
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(path.with_name("tasks.lock")):
            if damage is not None and damage[1] == self._found():
                _set_aside(path, damage[0])
            try:
                connection = _connect(path, self._durability)
            except sqlite3.DatabaseError as fault:
                if _kind(fault) != "damaged":
                    raise
                _set_aside(path, fault)
                connection = _connect(path, self._durability)
            self._identity = self._found()
            return connection

    def _copy_to(self, memory: sqlite3.Connection) -> None:
        if self._connection is not None:
            self._connection.backup(memory, progress=_never_wait)
        elif self._path is not None and self._path.is_file():
            log = self._path.with_name("tasks.db-wal")
            # Without a log the file is complete; `immutable` needs no write access to the folder.
            pending = log.exists() and log.stat().st_size > 0
            address = f"{self._path.absolute().as_uri()}?mode=ro&immutable={0 if pending else 1}"
            with closing(sqlite3.connect(address, uri=True, timeout=0)) as source:
                source.backup(memory, progress=_never_wait)


def _never_wait(status: int, remaining: int, total: int) -> None:
    """Stop a copy that would sleep until another process releases the file."""
    if status not in {sqlite3.SQLITE_OK, sqlite3.SQLITE_DONE}:
        raise sqlite3.OperationalError("busy")


def _kind(fault: sqlite3.Error) -> Literal["busy", "damaged", "disk"] | None:
    # Errors that Python raises (text that is not UTF-8, `_check_shape`) carry no code.
    extended = getattr(fault, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    code = extended & 0xFF
    if code in _BUSY:
        return "busy"
    if code in _DAMAGED or extended == _CUT_SHORT:
        return "damaged"
    return "disk" if code in _DISK else None


def _connect(path: Path, durability: str) -> sqlite3.Connection:
    if path.exists() and not path.is_file():
        raise sqlite3.DatabaseError("not a file")
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    connection = sqlite3.connect(path, timeout=0, isolation_level=None)
    with ExitStack() as undo:
        undo.callback(connection.close)
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            raise _NewerSchema(f"tasks.db was written by a later version (schema {version})")
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # only a new file takes it
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
        # Fewer and larger checkpoints: most of their pages are the same few, written again.
        connection.execute("PRAGMA wal_autocheckpoint = 4000").fetchall()
        connection.execute(f"PRAGMA synchronous = {durability.upper()}")
        if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            _create(connection)
        _add_what_is_newer(connection)
        _check_shape(connection)
        undo.pop_all()
    return connection


def _create(connection: sqlite3.Connection) -> None:
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        for statement in SCHEMA:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    _add_what_is_newer(connection)


def _add_what_is_newer(connection: sqlite3.Connection) -> None:
    """Add what the first files of this schema lack; earlier versions do not look at it."""
    connection.execute(BY_MESSAGE.replace("INDEX", "INDEX IF NOT EXISTS", 1))
    for statement in (*TITLES, *SETTLED):
        connection.execute(statement)


def _check_shape(connection: sqlite3.Connection) -> None:
    found = {sql for (sql,) in connection.execute("SELECT sql FROM sqlite_master")}
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != SCHEMA_VERSION or not found.issuperset(SCHEMA):
        raise sqlite3.DatabaseError("not the tables of a task map")


def _well_shaped(connection: sqlite3.Connection) -> bool:
    try:
        _check_shape(connection)
    except sqlite3.DatabaseError as fault:
        return _kind(fault) != "damaged"
    return True


def _set_aside(path: Path, fault: sqlite3.Error) -> None:
    stamp = f"{path.name}.damaged-{time.strftime('%Y%m%dT%H%M%S')}"
    names = (stamp if n == 1 else f"{stamp}-{n}" for n in range(1, 1000))
    aside = next(name for name in names if not path.with_name(name).exists())
    # The log is renamed first: a new file must never be opened with the log of the old one.
    for end in ("-wal", "-shm", ""):
        with suppress(FileNotFoundError):
            os.rename(path.with_name(path.name + end), path.with_name(aside + end))
    _log.warning(
        "%s is damaged (%s) and was set aside as %s; a new one is used", path, fault, aside
    )
