from typing import Any

import pytest

from a2a_mcp.a2a.decoding.events import decode_task
from a2a_mcp.a2a.decoding.states import decode_state
from a2a_mcp.a2a.model import TaskState


@pytest.mark.parametrize(
    ("spelling", "state"),
    [
        ("completed", TaskState.COMPLETED),
        ("TASK_STATE_COMPLETED", TaskState.COMPLETED),
        (3, TaskState.COMPLETED),
        ("TASK_STATE_INPUT_REQUIRED", TaskState.INPUT_REQUIRED),
        ("input_required", TaskState.INPUT_REQUIRED),
        (6, TaskState.INPUT_REQUIRED),
        ("auth-required", TaskState.AUTH_REQUIRED),
        (8, TaskState.AUTH_REQUIRED),
        ("TASK_STATE_CANCELLED", TaskState.CANCELED),
        ("cancelled", TaskState.CANCELED),
        (5, TaskState.CANCELED),
        ("waiting", TaskState.WORKING),
        ("pending", TaskState.SUBMITTED),
        ("TASK_STATE_UNSPECIFIED", TaskState.UNKNOWN),
        ("UNRECOGNIZED", TaskState.UNKNOWN),
        ("paused by the moon", TaskState.UNKNOWN),
        (0, TaskState.UNKNOWN),
        (-1, TaskState.UNKNOWN),
        (99, TaskState.UNKNOWN),
        (True, TaskState.UNKNOWN),
        (None, TaskState.UNKNOWN),
        (["completed"], TaskState.UNKNOWN),
    ],
)
def test_a_state_is_read_in_every_spelling(spelling: Any, state: TaskState) -> None:
    assert decode_state(spelling) is state


def test_a_state_that_is_not_known_keeps_the_agents_word_and_is_no_end() -> None:
    task = decode_task({"id": "t", "status": {"state": "paused"}})
    assert task is not None
    assert (task.state, task.status.raw_state) == (TaskState.UNKNOWN, "paused")
    assert not task.state.stop
