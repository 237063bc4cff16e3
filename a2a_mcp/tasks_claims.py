"""Which answers of a person have been taken up already: each is sent once (DESIGN 6).

Functions over one open connection. The table is made with the first answer, so that whoever never
asks a person never has it. It must never import sqlite3 itself (it is part of start-up).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sqlite3 import Connection

KEEP_SECONDS: Final = 7 * 86_400.0  # longer than any sealed state can be given back

_TABLE: Final = "CREATE TABLE IF NOT EXISTS claims (message_id TEXT PRIMARY KEY, at REAL NOT NULL)"


def claim(connection: Connection, message_id: str, now: float) -> bool:
    """Take a message up, for ever; False when somebody, of whatever process, has done so before."""
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(_TABLE)
        connection.execute("DELETE FROM claims WHERE at < ?", (now - KEEP_SECONDS,))
        taken = connection.execute(
            "INSERT OR IGNORE INTO claims VALUES (?, ?)", (message_id, now)
        ).rowcount
    return taken == 1
