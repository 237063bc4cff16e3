# ruff: noqa: S608 - statements are made of words of this module alone; values are bound
"""What the database holds of all owners and processes, in numbers."""

from __future__ import annotations

from typing import Final

from a2a_mcp.store.base import Census, OpenTasks
from a2a_mcp.store.postgres.database import Connection
from a2a_mcp.store.postgres.queries import rows
from a2a_mcp.store.postgres.records import ENDED, NOW

_OPEN: Final = (
    "SELECT agent, state, count(*), min(created) FROM tasks "
    f"WHERE state NOT IN {ENDED} GROUP BY agent, state ORDER BY agent, state"
)
_READERS: Final = f"SELECT count(*) FROM readers WHERE seen > {NOW} - %(alive)s"


async def census(connection: Connection, alive_seconds: float, now: float | None) -> Census:
    """Count the tasks that have not ended, and the processes that read some."""
    found = await rows(connection, _OPEN, {})
    ((readers,),) = await rows(connection, _READERS, {"alive": alive_seconds, "now": now})
    return Census(tuple(OpenTasks(*row) for row in found), readers)
