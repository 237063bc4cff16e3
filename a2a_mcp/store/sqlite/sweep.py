# ruff: noqa: S608 - statements are made of words of this module alone; values are bound
"""Which ended rows are removed from `tasks.db`, and their removal a few at a time.

Functions of one open connection, each some milliseconds at most, also with a million rows: the old
rows are found in `settled`. It must never import sqlite3 itself (it is part of start-up).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from a2a_mcp.store.sqlite.records import ENDED

if TYPE_CHECKING:
    from sqlite3 import Connection

CLOCK_SLACK_SECONDS: Final = 3600.0
_NEWEST_ROWS: Final = 1_000

_ENDS: Final = f"FROM settled INDEXED BY settled_by_end WHERE state IN {ENDED} "
_KEYS: Final = "SELECT (SELECT min(key) FROM tasks), (SELECT max(key) FROM tasks)"
_COUNT_OLD: Final = f"SELECT count(*) {_ENDS}AND updated < ?"
_COUNT_SOME: Final = "SELECT count(*) FROM (SELECT 1 FROM tasks LIMIT ?)"
_NEWEST: Final = (
    f"SELECT max(updated) FROM (SELECT updated FROM tasks ORDER BY key DESC LIMIT {_NEWEST_ROWS})"
)
_END_AT: Final = f"SELECT updated {_ENDS}ORDER BY updated DESC LIMIT 1 OFFSET ?"
_OLDEST: Final = f"SELECT task {_ENDS}AND updated < ? ORDER BY updated LIMIT ?"
_REMOVE: Final = f"DELETE FROM tasks WHERE key = ? AND state IN {ENDED}"


def excess_before(connection: Connection, max_ended: int) -> float:
    """Return the time before which ended rows go, so that about `max_ended` stay.

    Two processes that ask at once are told the same time, so that they remove the same rows.
    """
    first, last = connection.execute(_KEYS).fetchall()[0]
    if first is None or last - first < max_ended:
        return -math.inf
    found = connection.execute(_END_AT, (max_ended - 1,)).fetchall()
    return found[0][0] if found else -math.inf


def aged_before(connection: Connection, now: float, keep_seconds: float) -> float:
    """Return the time before which ended rows are too old.

    It is minus infinity while the clock seems wrong: the newest row lies in the future, or more
    than half of all rows would be removed at once.
    """
    cutoff = now - keep_seconds
    ((old,),) = connection.execute(_COUNT_OLD, (cutoff,)).fetchall()
    ((twice,),) = connection.execute(_COUNT_SOME, (2 * old,)).fetchall()
    ((newest,),) = connection.execute(_NEWEST).fetchall()
    is_clock_wrong = twice < 2 * old or (newest or now) > now + CLOCK_SLACK_SECONDS
    return -math.inf if is_clock_wrong else cutoff


def remove(connection: Connection, before: float, limit: int) -> bool:
    """Remove the oldest ended rows, at most `limit`; return whether there may be more."""
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        keys = connection.execute(_OLDEST, (before, limit)).fetchall()
        removed = connection.executemany(_REMOVE, keys).rowcount
    return removed == limit
