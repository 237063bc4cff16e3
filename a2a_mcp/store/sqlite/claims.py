"""Claims: what may be done only once, in all processes, such as sending one reply.

Functions of one open connection. The first claim creates the table. It must never import sqlite3
itself (it is part of start-up).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sqlite3 import Connection

KEEP_SECONDS: Final = 30 * 86_400.0  # longer than any sealed request state is accepted

_HAS_TABLE: Final = "SELECT 1 FROM sqlite_master WHERE name = 'claims'"
TABLE: Final = "CREATE TABLE IF NOT EXISTS claims (message_id TEXT PRIMARY KEY, at REAL NOT NULL)"


def claim(connection: Connection, message_id: str, now: float) -> bool:
    """Claim a message; return False when any process has claimed it before."""
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        return claim_within(connection, message_id, now)


def claim_within(connection: Connection, message_id: str, now: float) -> bool:
    """Claim a message in the transaction that is open; return whether it is the first claim."""
    connection.execute(TABLE)
    connection.execute("DELETE FROM claims WHERE at < ?", (now - KEEP_SECONDS,))
    added = connection.execute("INSERT OR IGNORE INTO claims VALUES (?, ?)", (message_id, now))
    return added.rowcount == 1


def claimed(connection: Connection, message_id: str) -> bool:
    """Return whether any process has claimed the message."""
    if not connection.execute(_HAS_TABLE).fetchall():
        return False
    found = connection.execute("SELECT 1 FROM claims WHERE message_id = ?", (message_id,))
    return bool(found.fetchall())
