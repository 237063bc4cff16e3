"""Pieces of artifacts, read as get_artifact reads them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from a2a_mcp.a2a.model import (
    Artifact,
    Part,
    Task,
    TaskState,
    TaskStatus,
)
from a2a_mcp.presentation.artifact import ArtifactPiece, read_artifact
from a2a_mcp.presentation.artifact_request import (
    ArtifactRequest,
    NothingThere,
    find_requested,
)

ROOM = 10_000


RANGE = re.compile(r" · (?:characters|lines) (\d+) to (\d+) of (\d+)")


ITEMS = re.compile(r"items (\d+) to (\d+) of (\d+)")


def text(words: str) -> Part:
    return Part(kind="text", text=words)


def data(value: Any) -> Part:
    return Part(kind="data", data=value)


def task(*parts: Part, name: str | None = None, artifact_id: str = "a1") -> Task:
    made = Artifact(artifact_id=artifact_id, name=name, parts=parts)
    return Task(id="t1", status=TaskStatus(state=TaskState.COMPLETED), artifacts=(made,))


def read(known: Task, room: int = ROOM, artifact_id: str = "a1", **wanted: Any) -> ArtifactPiece:
    try:
        return read_masked(known, ArtifactRequest(artifact_id, **wanted), room)
    except NothingThere as error:
        return ArtifactPiece(error.message)


def read_masked(
    known: Task, wanted: ArtifactRequest, room: int, mask: Callable[[str], str] = str
) -> ArtifactPiece:
    artifact, parts = find_requested("agent", known, wanted, mask)
    return read_artifact("agent", artifact, parts, wanted, room, mask)


def body(shown: str) -> tuple[str, int | None]:
    """Return the piece itself, and the offset of the next one; None at the end."""
    heading, _, rest = shown.partition("\n\n")
    found = RANGE.search(heading)
    if found is None:
        return rest, None
    _, last, total = map(int, found.groups())
    end = last + 1
    piece = re.sub(rf"\n\nRead on with offset={end}(, unit=\"lines\")?\.$", "", rest)
    return piece, end if end < total else None


def read_through(known: Task, room: int, **wanted: Any) -> str:
    whole, offset = "", 0
    for _ in range(5000):
        piece, more = body(read(known, room, offset=offset, **wanted).text)
        whole += piece
        if more is None:
            return whole
        assert more > offset
        offset = more
    raise AssertionError("reading does not end")


def hide(words: str) -> str:
    return words.replace("SUPERSECRET", "***")
