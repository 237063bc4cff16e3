"""Read a task state in every spelling that agents use.

A word that is not known becomes `unknown`, which never ends a task. Pure.
"""

from __future__ import annotations

from typing import Final

from a2a_mcp.a2a.model import JSON, TaskState

STATE_ALIASES: Final = {
    "cancelled": TaskState.CANCELED,  # 0.3 proto, PraisonAI
    "waiting": TaskState.WORKING,  # python-a2a
    "pending": TaskState.SUBMITTED,
    "sent": TaskState.SUBMITTED,
}
STATES: Final = {state.value: state for state in TaskState} | STATE_ALIASES
STATE_NUMBERS: Final = (  # the proto's enum
    TaskState.UNKNOWN,
    TaskState.SUBMITTED,
    TaskState.WORKING,
    TaskState.COMPLETED,
    TaskState.FAILED,
    TaskState.CANCELED,
    TaskState.INPUT_REQUIRED,
    TaskState.REJECTED,
    TaskState.AUTH_REQUIRED,
)


def decode_state(value: JSON) -> TaskState:
    """Return the state that any spelling means; `unknown` for other words."""
    if isinstance(value, int) and not isinstance(value, bool):
        return STATE_NUMBERS[value] if 0 <= value < len(STATE_NUMBERS) else TaskState.UNKNOWN
    if not isinstance(value, str):
        return TaskState.UNKNOWN
    word = value.strip().lower().removeprefix("task_state_").replace("_", "-")
    return STATES.get(word, TaskState.UNKNOWN)
