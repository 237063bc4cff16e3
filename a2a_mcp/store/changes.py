"""What a call changes of a task's row, before an engine writes it. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from a2a_mcp.a2a.ids import LONGEST_ID_BYTES, is_usable_id
from a2a_mcp.a2a.model import TaskState
from a2a_mcp.store.base import TaskRecord


def check_ids(task_id: str | None, context_id: str | None) -> None:
    """Raise ValueError for an id that no engine stores."""
    for name, value in (("task", task_id), ("context", context_id)):
        if value is not None and not is_usable_id(value):
            raise ValueError(
                f"the {name} id is longer than {LONGEST_ID_BYTES} bytes, or not valid Unicode"
            )


def changes_of(
    record: TaskRecord,
    *,
    task_id: str | None,
    handle: str | None,
    context_id: str | None,
    state: TaskState | None,
    interface: str | None,
) -> dict[str, Any]:
    """Return the columns to set, by name; empty where the record has all of them.

    An ended task stays ended. Raises as `check_ids`.
    """
    check_ids(task_id, context_id)
    if state is not None and record.state.terminal and not state.terminal:
        state = None
    given = {
        "task_id": task_id,
        "handle": handle,
        "context_id": context_id,
        "state": None if state is None else state.value,
        "interface": interface,
    }
    given = {name: value for name, value in given.items() if value is not None}
    has_all = all(value == getattr(record, name) for name, value in given.items())
    return {} if has_all else given


def forgotten_key(record: TaskRecord) -> str:
    """Return the name of the claim that a removed row must not be written again."""
    created = float(record.created)  # SQLite gives a whole number of seconds as an int now and then
    return f"forgotten-{record.key}-{created}-{record.message_id}"


def changed(record: TaskRecord, given: dict[str, Any], now: float) -> TaskRecord:
    """Return the record as it is after these changes."""
    state = TaskState(given.get("state", record.state))
    return replace(record, **{**given, "state": state, "updated": now})
