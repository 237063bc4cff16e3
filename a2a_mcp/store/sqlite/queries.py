# ruff: noqa: S608 - statements are made of words of this module alone; values are bound
"""The queries on the tables of tasks and of interface overrides in `tasks.db`.

Functions of one open connection; SQLite's own errors pass through. It must never import sqlite3
itself (it is part of start-up), wait, or change a row in more than one step outside a transaction.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Final

from a2a_mcp.a2a.model import TaskState
from a2a_mcp.store.base import PENDING, Records, TaskRecord
from a2a_mcp.store.changes import changed, forgotten_key
from a2a_mcp.store.sqlite.claims import claim_within, claimed
from a2a_mcp.store.sqlite.records import COLUMNS, ENDED, READ, ROW, record_of, values_of

if TYPE_CHECKING:
    from sqlite3 import Connection

_WRITTEN: Final = f"RETURNING {READ}"
_BY_TASK: Final = f"{ROW}WHERE task_id = :task_id AND owner = :owner AND agent = :agent"
# SQLite reuses the key of a removed row, so a row is identified by more than its key.
_SAME: Final = (
    "WHERE key = :key AND created = :created AND owner = :owner AND agent = :agent "
    "AND message_id = :message_id"
)
_FORGET: Final = f"DELETE FROM tasks {_SAME} AND state = :state"
_INSERT: Final = f"INSERT INTO tasks ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_PUT: Final = (
    f"{_INSERT} ON CONFLICT (task_id, owner, agent) WHERE task_id IS NOT NULL DO UPDATE SET "
    f"state = CASE WHEN state IN {ENDED} AND excluded.state NOT IN {ENDED} "
    "THEN state ELSE excluded.state END, handle = coalesce(excluded.handle, handle), "
    "context_id = coalesce(excluded.context_id, context_id), "
    "interface = coalesce(excluded.interface, interface), updated = excluded.updated"
)
# Only changed columns are set: SQLite rewrites the index of every column that is named.
_SET: Final = {
    "task_id": "task_id = :task_id",
    "handle": "handle = :handle",
    "context_id": "context_id = nullif(:context_id, '')",
    "state": f"state = CASE WHEN state IN {ENDED} AND :state NOT IN {ENDED} "
    "THEN state ELSE :state END",
    "interface": "interface = :interface",
}
_FIND: Final = (
    # The plus keeps SQLite from scanning all rows of the owner.
    f"{ROW}WHERE +owner = :owner AND (:agent IS NULL OR agent = :agent) AND key IN "
    "(SELECT key FROM tasks WHERE task_id = :id UNION SELECT key FROM tasks WHERE handle = :id "
    "UNION SELECT task FROM earlier_handles WHERE handle = :id) "
    "ORDER BY updated DESC, key DESC LIMIT 50"
)
_FIND_MESSAGE: Final = (
    f"{ROW}WHERE +owner = :owner AND (:agent IS NULL OR agent = :agent) AND message_id = :id "
    "AND message_id <> '' LIMIT 50"
)
_OF_OTHER: Final = "SELECT 1 FROM tasks WHERE owner <> :owner AND agent = :agent AND "
_TASK_OF_OTHER: Final = (
    f"{_OF_OTHER}task_id = :id AND NOT (:active_only AND (state = '{TaskState.UNKNOWN}' "
    f"OR state IN {ENDED})) LIMIT 1"
)
_CONTEXT_OF_OTHER: Final = f"{_OF_OTHER}context_id = :id LIMIT 1"
SAME_MOMENT_SECONDS: Final = 1.0


def add(connection: Connection, record: TaskRecord) -> TaskRecord:
    """Write a new row; return the record with its key."""
    if record.title is None:
        return _add(connection, record)
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        return _with_title(connection, _add(connection, record))


def _add(connection: Connection, record: TaskRecord) -> TaskRecord:
    return replace(record, key=connection.execute(_INSERT, values_of(record)).lastrowid or 0)


def _with_title(connection: Connection, record: TaskRecord, title: str | None = None) -> TaskRecord:
    """Write the title of a task that has none yet; return the record with the title it has."""
    title = record.title or title
    if title is not None:
        connection.execute("INSERT OR IGNORE INTO titles VALUES (?, ?)", (record.key, title))
    return replace(record, title=title)


def put(connection: Connection, record: TaskRecord) -> TaskRecord:
    """Write a row, or update the row of the same task, owner and agent; return the record."""
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        return _put(connection, record)


def write(
    connection: Connection, record: TaskRecord, given: dict[str, Any], now: float
) -> TaskRecord:
    """Set the `given` columns of a row; join it to the row that already has its new task id."""
    names = [name for name, value in given.items() if value != getattr(record, name)]
    # Changes within a second of the last one do not touch the index of update times.
    moved = now - record.updated >= SAME_MOMENT_SECONDS
    columns = ", ".join([*(["updated = :updated"] if moved else []), *(_SET[n] for n in names)])
    values = {
        **given,
        "updated": now,
        "key": record.key,
        "created": record.created,
        "owner": record.owner,
        "agent": record.agent,
        "message_id": record.message_id,
    }
    try:
        written = _one(connection, f"UPDATE tasks SET {columns} {_SAME} {_WRITTEN}", values)
    except connection.IntegrityError:
        return _join(connection, record, given, now)
    return written or _write_again(connection, changed(record, given, now))


def _write_again(connection: Connection, record: TaskRecord) -> TaskRecord:
    """Write a row that was removed meanwhile; one that was forgotten stays away."""
    if claimed(connection, forgotten_key(record)):
        return record
    return put(connection, record)


def forget(connection: Connection, record: TaskRecord, now: float) -> bool:
    """Remove a row that is still in the record's state; it is never written again."""
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        removed = connection.execute(_FORGET, {**asdict(record), "state": record.state.value})
        if not removed.rowcount:
            return False
        claim_within(connection, forgotten_key(record), now)
    return True


def find(connection: Connection, owner: str, task_id: str, agent: str | None) -> Records:
    """Return the owner's rows with this task id, handle or pending id, newest first."""
    values = {"owner": owner, "agent": agent, "id": task_id}
    rows = connection.execute(_FIND, values).fetchall()
    if not rows and task_id.startswith(PENDING):
        values["id"] = task_id.removeprefix(PENDING)
        rows = connection.execute(_FIND_MESSAGE, values).fetchall()
    return [record_of(row) for row in rows]


def selected(connection: Connection, condition: str, values: dict[str, Any]) -> Records:
    """Return the rows of all owners that fulfil a condition, which is no caller's text."""
    rows = connection.execute(f"{ROW}{condition}", values).fetchall()
    return [record_of(row) for row in rows]


def interface_overrides(connection: Connection, agent: str) -> list[str]:
    """Return the stored interfaces of an agent, the latest first."""
    rows = connection.execute(
        "SELECT interface FROM lessons WHERE agent = ? ORDER BY rowid DESC", (agent,)
    )
    return [interface for (interface,) in rows.fetchall()]


def set_interface_override(connection: Connection, agent: str, url: str, interface: str) -> None:
    """Store an interface; it replaces an earlier one of the same URL."""
    connection.execute("INSERT OR REPLACE INTO lessons VALUES (?, ?, ?)", (agent, url, interface))


def task_of_other(
    connection: Connection, owner: str, agent: str, task_id: str, *, active_only: bool
) -> bool:
    """Return whether another owner has the task; `active_only` ignores ended and unknown ones."""
    values = {"owner": owner, "agent": agent, "id": task_id, "active_only": active_only}
    return bool(connection.execute(_TASK_OF_OTHER, values).fetchall())


def context_of_other(connection: Connection, owner: str, agent: str, context_id: str) -> bool:
    """Return whether another owner has the conversation."""
    values = {"owner": owner, "agent": agent, "id": context_id}
    return bool(connection.execute(_CONTEXT_OF_OTHER, values).fetchall())


def _join(
    connection: Connection, record: TaskRecord, given: dict[str, Any], now: float
) -> TaskRecord:
    """Make one row of two: the older row of the task stays, and both handles lead to it."""
    values = asdict(record)
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        mine = _one(connection, f"{ROW}{_SAME}", values) or record
        older = _one(connection, _BY_TASK, {**values, "task_id": given["task_id"]}) or record
        known = {"handle": mine.handle, "interface": mine.interface, "state": older.state.value}
        joined = _put(connection, changed(record, known | given, now))
        values["joined"] = joined.key
        connection.execute("UPDATE earlier_handles SET task = :joined WHERE task = :key", values)
        connection.execute(f"DELETE FROM tasks {_SAME}", values)
    return joined


def _put(connection: Connection, record: TaskRecord) -> TaskRecord:
    added = connection.execute(_PUT, values_of(record)).lastrowid
    if record.task_id is None:
        return _with_title(connection, replace(record, key=added or 0))
    values = {"task_id": record.task_id, "owner": record.owner, "agent": record.agent}
    written = _one(connection, _BY_TASK, values) or record
    return _with_title(connection, written, record.title)


def _one(connection: Connection, statement: str, values: dict[str, Any]) -> TaskRecord | None:
    # All rows are fetched: an unfinished statement keeps its transaction open.
    rows = connection.execute(statement, values).fetchall()
    return record_of(rows[0]) if rows else None
