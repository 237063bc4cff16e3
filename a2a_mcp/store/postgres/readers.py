# ruff: noqa: S608 - statements are made of words of this module alone; values are bound
"""Which process reads which running task, and what agents have posted to which process.

A process says now and then that it lives. What it read is taken over when it has not said so for
`alive_seconds`: a killed process, and one that hangs or lost the database. Functions of one open
connection.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from a2a_mcp.store.base import Records
from a2a_mcp.store.postgres.database import Connection
from a2a_mcp.store.postgres.queries import rows
from a2a_mcp.store.postgres.records import NOW, READ, record_of

OLDEST_SECONDS: Final = 7 * 86_400.0
UNNAMED_SECONDS: Final = 3600.0
"""How long the task of a message is looked for that its agent has not named."""

POSTS_LOCK: Final = 6_369_902

_LIVES: Final = (
    f"INSERT INTO readers VALUES (%(reader)s, {NOW}) "
    "ON CONFLICT (reader) DO UPDATE SET seen = excluded.seen"
)
_BEGIN: Final = "UPDATE tasks SET reader = %(reader)s WHERE key = ANY(%(keys)s)"
_END: Final = "UPDATE tasks SET reader = NULL WHERE key = ANY(%(keys)s) AND reader = %(reader)s"
_TAKE: Final = (
    "UPDATE tasks SET reader = %(reader)s WHERE key IN (SELECT key FROM tasks "
    "LEFT JOIN readers USING (reader) WHERE key > %(after)s "
    f"AND state IN ('submitted', 'working') AND updated > {NOW} - {OLDEST_SECONDS} "
    f"AND (task_id IS NOT NULL OR updated > {NOW} - {UNNAMED_SECONDS}) "
    # A young task that nobody has noted belongs to the process that sends its message right now.
    f"AND coalesce(seen, updated) <= {NOW} - %(alive)s "
    f"ORDER BY key LIMIT %(limit)s FOR UPDATE OF tasks SKIP LOCKED) RETURNING {READ}"
)
_RUNNING: Final = (
    "SELECT count(*) FROM tasks LEFT JOIN readers USING (reader) WHERE owner = %(owner)s "
    "AND state IN ('submitted', 'working') "
    # A young task has a reader that has not noted it yet.
    f"AND greatest(seen, updated) > {NOW} - %(alive)s"
)
_WRITE_POSTS: Final = (
    "INSERT INTO posts (process, name, moment) "
    f"SELECT %(process)s, unnest(%(names)s::text[]), {NOW}"
)


async def note(
    connection: Connection,
    reader: str,
    begun: Collection[int],
    ended: Collection[int],
    now: float | None,
) -> None:
    """Write that a process lives, and which tasks it reads since the last time, and no more."""
    values = {"reader": reader, "now": now}
    async with connection.transaction():
        await connection.execute(_LIVES.encode(), values)
        await connection.execute(_BEGIN.encode(), {**values, "keys": sorted(begun)})
        await connection.execute(_END.encode(), {**values, "keys": sorted(ended)})


async def leave(
    connection: Connection, reader: str, alive_seconds: float, now: float | None
) -> None:
    """Let a process count as dead from now on."""
    values = {"reader": reader, "alive": alive_seconds, "now": now}
    statement = f"UPDATE readers SET seen = {NOW} - %(alive)s WHERE reader = %(reader)s"
    await connection.execute(statement.encode(), values)


async def take_over(
    connection: Connection,
    reader: str,
    after: int,
    limit: int,
    alive_seconds: float,
    now: float | None,
) -> tuple[Records, int | None]:
    """Let `reader` read tasks that seem to run and that no living process reads.

    Two processes that ask at once get different tasks. Return the tasks, and after which key to
    go on.
    """
    values = {
        "reader": reader,
        "after": after,
        "limit": limit,
        "alive": alive_seconds,
        "now": now,
    }
    async with connection.transaction():
        await connection.execute(_LIVES.encode(), values)
        found = [record_of(row) for row in await rows(connection, _TAKE, values)]
    last = max((record.key for record in found), default=0)
    return found, last if len(found) == limit else None


async def running(
    connection: Connection, owner: str, alive_seconds: float, now: float | None
) -> int:
    """Return how many tasks of an owner run that a living process reads."""
    values = {"owner": owner, "alive": alive_seconds, "now": now}
    ((count,),) = await rows(connection, _RUNNING, values)
    return int(count)


async def exchange_posts(
    connection: Connection,
    process: str,
    heard: Collection[str],
    after: int | None,
    now: float | None,
) -> tuple[list[str], int]:
    """Write what `process` has heard; return what others have since `after`, and where to go on."""
    values = {"process": process, "after": after, "names": list(heard), "now": now}
    if after is None:
        ((values["after"],),) = await rows(
            connection, "SELECT coalesce(max(number), 0) FROM posts", {}
        )
    found = await rows(
        connection,
        "SELECT number, name FROM posts WHERE number > %(after)s AND process <> %(process)s",
        values,
    )
    if heard:
        async with connection.transaction():
            # One writer at a time: else a number could become visible after a larger one.
            await connection.execute("SELECT pg_advisory_xact_lock(%s)", (POSTS_LOCK,))
            await connection.execute(_WRITE_POSTS.encode(), values)
    return [name for _, name in found], max([values["after"], *(number for number, _ in found)])
