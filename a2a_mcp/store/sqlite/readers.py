# ruff: noqa: S608 - statements are made of words of this module alone; values are bound
"""Which process reads which running task, so that the tasks of a dead process are taken over.

A process says now and then that it lives. Functions of one open connection. The first one that
writes creates the tables. It must never import sqlite3 itself (it is part of start-up).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from a2a_mcp.store.base import Records
from a2a_mcp.store.sqlite import queries

if TYPE_CHECKING:
    from sqlite3 import Connection

ALIVE_SECONDS: Final = 30.0
"""How long a process counts as alive after its last word."""

OLDEST_SECONDS: Final = 7 * 86_400.0
UNNAMED_SECONDS: Final = 3600.0
"""How long the task of a message is looked for that its agent has not named."""

KEYS_AT_ONCE: Final = 5_000  # a step of a search takes about a millisecond

_TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS readers (reader TEXT PRIMARY KEY, seen REAL NOT NULL)",
    "CREATE TABLE IF NOT EXISTS readings (task INTEGER PRIMARY KEY, reader TEXT NOT NULL)",
)
_IS_READ: Final = (
    "SELECT 1 FROM readings JOIN readers USING (reader) WHERE readings.task = tasks.key "
    "AND abs(readers.seen - :now) < :alive"
)
_RUNS: Final = (
    "WHERE key > :after AND key <= :until AND state IN ('submitted', 'working') "
    "AND updated > :now - :oldest AND (task_id IS NOT NULL OR updated > :now - :unnamed)"
)
# A young task that nobody has noted belongs to the process that sends its message right now.
_LEFT: Final = (
    f"{_RUNS} AND NOT EXISTS ({_IS_READ}) AND (updated < :now - :alive "
    "OR EXISTS (SELECT 1 FROM readings WHERE readings.task = tasks.key))"
)


def note(
    connection: Connection,
    reader: str,
    begun: Collection[int],
    ended: Collection[int],
    now: float,
) -> None:
    """Write that a process lives, and which tasks it reads since the last time, and no more."""
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        _alive(connection, reader, now)
        connection.executemany(
            "INSERT OR REPLACE INTO readings VALUES (?, ?)", [(key, reader) for key in begun]
        )
        connection.executemany(
            "DELETE FROM readings WHERE task = ? AND reader = ?", [(key, reader) for key in ended]
        )


def leave(connection: Connection, reader: str, now: float) -> None:
    """Let a process count as dead from now on, if it has ever said that it lives."""
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        _alive(connection, reader, now - ALIVE_SECONDS)


def _last_key(connection: Connection) -> int:
    ((last,),) = connection.execute("SELECT max(key) FROM tasks").fetchall()
    return last or 0


def take_over(
    connection: Connection, reader: str, after: int, limit: int, now: float
) -> tuple[Records, int | None]:
    """Let `reader` read tasks that seem to run and that no living process reads.

    Only some keys above `after` are looked at. Return the tasks, and after which key to go on.
    """
    records = _taken(connection, reader, after, limit, now)
    go_on = after if len(records) == limit else after + KEYS_AT_ONCE
    return records, go_on if go_on < _last_key(connection) else None


def _taken(connection: Connection, reader: str, after: int, limit: int, now: float) -> Records:
    values = {
        "after": after,
        "until": after + KEYS_AT_ONCE,
        "now": now,
        "alive": ALIVE_SECONDS,
        "oldest": OLDEST_SECONDS,
        "unnamed": UNNAMED_SECONDS,
        "limit": limit,
    }
    if not queries.selected(connection, f"{_RUNS} LIMIT 1", values):
        return []
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        _alive(connection, reader, now)
        records = queries.selected(connection, f"{_LEFT} LIMIT :limit", values)
        connection.executemany(
            "INSERT OR REPLACE INTO readings VALUES (?, ?)", [(it.key, reader) for it in records]
        )
    return records


def _alive(connection: Connection, reader: str, now: float) -> None:
    for table in _TABLES:
        connection.execute(table)
    connection.execute("INSERT OR REPLACE INTO readers VALUES (?, ?)", (reader, now))
    connection.execute("DELETE FROM readers WHERE abs(seen - ?) > ?", (now, OLDEST_SECONDS))
