# ruff: noqa: S608 - statements are made of words of this module alone; values are bound
"""What the file holds of all owners and processes, in numbers.

To count reads every row, which takes longer than a call may wait: it is done in a thread, with a
connection of its own. This module is part of start-up and must never import sqlite3.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from a2a_mcp.store.base import Census, OpenTasks
from a2a_mcp.store.sqlite.readers import ALIVE_SECONDS
from a2a_mcp.store.sqlite.records import ENDED

if TYPE_CHECKING:
    from pathlib import Path
    from sqlite3 import Connection

_OPEN: Final = (
    "SELECT agent, state, count(*), min(created) FROM tasks "
    f"WHERE state NOT IN {ENDED} GROUP BY agent, state ORDER BY agent, state"
)
_HAS_READERS: Final = "SELECT count(*) FROM sqlite_schema WHERE name = 'readers'"
_READERS: Final = "SELECT count(*) FROM readers WHERE abs(seen - ?) < ?"


def census_beside(path: Path | None, now: float) -> Census | None:
    """Count on a connection of its own, for a thread; None where no file can be read so."""
    if path is None:
        return None
    from a2a_mcp.store.sqlite import space  # imports sqlite3, as the open file did

    return space.read(path, partial(census, now=now))


def census(connection: Connection, now: float) -> Census:
    """Count the tasks that have not ended, and the processes that read some."""
    found = connection.execute(_OPEN).fetchall()
    return Census(tuple(OpenTasks(*row) for row in found), _readers(connection, now))


def _readers(connection: Connection, now: float) -> int:
    """Return how many processes live; their table is made by the first of them."""
    if connection.execute(_HAS_READERS).fetchone() == (0,):
        return 0
    count: int = connection.execute(_READERS, (now, ALIVE_SECONDS)).fetchone()[0]
    return count
