"""A task as it was found: at its agent, in memory, or kept. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from a2a_mcp.a2a.model import Message, Task
from a2a_mcp.a2a.updates import as_task
from a2a_mcp.store.base import TaskRecord


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
