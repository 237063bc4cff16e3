"""`apply(task, event)`: a task after an event. Pure.

A whole Task replaces what was known; a status replaces the status and moves its message to the
history, as servers do; an artifact replaces the one of its id or, with `append`, extends it. After
a terminal state nothing changes but artifacts that arrive late.
"""

from __future__ import annotations

from typing import Final

from a2a_mcp.a2a.model import (
    Artifact,
    Message,
    Part,
    StreamEvent,
    Task,
    TaskArtifactUpdateEvent,
    TaskState,
    TaskStatus,
    TaskStatusUpdateEvent,
)

KEPT_HISTORY: Final = 100


def apply(task: Task | None, event: StreamEvent) -> Task | None:
    """Give the task after the event; None as long as no event has named a task."""
    match event:
        case Task():
            return event if task is None or not _regresses(task, event) else task
        case Message():
            return task
        case TaskStatusUpdateEvent():
            return _with_status(task or _named(event), event)
        case TaskArtifactUpdateEvent():
            return _with_artifact(task or _named(event), event)


def as_task(task_id: str, message: Message) -> Task:
    """Return an answer without a task as a task that has ended, under an id of ours."""
    status = TaskStatus(state=TaskState.COMPLETED, message=message)
    return Task(id=task_id, context_id=message.context_id, status=status)


def belongs(task: Task | None, event: StreamEvent) -> bool:
    """Whether an event is of this task; an event without an id is of the stream's own task.

    A failure under another id in the same conversation is this task's too: a2a-js 0.3 tells of a
    crash so.
    """
    if task is None or isinstance(event, Message):
        return True
    named = event.id if isinstance(event, Task) else event.task_id
    if named is None or named == task.id:
        return True
    ends = isinstance(event, TaskStatusUpdateEvent) and event.status.state.terminal
    return ends and event.context_id is not None and event.context_id == task.context_id


def after_replay(tail: tuple[Part, ...], pieces: tuple[Part, ...]) -> tuple[Part, ...] | None:
    """Give what of an artifact's tail may still be told again after `pieces`; None for new ones.

    Who attaches to a task gets it whole, and then what happened while it was put together once
    more (a2a-sdk 1.3).
    """
    for start in range(len(tail) - len(pieces), -1, -1):
        end = start + len(pieces)
        if tail[start:end] == pieces:
            return tail[end:]
    return None


def _regresses(task: Task, event: Task) -> bool:
    return task.state.terminal and not event.state.terminal


def _named(event: TaskStatusUpdateEvent | TaskArtifactUpdateEvent) -> Task | None:
    """Begin a task with an event: some streams never send a whole Task (agentstack, kagenti)."""
    if event.task_id is None:
        return None
    status = TaskStatus(state=TaskState.SUBMITTED)
    return Task(id=event.task_id, context_id=event.context_id, status=status)


def _with_status(task: Task | None, event: TaskStatusUpdateEvent) -> Task | None:
    if task is None or task.state.terminal:
        return task
    said = task.status.message
    history = task.history
    if said and said.parts and not _holds(history, said):
        history = (*history[-KEPT_HISTORY:], said)
    update = {
        "status": event.status,
        "history": history,
        "context_id": task.context_id or event.context_id,
    }
    return task.model_copy(update=update)


def _holds(history: tuple[Message, ...], said: Message) -> bool:
    """Whether a message is in the history: by its id, or as a whole where it has none (0.1)."""
    if not said.message_id:
        return said in history
    return any(message.message_id == said.message_id for message in history)


def _with_artifact(task: Task | None, event: TaskArtifactUpdateEvent) -> Task | None:
    if task is None:
        return None
    known = {artifact.artifact_id: artifact for artifact in task.artifacts}
    earlier = known.get(event.artifact.artifact_id)
    known[event.artifact.artifact_id] = (
        _extended(earlier, event.artifact) if event.append and earlier else event.artifact
    )
    update = {
        "artifacts": tuple(known.values()),
        "context_id": task.context_id or event.context_id,
    }
    return task.model_copy(update=update)


def _extended(earlier: Artifact, piece: Artifact) -> Artifact:
    update = {
        "parts": earlier.parts + piece.parts,
        "metadata": earlier.metadata | piece.metadata,
        "name": earlier.name or piece.name,
    }
    return earlier.model_copy(update=update)
