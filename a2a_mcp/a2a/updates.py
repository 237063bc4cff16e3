"""`apply(task, event)`: a task after an event. Pure.

A whole Task replaces what was known. A status replaces the status, and the message of the earlier
one moves to the history, as on servers. An artifact replaces the one of its id or, with `append`,
extends it. After a terminal state only late artifacts are taken in. Of a long history only the end
is kept. A message changes nothing: who follows the task keeps it (`with_said`).
"""

from __future__ import annotations

from typing import Final

from a2a_mcp.a2a.cumulative import with_whole_texts
from a2a_mcp.a2a.model import (
    Artifact,
    Message,
    Part,
    Role,
    StreamEvent,
    Task,
    TaskArtifactUpdateEvent,
    TaskState,
    TaskStatus,
    TaskStatusUpdateEvent,
)
from a2a_mcp.a2a.pieces import with_pieces

KEPT_WORDS: Final = 10
"""Messages of a history that are kept: as many as a read asks for."""

KEPT_FILES: Final = 100
"""Messages with files that are kept besides: they are results."""

FILES: Final = frozenset({"raw", "url"})
KEPT_BYTES: Final = 8 * 1024 * 1024


def apply(task: Task | None, event: StreamEvent) -> Task | None:
    """Return the task after the event; None as long as no event has named a task."""
    match event:
        case Task():
            return task if task and _regresses(task, event) else _with_short_history(event)
        case Message():
            return task
        case TaskStatusUpdateEvent():
            return _with_status(task or _named(event), event)
        case TaskArtifactUpdateEvent():
            return _with_artifact(task or _named(event), event)


def as_task(task_id: str, message: Message) -> Task:
    """Return an answer without a task as a completed task with an id that we made."""
    status = TaskStatus(state=TaskState.COMPLETED, message=message)
    return Task(id=task_id, context_id=message.context_id, status=status)


def with_said(task: Task, said: tuple[Message, ...]) -> Task:
    """Return a task with the messages that its agent sent beside it, which its store may not keep.

    They stand in the history, and the last one in the status while that says nothing else.
    """
    history = task.history
    for message in said:
        if not _holds(history, message):
            history = latest((*history, message))
    status = task.status
    if said and not task.state.stop and not (status.message and status.message.parts):
        status = status.model_copy(update={"message": said[-1]})
    return task.model_copy(update={"history": history, "status": status}) if said else task


def belongs(task: Task | None, event: StreamEvent) -> bool:
    """Return whether an event is of this task; one without an id is of the stream's own task.

    A terminal status under another id in the same conversation is this task's too. Seen on:
    a2a-js 0.3, when the agent crashes.
    """
    if task is None or isinstance(event, Message):
        return True
    named = event.id if isinstance(event, Task) else event.task_id
    if named is None or named == task.id:
        return True
    ends = isinstance(event, TaskStatusUpdateEvent) and event.status.state.terminal
    return ends and event.context_id is not None and event.context_id == task.context_id


def after_replay(tail: tuple[Part, ...], pieces: tuple[Part, ...]) -> tuple[Part, ...] | None:
    """Return the rest of an artifact's tail after a repeat of `pieces`; None for new pieces.

    A subscriber gets the whole task first. Then the events come again that happened while the
    task was read. Seen on: a2a-sdk 1.3. An event without pieces, such as a mark of the end, tells
    nothing of its place in the tail.
    """
    if not pieces:
        return tail
    for start in range(len(tail) - len(pieces), -1, -1):
        end = start + len(pieces)
        if tail[start:end] == pieces:
            return tail[end:]
    return None


def _regresses(task: Task, event: Task) -> bool:
    return task.state.terminal and not event.state.terminal


def _named(event: TaskStatusUpdateEvent | TaskArtifactUpdateEvent) -> Task | None:
    """Return a task begun by an event: some streams never send a whole Task.

    Seen on: AgentStack, Kagenti.
    """
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
        history = latest((*history, said))
    update = {
        "status": event.status,
        "history": history,
        "context_id": task.context_id or event.context_id,
    }
    return with_whole_texts(task.model_copy(update=update))


def _with_short_history(task: Task) -> Task:
    kept = latest(task.history)
    if len(kept) == len(task.history):
        return task
    return task.model_copy(update={"history": kept})


def latest(history: tuple[Message, ...]) -> tuple[Message, ...]:
    """Return the end of a history: the last messages, and further back only those with files.

    Nothing is kept from before a user's message that is not: the files would seem to answer a later
    one.
    """
    if len(history) <= 1:
        return history
    kept: list[Message] = []
    room = {True: KEPT_FILES, False: KEPT_WORDS}
    size = 0
    for message in reversed(history):
        files = False
        for part in message.parts:
            files = files or part.kind in FILES
            size += len(part.text) + len(part.raw)
        if kept and size > KEPT_BYTES:
            break
        if room[files]:
            room[files] -= 1
            kept.append(message)
        elif message.role is Role.USER:
            break
    return tuple(reversed(kept))


def _holds(history: tuple[Message, ...], said: Message) -> bool:
    """Return whether a message is in the history: by its id, or as a whole without one (0.1)."""
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
        "parts": with_pieces(earlier.parts, piece.parts),
        "metadata": earlier.metadata | piece.metadata,
        "name": earlier.name or piece.name,
    }
    return earlier.model_copy(update=update)
