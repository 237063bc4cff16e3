"""The next step that a model reads, by state and by the form of the question."""

from __future__ import annotations

import pytest
from building import task

from a2a_mcp.a2a.model import (
    Message,
    Part,
    Role,
    Task,
    TaskState,
    TaskStatus,
)
from a2a_mcp.presentation import sentences, task_view


@pytest.mark.parametrize("state", sorted(set(TaskState) - {TaskState.COMPLETED}))
def test_every_state_but_completed_says_what_to_do_next(state: TaskState) -> None:
    assert task_view.of_task("agent", task(state)).next_step


def asking(part: Part) -> str:
    question = Message(message_id="m", role=Role.AGENT, parts=(part,))
    status = TaskStatus(state=TaskState.INPUT_REQUIRED, message=question)
    return task_view.of_task("agent", Task(id="t1", status=status)).next_step or ""


@pytest.mark.parametrize(
    ("part", "step"),
    [
        (
            Part(kind="data", data={}, metadata={"adk_type": "function_call"}),
            sentences.ANSWER_FUNCTION_CALL,
        ),
        (Part(kind="data", data={"interrupts": []}), sentences.ANSWER_INTERRUPT),
    ],
)
def test_a_question_in_data_says_in_which_form_its_framework_wants_the_answer(
    part: Part, step: str
) -> None:
    assert asking(part) == f"{sentences.ANSWER_WITH_DATA} {step}"


def test_a_question_in_data_of_another_form_is_answered_with_data() -> None:
    nested = Part(kind="data", data=["?"], metadata={"form": {"fields": ["city"]}})
    assert asking(nested) == sentences.ANSWER_WITH_DATA
