"""What is kept of an event for the calls that wait: what they show of it, and nothing else. Pure.

An event may hold files and data of several megabytes, and thousands are kept. Calls show its state
and its words alone, so these are packed, and made into an event again when a call is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain
from typing import Final, NamedTuple, TypeAlias

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

Shown: TypeAlias = Callable[[Iterable[Part]], str]
"""Return parts as the text that is shown of them."""

OVERHEAD: Final = 160  # bytes of an update without its words: two objects, two places in queues


class PackedAnswer(NamedTuple):
    """An answer without a task, of which no update is made."""


class PackedPiece(NamedTuple):
    """A piece of an artifact."""

    artifact_id: str
    text: str
    append: bool


class PackedStatus(NamedTuple):
    """A status."""

    state: TaskState
    text: str


class PackedTask(NamedTuple):
    """A whole task; `results` are the ids and texts of its artifacts."""

    state: TaskState
    text: str
    results: tuple[tuple[str, str], ...]


Packed: TypeAlias = PackedAnswer | PackedPiece | PackedStatus | PackedTask


def words_alone(parts: Iterable[Part]) -> str:
    """Return the words among parts."""
    return "".join(part.text for part in parts)


def pack(event: StreamEvent, shown: Shown) -> Packed:
    """Return what is shown of an event."""
    match event:
        case Message():
            return PackedAnswer()
        case TaskArtifactUpdateEvent(artifact=artifact):
            return PackedPiece(artifact.artifact_id, shown(artifact.parts), event.append)
        case TaskStatusUpdateEvent():
            return PackedStatus(event.status.state, _words(event.status, shown))
        case Task():
            return PackedTask(event.state, _words(event.status, shown), _results(event, shown))


def unpack(packed: Packed) -> StreamEvent:
    """Return an event of which the same is shown."""
    match packed:
        case PackedAnswer():
            return Message(message_id="", role=Role.AGENT)
        case PackedPiece(artifact_id, text, append):
            artifact = Artifact(artifact_id=artifact_id, parts=_parts(text))
            return TaskArtifactUpdateEvent(task_id=None, artifact=artifact, append=append)
        case PackedStatus(state, text):
            return TaskStatusUpdateEvent(task_id=None, status=_status(state, text))
        case PackedTask(state, text, results):
            artifacts = tuple(Artifact(artifact_id=it, parts=_parts(said)) for it, said in results)
            return Task(id="", status=_status(state, text), artifacts=artifacts)


def size_of(packed: Packed) -> int:
    """Return about how many bytes of memory it takes."""
    match packed:
        case PackedAnswer():
            return OVERHEAD
        case PackedTask(_, text, results):
            return OVERHEAD + sum(map(str.__sizeof__, (text, *chain.from_iterable(results))))
        case PackedPiece(_, text) | PackedStatus(_, text):
            return OVERHEAD + text.__sizeof__()


def _words(status: TaskStatus, shown: Shown) -> str:
    return shown(status.message.parts) if status.message else ""


def _results(task: Task, shown: Shown) -> tuple[tuple[str, str], ...]:
    """Return the texts of the artifacts; those of an ended task are its answer, and no update."""
    if task.state.terminal:
        return ()
    return tuple((artifact.artifact_id, shown(artifact.parts)) for artifact in task.artifacts)


def _status(state: TaskState, text: str) -> TaskStatus:
    said = Message(message_id="", role=Role.AGENT, parts=_parts(text)) if text else None
    return TaskStatus(state=state, message=said)


def _parts(text: str) -> tuple[Part, ...]:
    return (Part(kind="text", text=text),)
