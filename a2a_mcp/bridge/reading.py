"""A task as it was found: at its agent, in memory, or kept. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from a2a_mcp.a2a.model import Message, Task
from a2a_mcp.a2a.requests import GetTaskRequest
from a2a_mcp.a2a.sizes import is_large
from a2a_mcp.a2a.updates import as_task
from a2a_mcp.presentation.answer import answer_text
from a2a_mcp.presentation.message_artifacts import count_results
from a2a_mcp.store.base import TaskRecord

DEFAULT_HISTORY: Final = 10


@dataclass(frozen=True, slots=True)
class Reading:
    """A task as it was found; `task` is None while its agent has not named it.

    `note` tells the reader if this is not what the agent shows now. `message` is the answer of an
    agent that made no task.
    """

    record: TaskRecord
    task: Task | None
    note: str | None = None
    message: Message | None = None

    @property
    def contents(self) -> Task | None:
        """Return what was found as a task; an answer without a task becomes one."""
        return as_task(self.record.pending_id, self.message) if self.message else self.task


def request_for(task_id: str, history_length: int | None) -> GetTaskRequest:
    """Return the request for a task; some agents give their answer in the history alone."""
    wanted = max(DEFAULT_HISTORY, history_length or 0)
    return GetTaskRequest(id=task_id, history_length=wanted)


def is_silent(task: Task) -> bool:
    """Return whether a task has ended and shows no answer."""
    if not task.state.terminal or is_large(task):
        return False
    return not count_results(task) and not answer_text(task)


def spoken_one(silent: Task, *known: Task | None) -> Task:
    """Return the first of the `known` looks at a task that shows its answer, else the silent one.

    Some agents answer in a message beside the task, which their store does not keep.
    """
    for look in known:
        if look and look.state is silent.state and not is_silent(look):
            return look
    return silent
