# ruff: noqa: S608 - statements are made of words of this module alone; values are bound
"""The upkeep of the database beside the calls: what is too old goes, a few rows at a time.

All replicas do it, each with rows that no other one has at that moment.
"""

from __future__ import annotations

from typing import Final

from a2a_mcp.store.postgres.database import Connection
from a2a_mcp.store.postgres.queries import rows
from a2a_mcp.store.postgres.records import BEGAN, ENDED

CLAIM_SECONDS: Final = 30 * 86_400.0  # longer than any sealed request state is accepted
READER_SECONDS: Final = 86_400.0
POST_SECONDS: Final = 60.0
"""How long a post can be heard of; a task that is taken up later is read anyway."""

AT_ONCE: Final = 1_000

_REMOVE_TASKS: Final = (
    f"DELETE FROM tasks WHERE key IN (SELECT key FROM tasks WHERE state IN {ENDED} "
    f"AND updated < {BEGAN} - %(keep)s ORDER BY updated LIMIT {AT_ONCE} FOR UPDATE SKIP LOCKED) "
    "RETURNING 1"
)
_REMOVE_OTHERS: Final = (
    f"DELETE FROM claims WHERE at < {BEGAN} - {CLAIM_SECONDS}",
    f"DELETE FROM readers WHERE seen < {BEGAN} - {READER_SECONDS}",
    f"DELETE FROM posts WHERE moment < {BEGAN} - {POST_SECONDS}",
    f"DELETE FROM call_rates WHERE next < {BEGAN}",
    f"DELETE FROM leases WHERE until < {BEGAN}",
)


async def remove_old_tasks(connection: Connection, keep_seconds: float, now: float | None) -> bool:
    """Remove ended rows older than `keep_seconds`; return whether there may be more."""
    removed = await rows(connection, _REMOVE_TASKS, {"keep": keep_seconds, "now": now})
    return len(removed) == AT_ONCE


async def remove_other_old_rows(connection: Connection, now: float | None) -> None:
    """Remove old claims, readers and posts, and the calls of callers at rest."""
    for statement in _REMOVE_OTHERS:
        await connection.execute(statement.encode(), {"now": now})
