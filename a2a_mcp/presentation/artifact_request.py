"""Which piece of which artifact a caller asks for, and the artifact and parts it names. Pure.

No content is read here. A request for an unknown artifact or part is refused with the known ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from a2a_mcp.a2a.ids import LONGEST_ID_BYTES
from a2a_mcp.a2a.model import Artifact, Part, Task
from a2a_mcp.errors import NotAllowed
from a2a_mcp.presentation import message_artifacts
from a2a_mcp.text.truncate import MaskText, shorten
from a2a_mcp.text.untrusted import scrub_line

Unit = Literal["characters", "lines"]

NAMED_ARTIFACTS: Final = 20
NAMED_BYTES: Final = 2_000


class NothingThere(NotAllowed):
    """What was asked for is not in the artifact; the message says what is."""

    def at(self, agent: str, task_id: str) -> NothingThere:
        """Return a copy of this error that names the agent and the task."""
        return NothingThere(self.message, self.next_step, agent=agent, task_id=task_id)


@dataclass(frozen=True, slots=True)
class ArtifactRequest:
    """Which piece of an artifact a caller asks for."""

    artifact_id: str
    part: int | None = None
    unit: Unit = "characters"
    offset: int = 0
    limit: int | None = None
    pointer: str | None = None
    search: str | None = None

    @property
    def wants_sound(self) -> bool:
        """Return whether a sound is wanted as such, by its part."""
        return self.part is not None

    @property
    def is_first_piece(self) -> bool:
        """Return whether it is the first piece, with which files, pictures and sounds come."""
        return self.search is None and self.pointer is None and not self.offset


def end_of_range(request: ArtifactRequest, total: int, unit: str) -> int:
    """Return where the requested range of `total` units ends, exclusive.

    Raises NothingThere if it starts past the end.
    """
    start = first_of_range(request)
    if start >= total:
        raise NothingThere(
            f"The offset {start} is past the end of {total} {unit}.",
            "Call again with a smaller offset.",
        )
    if request.limit is None:
        return total
    return min(start + max(request.limit, 0), total)


def first_of_range(request: ArtifactRequest) -> int:
    """Return the first unit of the requested range, counted from 0."""
    return max(request.offset, 0)


def shown_id(artifact: Artifact, mask: MaskText) -> str:
    """Return the id by which an artifact is shown and asked for; agents make ids of any length."""
    return shorten(mask(scrub_line(artifact.artifact_id)), LONGEST_ID_BYTES)


def find_artifact(task: Task, artifact_id: str, mask: MaskText) -> Artifact | None:
    """Return the artifact, or the message that is read as one, with this id; None if none has."""
    for artifact in task.artifacts:
        if artifact_id in (artifact.artifact_id, shown_id(artifact, mask)):
            return artifact
    return message_artifacts.find(task, artifact_id)


def find_requested(
    agent: str, task: Task, request: ArtifactRequest, mask: MaskText
) -> tuple[Artifact, tuple[Part, ...]]:
    """Return the requested artifact and those of its parts that are to be read.

    Raises NotAllowed if the task has no such artifact, or the artifact no such part.
    """
    artifact = find_artifact(task, request.artifact_id, mask)
    if artifact is None:
        raise _no_such_artifact(agent, task, request.artifact_id, mask)
    if request.part is None:
        return artifact, artifact.parts
    if not 0 <= request.part < len(artifact.parts):
        raise _no_such_part(agent, task, artifact, request.part)
    return artifact, (artifact.parts[request.part],)


def _no_such_artifact(agent: str, task: Task, artifact_id: str, mask: MaskText) -> NotAllowed:
    known = (*task.artifacts, *message_artifacts.with_files(task))
    next_step = "It has none at all; get_task shows what the agent said."
    if known:
        ids = ", ".join(shown_id(artifact, mask) for artifact in known[:NAMED_ARTIFACTS])
        next_step = f"Call again with one of its artifacts: {shorten(ids, NAMED_BYTES)}."
    return NotAllowed(
        f"The task has no artifact {artifact_id!r}.", next_step, agent=agent, task_id=task.id
    )


def _no_such_part(agent: str, task: Task, artifact: Artifact, part: int) -> NotAllowed:
    next_step = "It is empty."
    if artifact.parts:
        last = len(artifact.parts) - 1
        next_step = f"Its parts are 0 to {last}; leave part out to read them all."
    return NotAllowed(f"The artifact has no part {part}.", next_step, agent=agent, task_id=task.id)
