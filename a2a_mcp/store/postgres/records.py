"""The columns of the table `tasks`, rows as records, and texts as PostgreSQL takes them. Pure.

PostgreSQL has no NUL in a text, and an agent may choose an id with one. So NUL is written as two
characters that begin with one which Unicode gives to nobody (U+FFFF), and so is that one itself.
"""

from __future__ import annotations

from typing import Any, Final

from a2a_mcp.a2a.model import TERMINAL, TaskState
from a2a_mcp.store.base import TaskRecord

_STATES: Final = {state.value: state for state in TaskState}
ENDED: Final = "(" + ", ".join(f"'{state}'" for state in sorted(TERMINAL)) + ")"
COLUMNS: Final = (
    "owner, agent, message_id, task_id, handle, context_id, state, interface, created, updated, "
    "title"
)
READ: Final = "key, " + COLUMNS
ROW: Final = f"SELECT {READ} FROM tasks "  # noqa: S608 (words of this module alone)
NOW: Final = "coalesce(%(now)s::float8, extract(epoch FROM clock_timestamp())::float8)"
"""The database's time in Unix seconds; a test gives one of its own as `now`."""
BEGAN: Final = "coalesce(%(now)s::float8, extract(epoch FROM statement_timestamp())::float8)"
"""The same when a statement began: one value for all rows, so that an index finds what is older."""

_MARK: Final = "\uffff"


def stored(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a statement as PostgreSQL takes them."""
    return {name: _escaped(it) if type(it) is str else it for name, it in values.items()}


def record_of(row: tuple[Any, ...]) -> TaskRecord:
    """Return the record of a row that `ROW` has read."""
    key, *texts = row[:9]
    owner, agent, message_id, task_id, handle, context_id, state, interface = map(read_text, texts)
    created, updated, title = row[9:]
    return TaskRecord(
        key,
        owner or "",
        agent or "",
        message_id or "",
        task_id,
        handle,
        context_id,
        _STATES.get(state or "", TaskState.UNKNOWN),
        interface,
        created,
        updated,
        read_text(title),
    )


def values_of(record: TaskRecord) -> dict[str, Any]:
    """Return the values of `COLUMNS` but for the times, by name."""
    return {
        "owner": record.owner,
        "agent": record.agent,
        "message_id": record.message_id,
        "task_id": record.task_id,
        "handle": record.handle,
        "context_id": record.context_id or None,
        "state": record.state.value,
        "interface": record.interface,
        "title": record.title,
    }


def _escaped(text: str) -> str:
    if "\0" not in text and _MARK not in text:
        return text
    return text.replace(_MARK, f"{_MARK}1").replace("\0", f"{_MARK}0")


def read_text(text: str | None) -> str | None:
    """Return a text as it was before `stored`."""
    if text is None or _MARK not in text:
        return text
    return text.replace(f"{_MARK}0", "\0").replace(f"{_MARK}1", _MARK)
