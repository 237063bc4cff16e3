"""What a person reads who wants tasks forgotten; no tool does that."""

from __future__ import annotations

from typing import Final

CANCEL_FIRST: Final = "Stop it first, or wait for its end: a2a-mcp tasks cancel {task}"
REMOVE_BY_HAND: Final = "Remove it by hand; otherwise it goes when it is older than keep_days."
TRY_AGAIN: Final = "See it: a2a-mcp tasks show {task}"


def not_ended(task_id: str, agent: str, state: str) -> str:
    """Say that a task may still move, so that its row is needed."""
    return f"The task {task_id!r} of {agent} is {state}; only one that has ended can be forgotten."


def changed(task_id: str, agent: str) -> str:
    """Say that something else has changed or forgotten a task in the same moment."""
    return f"The task {task_id!r} of {agent} has changed this moment; nothing was forgotten."


def files_stay(task_id: str, agent: str, file: str) -> str:
    """Say which file of a forgotten task could not be removed, and why."""
    return f"The task {task_id!r} of {agent} is forgotten, but a file of it is still there: {file}"
