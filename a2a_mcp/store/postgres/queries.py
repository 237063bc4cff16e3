# ruff: noqa: S608 - statements are made of words of this module alone; values are bound
"""The statements on the tables of tasks, claims and interface overrides.

Functions of one open connection; psycopg's own errors pass through. A change of more than one step
is a transaction.
"""

from __future__ import annotations

from typing import Any, Final

from psycopg.errors import UniqueViolation

from a2a_mcp.a2a.model import TERMINAL, TaskState
from a2a_mcp.store.base import PENDING, Records, TaskRecord
from a2a_mcp.store.changes import changed, forgotten_key
from a2a_mcp.store.cursors import Position
from a2a_mcp.store.postgres.database import Connection
from a2a_mcp.store.postgres.records import (
    COLUMNS,
    ENDED,
    NOW,
    READ,
    ROW,
    record_of,
    stored,
    values_of,
)

Values = dict[str, Any]

_INSERT: Final = (
    f"INSERT INTO tasks ({COLUMNS}) VALUES (%(owner)s, %(agent)s, %(message_id)s, %(task_id)s, "
    f"%(handle)s, %(context_id)s, %(state)s, %(interface)s, coalesce(%(created)s::float8, {NOW}), "
    f"{NOW}, %(title)s) "
)
_PUT: Final = (
    f"{_INSERT} ON CONFLICT (task_id, owner, agent) WHERE task_id IS NOT NULL DO UPDATE SET "
    f"state = CASE WHEN tasks.state IN {ENDED} AND excluded.state NOT IN {ENDED} "
    "THEN tasks.state ELSE excluded.state END, "
    "handle = coalesce(excluded.handle, tasks.handle), "
    "context_id = coalesce(excluded.context_id, tasks.context_id), "
    "interface = coalesce(excluded.interface, tasks.interface), "
    "title = coalesce(tasks.title, excluded.title), updated = excluded.updated "
    f"RETURNING {READ}"
)
_SAME: Final = "WHERE key = %(key)s AND owner = %(owner)s"
_BY_TASK: Final = "WHERE task_id = %(task_id)s AND owner = %(owner)s AND agent = %(agent)s"
_SET: Final = {
    "task_id": "task_id = %(task_id)s",
    "handle": "handle = %(handle)s",
    "context_id": "context_id = nullif(%(context_id)s, '')",
    "state": f"state = CASE WHEN state IN {ENDED} AND %(state)s::text NOT IN {ENDED} "
    "THEN state ELSE %(state)s END",
    "interface": "interface = %(interface)s",
}
SAME_MOMENT_SECONDS: Final = 1.0
"""Changes within it of the last one do not touch the indexes of update times."""

_MOVE: Final = (
    f"updated = CASE WHEN {NOW} - updated >= {SAME_MOMENT_SECONDS} THEN {NOW} ELSE updated END"
)
_OF_OWNER: Final = (
    f"{ROW}WHERE owner = %(owner)s AND (%(agent)s::text IS NULL OR agent = %(agent)s) AND "
)
_FIND: Final = (
    f"{_OF_OWNER}key IN (SELECT key FROM tasks WHERE task_id = %(id)s "
    "UNION SELECT key FROM tasks WHERE handle = %(id)s "
    "UNION SELECT task FROM earlier_handles WHERE handle = %(id)s) "
    "ORDER BY updated DESC, key DESC LIMIT 50"
)
_FIND_MESSAGE: Final = f"{_OF_OWNER}message_id = %(id)s AND message_id <> '' LIMIT 50"
_OF_OTHER: Final = "SELECT 1 FROM tasks WHERE owner <> %(owner)s AND agent = %(agent)s AND "
_TASK_OF_OTHER: Final = (
    f"{_OF_OTHER}task_id = %(id)s AND NOT (%(active_only)s AND (state = '{TaskState.UNKNOWN}' "
    f"OR state IN {ENDED})) LIMIT 1"
)
_CONTEXT_OF_OTHER: Final = f"{_OF_OTHER}context_id = %(id)s LIMIT 1"
_PAGE: Final = (
    f"{ROW}WHERE owner = %(owner)s AND (updated, key) < (%(before)s::float8, %(key)s::bigint) "
    "AND updated > %(after)s::float8 "
)
_FILTERS: Final = {
    "agent": "AND agent = %(agent)s ",
    "context_id": "AND context_id = %(context_id)s ",
    "state": "AND state = %(state)s ",
    "unfinished": f"AND state NOT IN {ENDED} ",
}
_IS_ENDED: Final = f"AND state IN {ENDED} "
"""Follows from some states; said in words, the index of ended tasks can be used."""


async def add(connection: Connection, record: TaskRecord, now: float | None) -> TaskRecord:
    """Write a new row; return the record with its key and its times."""
    values = {**values_of(record), "created": None, "now": now}
    (written,) = await _records(connection, f"{_INSERT} RETURNING {READ}", values)
    return written


async def put(
    connection: Connection, record: TaskRecord, now: float | None, created: float | None = None
) -> TaskRecord:
    """Write a row, or update the row of the same task, owner and agent; return the record."""
    values = {**values_of(record), "created": created, "now": now}
    (written,) = await _records(connection, _PUT, values)
    return written


async def write(
    connection: Connection, record: TaskRecord, given: Values, now: float | None
) -> TaskRecord:
    """Set the `given` columns of a row; join it to the row that already has its new task id.

    A row that was removed meanwhile is written again, unless it was forgotten.
    """
    names = [name for name, value in given.items() if value != getattr(record, name)]
    columns = ", ".join([_MOVE, *(_SET[name] for name in names)])
    values = {**given, "now": now, "key": record.key, "owner": record.owner}
    try:
        written = await _records(
            connection, f"UPDATE tasks SET {columns} {_SAME} RETURNING {READ}", values
        )
    except UniqueViolation:
        return await _join(connection, record, given, now)
    if written:
        return written[0]
    after = changed(record, given, record.updated)
    if await claimed(connection, forgotten_key(record)):
        return after
    return await put(connection, after, now, record.created)


async def forget(connection: Connection, record: TaskRecord, now: float | None) -> bool:
    """Remove a row that is still in the record's state; it is never written again."""
    values = {"key": record.key, "owner": record.owner, "state": record.state.value}
    async with connection.transaction():
        statement = f"DELETE FROM tasks {_SAME} AND state = %(state)s RETURNING 1"
        if not await rows(connection, statement, values):
            return False
        await claim(connection, forgotten_key(record), now)
    return True


async def _join(
    connection: Connection, record: TaskRecord, given: Values, now: float | None
) -> TaskRecord:
    """Make one row of two: the older row of the task stays, and both handles lead to it."""
    values = {**values_of(record), "key": record.key, "task_id": given["task_id"]}
    async with connection.transaction():
        mine = await _records(connection, f"{ROW}{_SAME} FOR UPDATE", values) or [record]
        older = await _records(connection, f"{ROW}{_BY_TASK} FOR UPDATE", values) or [record]
        known = {
            "handle": mine[0].handle,
            "interface": mine[0].interface,
            "state": older[0].state.value,
        }
        joined = await put(connection, changed(record, known | given, record.updated), now)
        values["joined"] = joined.key
        for statement in (
            "UPDATE earlier_handles SET task = %(joined)s WHERE task = %(key)s",
            f"DELETE FROM tasks {_SAME}",
        ):
            await connection.execute(statement.encode(), stored(values))
    return joined


async def find(connection: Connection, owner: str, task_id: str, agent: str | None) -> Records:
    """Return the owner's rows with this task id, handle or pending id, newest first."""
    values = {"owner": owner, "agent": agent, "id": task_id}
    found = await _records(connection, _FIND, values)
    if found or not task_id.startswith(PENDING):
        return found
    values["id"] = task_id.removeprefix(PENDING)
    return await _records(connection, _FIND_MESSAGE, values)


async def page(
    connection: Connection, wanted: Values, limit: int, position: Position
) -> tuple[Records, bool]:
    """Return rows after a position, last updated first, and whether there are more."""
    before, key = position
    values = {**wanted, "before": before, "key": key, "limit": limit + 1}
    filters = "".join(text for name, text in _FILTERS.items() if wanted[name])
    ended = _IS_ENDED if wanted["state"] in TERMINAL else ""
    found = await _records(
        connection,
        f"{_PAGE}{filters}{ended}ORDER BY updated DESC, key DESC LIMIT %(limit)s",
        values,
    )
    return found[:limit], len(found) > limit


async def task_of_other(
    connection: Connection, owner: str, agent: str, task_id: str, *, active_only: bool
) -> bool:
    """Return whether another owner has the task; `active_only` ignores ended and unknown ones."""
    values = {"owner": owner, "agent": agent, "id": task_id, "active_only": active_only}
    return bool(await rows(connection, _TASK_OF_OTHER, values))


async def context_of_other(connection: Connection, owner: str, agent: str, context_id: str) -> bool:
    """Return whether another owner has the conversation."""
    values = {"owner": owner, "agent": agent, "id": context_id}
    return bool(await rows(connection, _CONTEXT_OF_OTHER, values))


async def claim(connection: Connection, message_id: str, now: float | None) -> bool:
    """Claim a message; return False when any process has claimed it before."""
    statement = f"INSERT INTO claims VALUES (%(id)s, {NOW}) ON CONFLICT DO NOTHING RETURNING 1"
    return bool(await rows(connection, statement, {"id": message_id, "now": now}))


async def claimed(connection: Connection, message_id: str) -> bool:
    """Return whether any process has claimed the message."""
    statement = "SELECT 1 FROM claims WHERE message_id = %(id)s"
    return bool(await rows(connection, statement, {"id": message_id}))


async def interface_overrides(connection: Connection, agent: str) -> list[str]:
    """Return the stored interfaces of an agent, the latest first."""
    statement = "SELECT interface FROM overrides WHERE agent = %(agent)s ORDER BY number DESC"
    return [interface for (interface,) in await rows(connection, statement, {"agent": agent})]


async def set_interface_override(
    connection: Connection, agent: str, url: str, interface: str
) -> None:
    """Store an interface; it replaces an earlier one of the same URL."""
    statement = (
        "INSERT INTO overrides (agent, url, interface) VALUES (%(agent)s, %(url)s, %(interface)s) "
        "ON CONFLICT (agent, url) DO UPDATE SET interface = excluded.interface, number = DEFAULT"
    )
    values = {"agent": agent, "url": url, "interface": interface}
    await connection.execute(statement.encode(), stored(values))


async def rows(connection: Connection, statement: str, values: Values) -> list[tuple[Any, ...]]:
    """Return all rows of a statement."""
    return await (await connection.execute(statement.encode(), stored(values))).fetchall()


async def _records(connection: Connection, statement: str, values: Values) -> Records:
    return [record_of(row) for row in await rows(connection, statement, values)]
