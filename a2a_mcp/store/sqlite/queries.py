# ruff: noqa: S608 - statements are made of words of this module alone; values are bound
"""The queries on the tables of tasks and of interface overrides in `tasks.db`.

Functions of one open connection; SQLite's own errors pass through. It must never import sqlite3
itself (it is part of start-up), wait, or change a row in more than one step outside a transaction.
"""

from __future__ import annotations

import base64
import math
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Final

from a2a_mcp.a2a.model import TERMINAL, TaskState
from a2a_mcp.store.base import PENDING, Records, TaskRecord

if TYPE_CHECKING:
    from sqlite3 import Connection

_STATES: Final = {state.value: state for state in TaskState}
_ENDED: Final = "(" + ", ".join(f"'{state}'" for state in sorted(TERMINAL)) + ")"
_COLUMNS: Final = (
    "owner, agent, message_id, task_id, handle, context_id, state, interface, created, updated"
)
_READ: Final = f"key, {_COLUMNS}, (SELECT title FROM titles WHERE task = tasks.key)"
_ROW: Final = f"SELECT {_READ} FROM tasks "
_WRITTEN: Final = f"RETURNING {_READ}"
_BY_TASK: Final = f"{_ROW}WHERE task_id = :task_id AND owner = :owner AND agent = :agent"
# SQLite reuses the key of a removed row, so a row is identified by more than its key.
_SAME: Final = (
    "WHERE key = :key AND created = :created AND owner = :owner AND agent = :agent "
    "AND message_id = :message_id"
)
_INSERT: Final = f"INSERT INTO tasks ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_PUT: Final = (
    f"{_INSERT} ON CONFLICT (task_id, owner, agent) WHERE task_id IS NOT NULL DO UPDATE SET "
    f"state = CASE WHEN state IN {_ENDED} AND excluded.state NOT IN {_ENDED} "
    "THEN state ELSE excluded.state END, handle = coalesce(excluded.handle, handle), "
    "context_id = coalesce(excluded.context_id, context_id), "
    "interface = coalesce(excluded.interface, interface), updated = excluded.updated"
)
# Only changed columns are set: SQLite rewrites the index of every column that is named.
_SET: Final = {
    "task_id": "task_id = :task_id",
    "handle": "handle = :handle",
    "context_id": "context_id = nullif(:context_id, '')",
    "state": f"state = CASE WHEN state IN {_ENDED} AND :state NOT IN {_ENDED} "
    "THEN state ELSE :state END",
    "interface": "interface = :interface",
}
_FIND: Final = (
    # The plus keeps SQLite from scanning all rows of the owner.
    f"{_ROW}WHERE +owner = :owner AND (:agent IS NULL OR agent = :agent) AND key IN "
    "(SELECT key FROM tasks WHERE task_id = :id UNION SELECT key FROM tasks WHERE handle = :id "
    "UNION SELECT task FROM earlier_handles WHERE handle = :id) "
    "ORDER BY updated DESC, key DESC LIMIT 50"
)
_FIND_MESSAGE: Final = (
    f"{_ROW}WHERE +owner = :owner AND (:agent IS NULL OR agent = :agent) AND message_id = :id "
    "AND message_id <> '' LIMIT 50"
)
_PAGE: Final = (
    "WHERE owner = :owner AND (updated, key) < (:before, :key) AND updated > :after "
    "AND (:agent IS NULL OR agent = :agent) AND (:state IS NULL OR state = :state) "
    f"AND NOT (:unfinished AND state IN {_ENDED}) "
)
_LIST: Final = f"{_ROW}{_PAGE}ORDER BY updated DESC, key DESC LIMIT :limit"
_LIST_CONTEXT: Final = (
    f"{_ROW}INDEXED BY tasks_by_context {_PAGE}AND context_id = :context_id "
    "ORDER BY updated DESC, key DESC LIMIT :limit"
)
_OF_OTHER: Final = "SELECT 1 FROM tasks WHERE owner <> :owner AND agent = :agent AND "
_TASK_OF_OTHER: Final = (
    f"{_OF_OTHER}task_id = :id AND NOT (:active_only AND (state = '{TaskState.UNKNOWN}' "
    f"OR state IN {_ENDED})) LIMIT 1"
)
_CONTEXT_OF_OTHER: Final = f"{_OF_OTHER}context_id = :id LIMIT 1"
_OLDEST_ENDED: Final = f"SELECT key FROM tasks WHERE state IN {_ENDED} ORDER BY updated LIMIT ?"
SAME_MOMENT_SECONDS: Final = 1.0
_CLOCK_SLACK_SECONDS: Final = 3600.0


def add(connection: Connection, record: TaskRecord) -> TaskRecord:
    """Write a new row; return the record with its key."""
    if record.title is None:
        return _add(connection, record)
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        return _with_title(connection, _add(connection, record))


def _add(connection: Connection, record: TaskRecord) -> TaskRecord:
    return replace(record, key=connection.execute(_INSERT, _values(record)).lastrowid or 0)


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
    return written or put(connection, _changed(record, given, now))


def find(connection: Connection, owner: str, task_id: str, agent: str | None) -> Records:
    """Return the owner's rows with this task id, handle or pending id, newest first."""
    values = {"owner": owner, "agent": agent, "id": task_id}
    rows = connection.execute(_FIND, values).fetchall()
    if not rows and task_id.startswith(PENDING):
        values["id"] = task_id.removeprefix(PENDING)
        rows = connection.execute(_FIND_MESSAGE, values).fetchall()
    return [_record(row) for row in rows]


def selected(connection: Connection, condition: str, values: dict[str, Any]) -> Records:
    """Return the rows of all owners that fulfil a condition, which is no caller's text."""
    rows = connection.execute(f"{_ROW}{condition}", values).fetchall()
    return [_record(row) for row in rows]


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


def page(
    connection: Connection, wanted: dict[str, Any], limit: int, position: tuple[float, int]
) -> tuple[Records, str | None]:
    """Return rows after a position, last updated first, and the cursor of the next page."""
    before, key = position
    values = {**wanted, "before": before, "key": key, "limit": limit + 1}
    statement = _LIST if wanted["context_id"] is None else _LIST_CONTEXT
    rows = connection.execute(statement, values).fetchall()
    records = [_record(row) for row in rows[:limit]]
    return records, _cursor(records[-1]) if len(rows) > limit else None


def expired(connection: Connection, now: float, keep_seconds: float, max_rows: int) -> list[int]:
    """Return the keys of ended rows to remove: those too old, and the oldest above `max_rows`.

    Age is ignored while the clock seems wrong: the newest row lies in the future, or more than half
    of all rows would be removed at once. `max_rows` holds in any case.
    """
    cutoff = now - keep_seconds
    first, last, created = connection.execute(
        "SELECT (SELECT min(key) FROM tasks), (SELECT max(key) FROM tasks), "
        "(SELECT created FROM tasks ORDER BY key LIMIT 1)"
    ).fetchall()[0]
    if first is None or (created >= cutoff and last - first < max_rows):
        return []
    rows, newest, old = connection.execute(
        f"SELECT count(*), max(updated), sum(updated < ? AND state IN {_ENDED}) FROM tasks",
        (cutoff,),
    ).fetchall()[0]
    if newest > now + _CLOCK_SLACK_SECONDS or 2 * old > rows:
        old = 0
    found = connection.execute(_OLDEST_ENDED, (max(old, rows - max_rows, 0),))
    return [key for (key,) in found.fetchall()]


def remove(connection: Connection, keys: list[int]) -> None:
    """Remove the rows that have ended; a key may belong to a new, running task by now."""
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            f"DELETE FROM tasks WHERE key = ? AND state IN {_ENDED}",
            [(key,) for key in keys],
        )


def _join(
    connection: Connection, record: TaskRecord, given: dict[str, Any], now: float
) -> TaskRecord:
    """Make one row of two: the older row of the task stays, and both handles lead to it."""
    values = asdict(record)
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        mine = _one(connection, f"{_ROW}{_SAME}", values) or record
        older = _one(connection, _BY_TASK, {**values, "task_id": given["task_id"]}) or record
        known = {"handle": mine.handle, "interface": mine.interface, "state": older.state.value}
        joined = _put(connection, _changed(record, known | given, now))
        values["joined"] = joined.key
        connection.execute("UPDATE earlier_handles SET task = :joined WHERE task = :key", values)
        connection.execute(f"DELETE FROM tasks {_SAME}", values)
    return joined


def _put(connection: Connection, record: TaskRecord) -> TaskRecord:
    added = connection.execute(_PUT, _values(record)).lastrowid
    if record.task_id is None:
        return _with_title(connection, replace(record, key=added or 0))
    values = {"task_id": record.task_id, "owner": record.owner, "agent": record.agent}
    written = _one(connection, _BY_TASK, values) or record
    return _with_title(connection, written, record.title)


def _one(connection: Connection, statement: str, values: dict[str, Any]) -> TaskRecord | None:
    # All rows are fetched: an unfinished statement keeps its transaction open.
    rows = connection.execute(statement, values).fetchall()
    return _record(rows[0]) if rows else None


def _changed(record: TaskRecord, given: dict[str, Any], now: float) -> TaskRecord:
    state = TaskState(given.get("state", record.state))
    return replace(record, **{**given, "state": state, "updated": now})


def _record(row: tuple[Any, ...]) -> TaskRecord:
    values = (*row[:7], _STATES.get(row[7], TaskState.UNKNOWN), *row[8:])
    return TaskRecord(*values)


def _values(record: TaskRecord) -> tuple[Any, ...]:
    return (
        record.owner,
        record.agent,
        record.message_id,
        record.task_id,
        record.handle,
        record.context_id or None,
        record.state.value,
        record.interface,
        record.created,
        record.updated,
    )


def _cursor(record: TaskRecord) -> str:
    return base64.urlsafe_b64encode(f"{record.updated!r} {record.key}".encode()).decode()


def read_cursor(cursor: str | None) -> tuple[float, int]:
    """Return the time and key after which a page begins; ValueError if `cursor` is not ours."""
    if cursor is None:
        return math.inf, 0
    try:
        updated, key = base64.urlsafe_b64decode(cursor.encode()).decode().split(" ")
        position = float(updated), int(key)
    except ValueError:
        raise ValueError("the cursor is not one of this list") from None
    if not math.isfinite(position[0]) or not 0 <= position[1] < 2**63:
        raise ValueError("the cursor is not one of this list")
    return position
