"""The schemas are written by hand; what they repeat is compared with what they repeat it from."""

from typing import get_args

from a2a_mcp.a2a.model import TaskState
from a2a_mcp.presentation import artifact_request
from a2a_mcp.server.tools import arguments, schemas


def test_the_states_of_a_task_are_those_of_the_model() -> None:
    assert schemas.STATE["enum"] == [state.value for state in TaskState]


def test_the_units_of_an_artifact_are_those_that_can_be_read() -> None:
    assert get_args(arguments.Unit) == get_args(artifact_request.Unit)
