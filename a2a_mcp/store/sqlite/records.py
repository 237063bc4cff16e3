# ruff: noqa: S608 - statements are made of words of this module alone; values are bound
"""The columns of the table `tasks`, and rows as records. Pure: nothing is executed here."""

from __future__ import annotations

from typing import Any, Final

from a2a_mcp.a2a.model import TERMINAL, TaskState
from a2a_mcp.store.base import TaskRecord

_STATES: Final = {state.value: state for state in TaskState}
ENDED: Final = "(" + ", ".join(f"'{state}'" for state in sorted(TERMINAL)) + ")"
COLUMNS: Final = (
    "owner, agent, message_id, task_id, handle, context_id, state, interface, created, updated"
)
READ: Final = f"key, {COLUMNS}, (SELECT title FROM titles WHERE task = tasks.key)"
ROW: Final = f"SELECT {READ} FROM tasks "


def record_of(row: tuple[Any, ...]) -> TaskRecord:
    """Return the record of a row that `ROW` has read."""
    values = (*row[:7], _STATES.get(row[7], TaskState.UNKNOWN), *row[8:])
    return TaskRecord(*values)


def values_of(record: TaskRecord) -> tuple[Any, ...]:
    """Return the values of `COLUMNS`."""
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
