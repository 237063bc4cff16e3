# ruff: noqa: S608 - statements are made of words of this module alone; values are bound
"""Pages of a list of tasks: which rows of an owner match a filter, the last updated first.

Each statement walks an index that holds the filter, so that a page costs the same however many rows
there are. Rows that have just changed are walked in the order of their changes; the older ones are
found in `settled`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from a2a_mcp.a2a.model import TERMINAL, TaskState
from a2a_mcp.store.base import Records
from a2a_mcp.store.cursors import Position, cursor_after
from a2a_mcp.store.sqlite.records import ENDED, ROW, record_of
from a2a_mcp.store.sqlite.settled import SHORT_CONTEXT, settled_until

if TYPE_CHECKING:
    from sqlite3 import Connection

_Rows = list[tuple[Any, ...]]

_ORDER: Final = "ORDER BY updated DESC, key DESC LIMIT :limit"
_PAGE: Final = (
    "WHERE owner = :owner AND (updated, key) < (:before, :key) AND updated > :after "
    "AND (:agent IS NULL OR agent = :agent) AND (:state IS NULL OR state = :state) "
    "AND (:context_id IS NULL OR context_id = :context_id) "
    f"AND NOT (:unfinished AND state IN {ENDED}) "
)
_LIST: Final = f"{ROW}INDEXED BY tasks_by_update {_PAGE}{_ORDER}"
_FIRST_OF_CONTEXT: Final = (
    f"{ROW}NOT INDEXED {_PAGE}AND key IN (SELECT key FROM tasks INDEXED BY tasks_by_context "
    f"WHERE context_id = :context_id ORDER BY key LIMIT {SHORT_CONTEXT}) {_ORDER}"
)
_SETTLED: Final = (
    f"{ROW}WHERE key IN (SELECT task FROM settled INDEXED BY {{index}} WHERE owner = :owner "
    "AND {filter} AND state = :state AND (updated, task) < (:before, :key) AND updated > :after "
    "ORDER BY updated DESC, task DESC LIMIT :limit)"
)
_SETTLED_OF_AGENT: Final = _SETTLED.format(index="settled_by_agent", filter="agent = :agent")
_SETTLED_IN_STATE: Final = _SETTLED.format(index="settled_by_state", filter="true")
_SETTLED_IN_CONTEXT: Final = _SETTLED.format(
    index="settled_by_context",
    filter="context_id = :context_id AND (:agent IS NULL OR agent = :agent)",
)
_CONTEXT_LENGTH: Final = (
    "SELECT count(*) FROM (SELECT 1 FROM tasks WHERE context_id = :context_id "
    f"LIMIT {SHORT_CONTEXT})"
)


def page(
    connection: Connection, wanted: dict[str, Any], limit: int, position: Position
) -> tuple[Records, str | None]:
    """Return rows after a position, last updated first, and the cursor of the next page."""
    before, key = position
    values = {**wanted, "before": before, "key": key, "limit": limit + 1}
    with connection:  # several statements read one state of the file
        connection.execute("BEGIN")
        rows = _rows(connection, values)
    records = [record_of(row) for row in rows[:limit]]
    return records, cursor_after(records[-1]) if len(rows) > limit else None


def _rows(connection: Connection, values: dict[str, Any]) -> _Rows:
    """Return the rows of a page, and one more if there is one."""
    if values["context_id"] is not None:
        return _of_context(connection, values)
    if not any(values[name] for name in ("agent", "state", "unfinished")):
        return connection.execute(_LIST, values).fetchall()
    return _filtered(connection, values)


def _of_context(connection: Connection, values: dict[str, Any]) -> _Rows:
    """Return the rows of a conversation: the first ones, and in a long one the others too."""
    rows = connection.execute(_FIRST_OF_CONTEXT, values).fetchall()
    ((length,),) = connection.execute(_CONTEXT_LENGTH, values).fetchall()
    if length < SHORT_CONTEXT:
        return rows
    return _newest([*rows, *_filtered(connection, values)], values)


def _filtered(connection: Connection, values: dict[str, Any]) -> _Rows:
    until = settled_until(connection, values["owner"])
    rows = _changed_since(connection, values, until)
    missing = values["limit"] - len(rows)
    return [*rows, *_settled(connection, {**values, "limit": missing}, until)] if missing else rows


def _changed_since(connection: Connection, values: dict[str, Any], until: float) -> _Rows:
    """Return the rows that changed at `until` or later; all of them are newer than settled ones."""
    after = max(values["after"], math.nextafter(until, -math.inf))
    return connection.execute(_LIST, {**values, "after": after}).fetchall()


def _settled(connection: Connection, values: dict[str, Any], until: float) -> _Rows:
    """Return the rows that changed before `until`: the newest of each wanted state, merged."""
    if until <= values["before"]:
        values = {**values, "before": until, "key": 0}
    rows: _Rows = []
    for state in _states(values):
        rows += connection.execute(_statement(values), {**values, "state": state}).fetchall()
    return _newest(rows, values)


def _newest(rows: _Rows, values: dict[str, Any]) -> _Rows:
    """Return the rows of a page, each once, of those that were found."""
    found = {row[0]: row for row in rows}
    return sorted(found.values(), key=_place, reverse=True)[: values["limit"]]


def _states(values: dict[str, Any]) -> list[str]:
    wanted = [TaskState(values["state"])] if values["state"] else list(TaskState)
    return [it.value for it in wanted if not (values["unfinished"] and it in TERMINAL)]


def _statement(values: dict[str, Any]) -> str:
    if values["context_id"] is not None:
        return _SETTLED_IN_CONTEXT
    return _SETTLED_IN_STATE if values["agent"] is None else _SETTLED_OF_AGENT


def _place(row: tuple[Any, ...]) -> tuple[float, int]:
    """Return when a row was updated, and its key."""
    return row[10], row[0]
