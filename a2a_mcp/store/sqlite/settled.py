# ruff: noqa: S608 - statements are made of words of this module alone; values are bound
"""The table `settled`: what lists filter by, of all rows that have not changed for a while.

An index on `tasks` itself would cost each call a tenth of its writes, for lists that are seldom
asked for. So rows are copied in the background, many in one transaction, and only here they are
indexed by agent, state and conversation. Triggers keep the copy exact whichever process writes and
whatever its clock says: every row of an owner that was updated before `until` is in it as it is.
Functions of one open connection. It must never import sqlite3 itself (it is part of start-up).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from a2a_mcp.a2a.model import TaskState

if TYPE_CHECKING:
    from sqlite3 import Connection

# Longer than a call waits for a file that is held, after it has read the clock.
SETTLE_SECONDS: Final = 10.0

# Most conversations are short, but some agents have one for everything. An index of all of them
# would cost more than all else here, so the first rows of a conversation are copied without it.
SHORT_CONTEXT: Final = 500

_KNOWN: Final = ", ".join(f"'{state}'" for state in TaskState)
_STATE: Final = f"CASE WHEN state IN ({_KNOWN}) THEN state ELSE '{TaskState.UNKNOWN}' END"
_LONG: Final = (
    "CASE WHEN EXISTS (SELECT 1 FROM tasks AS earlier INDEXED BY tasks_by_context "
    "WHERE earlier.context_id = tasks.context_id AND earlier.key < tasks.key "
    f"LIMIT 1 OFFSET {SHORT_CONTEXT - 1}) THEN context_id END"
)
_UNTIL: Final = "SELECT until FROM settling WHERE owner = ?"
_NEXT_CHANGE: Final = (
    "SELECT updated FROM tasks WHERE owner = ? AND updated >= ? AND updated < ? "
    "ORDER BY updated LIMIT 1 OFFSET ?"
)
_COPY: Final = (
    f"INSERT OR REPLACE INTO settled SELECT key, owner, agent, {_STATE}, {_LONG}, updated "
    "FROM tasks WHERE owner = ? AND updated >= ? AND updated < ?"
)
_OWNERS: Final = (
    "WITH RECURSIVE found(owner) AS (SELECT min(owner) FROM tasks WHERE owner > ? UNION ALL "
    "SELECT (SELECT min(owner) FROM tasks WHERE owner > found.owner) FROM found "
    "WHERE found.owner IS NOT NULL) SELECT owner FROM found WHERE owner IS NOT NULL LIMIT ?"
)


def settled_until(connection: Connection, owner: str) -> float:
    """Return the time before which each change of the owner's rows is in the copy."""
    found = connection.execute(_UNTIL, (owner,)).fetchall()
    return found[0][0] if found else -math.inf


def owners(connection: Connection, after: str, limit: int) -> list[str]:
    """Return the next owners of rows, in alphabetical order."""
    return [owner for (owner,) in connection.execute(_OWNERS, (after, limit)).fetchall()]


def settle(connection: Connection, owner: str, now: float, limit: int) -> bool:
    """Copy the next `limit` rows of an owner; return whether there are more.

    Rows that were updated at the same moment are copied together.
    """
    end = now - SETTLE_SECONDS
    if _next_change(connection, owner, settled_until(connection, owner), end, 0) is None:
        return False
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        begin = settled_until(connection, owner)
        until = _batch_end(connection, owner, begin, end, limit)
        connection.execute(_COPY, (owner, begin, until))
        connection.execute("INSERT OR REPLACE INTO settling VALUES (?, ?)", (owner, until))
    return until < end


def _batch_end(connection: Connection, owner: str, begin: float, end: float, limit: int) -> float:
    found = _next_change(connection, owner, begin, end, limit)
    return max(begin, end) if found is None else max(found, math.nextafter(begin, math.inf))


def _next_change(
    connection: Connection, owner: str, begin: float, end: float, skipped: int
) -> float | None:
    """Return when the first row changed in a span of time, after some that are skipped."""
    found = connection.execute(_NEXT_CHANGE, (owner, begin, end, skipped)).fetchall()
    return found[0][0] if found else None
