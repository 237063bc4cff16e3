"""What a model does next with a task, by its state and by the form of its question. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from a2a_mcp.a2a.model import JSON, Part, Task, TaskState
from a2a_mcp.presentation import sentences

BY_STATE: Final = {
    TaskState.SUBMITTED: sentences.RUNNING,
    TaskState.WORKING: sentences.RUNNING,
    TaskState.UNKNOWN: sentences.STATE_UNKNOWN,
    TaskState.INPUT_REQUIRED: sentences.INPUT_REQUIRED,
    TaskState.AUTH_REQUIRED: sentences.AUTH_REQUIRED,
    TaskState.FAILED: sentences.FAILED,
    TaskState.REJECTED: sentences.REJECTED,
    TaskState.CANCELED: sentences.CANCELED,
}
BY_MARK: Final = {
    "function_call": sentences.ANSWER_FUNCTION_CALL,
    "interrupts": sentences.ANSWER_INTERRUPT,
}
"""How two frameworks, ADK and Strands, want their questions answered, by a word in the data."""


def next_step(task: Task) -> str | None:
    """Return what to do now; None for a completed task.

    A question in data may want an answer in data.
    """
    if task.state is TaskState.INPUT_REQUIRED and (data := _data_of_question(task)):
        marks = [mark for part in data for mark in _marks(part)]
        by_mark = (step for mark, step in BY_MARK.items() if mark in marks)
        return sentences.join(sentences.ANSWER_WITH_DATA, *by_mark)
    return BY_STATE.get(task.state)


def _data_of_question(task: Task) -> list[Part]:
    parts = task.status.message.parts if task.status.message else ()
    return [part for part in parts if part.kind == "data"]


def _marks(part: Part) -> Iterator[JSON]:
    """Yield the words by which a framework marks its data."""
    yield from part.metadata.values()
    if isinstance(part.data, dict):
        yield from part.data
