"""Which process was told of a task by its agent, so that the one that follows the task hears of it.

Agents post to one address, where any process of the folder may listen. Functions of one open
connection; the first one creates the table. It must never import sqlite3 itself (it is part of
start-up).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sqlite3 import Connection

KEPT_SECONDS: Final = 60.0
"""How long a post can be heard of; a task that is taken up later is read anyway."""

_TABLE: Final = (
    # Numbers of removed rows are not used again, so that a position stays right.
    "CREATE TABLE IF NOT EXISTS posts (number INTEGER PRIMARY KEY AUTOINCREMENT, "
    "process TEXT NOT NULL, name TEXT NOT NULL, moment REAL NOT NULL)"
)
_LAST: Final = "SELECT seq FROM sqlite_sequence WHERE name = 'posts'"
_OF_OTHERS: Final = "SELECT number, name FROM posts WHERE number > ? AND process <> ?"


def exchange(
    connection: Connection, process: str, heard: Collection[str], after: int | None, now: float
) -> tuple[list[str], int]:
    """Write what `process` has heard; return what others have since `after`, and where to go on."""
    connection.execute(_TABLE)
    if after is None:
        ((after,),) = connection.execute(_LAST).fetchall() or ((0,),)
    rows = connection.execute(_OF_OTHERS, (after, process)).fetchall()
    if heard:
        _write(connection, process, heard, now)
    return [name for _, name in rows], max([after, *(number for number, _ in rows)])


def _write(connection: Connection, process: str, heard: Collection[str], now: float) -> None:
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("DELETE FROM posts WHERE abs(moment - ?) > ?", (now, KEPT_SECONDS))
        connection.executemany(
            "INSERT INTO posts (process, name, moment) VALUES (?, ?, ?)",
            [(process, name, now) for name in heard],
        )
