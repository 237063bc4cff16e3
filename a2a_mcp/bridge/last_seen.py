"""A task as it was last seen, where its agent cannot be asked. Pure."""

from __future__ import annotations

from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.errors import BridgeError
from a2a_mcp.presentation import sentences
from a2a_mcp.presentation.task_view import TaskView
from a2a_mcp.store.base import TaskRecord
from a2a_mcp.text.untrusted import scrub_line


def as_last_seen(record: TaskRecord, task_id: str, error: A2AError | BridgeError) -> TaskView:
    """Return the state on record of a task; `error` says why its agent is not asked."""
    reason = scrub_line(error.reason())
    return TaskView(
        agent=record.agent,
        task_id=scrub_line(task_id),
        context_id=scrub_line(record.context_id) if record.context_id else None,
        state=record.state,
        note=sentences.task_as_last_seen(reason),
        next_step=error.next_step if isinstance(error, BridgeError) else None,
    )
