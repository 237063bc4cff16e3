"""The pieces of a task that an open stream may tell although they were read already. Pure.

A subscription of a2a-sdk 1.3 begins with the whole task, and then repeats what happened while the
task was put together. A task that is read beside its silent stream holds pieces that the stream
tells later. Either way a piece is counted once, in its order.
"""

from __future__ import annotations

from a2a_mcp.a2a.model import Part, StreamEvent, Task, TaskArtifactUpdateEvent
from a2a_mcp.a2a.pieces import rest_after
from a2a_mcp.a2a.updates import after_replay

Tails = tuple[tuple[str, tuple[Part, ...]], ...]
"""By artifact, the last parts that its stream may still repeat."""


def all_parts(task: Task) -> Tails:
    """Return the tails after a stream has begun with the whole task."""
    return tuple((artifact.artifact_id, artifact.parts) for artifact in task.artifacts)


def with_read(tails: Tails, known: Task | None, task: Task) -> Tails:
    """Return the tails after `task` was read, of which the stream has told what is `known`."""
    told = dict(all_parts(known)) if known else {}
    waiting = dict(tails)
    for name, parts in all_parts(task):
        untold = rest_after(parts, told.get(name, ()))
        if untold is not None:
            waiting[name] = waiting.get(name, ()) + untold
    return tuple(waiting.items())


def after_repeat(tails: Tails, event: StreamEvent) -> Tails | None:
    """Return the tails after an event that repeats a piece; None for an event that is new."""
    if not isinstance(event, TaskArtifactUpdateEvent) or not event.append:
        return None
    waiting, name = dict(tails), event.artifact.artifact_id
    rest = after_replay(waiting.get(name, ()), event.artifact.parts)
    return None if rest is None else tuple((waiting | {name: rest}).items())
