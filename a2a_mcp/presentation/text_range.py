"""An exact range of a text, in characters or lines. Pure.

Consecutive ranges join to exactly the text. Its secrets must be masked already.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, takewhile
from typing import Final

from a2a_mcp.presentation import artifact_sentences, sentences
from a2a_mcp.presentation.artifact_request import ArtifactRequest, end_of_range, first_of_range

WIDEST_CHARACTER: Final = 4  # bytes in UTF-8


def read_range(text: str, request: ArtifactRequest, room: int) -> str:
    """Return the requested range, or as much of it as fits into `room` bytes.

    The first line belongs to the heading and says which range it is. Raises NothingThere for an
    offset past the end.
    """
    if not text:
        return f"\n\n{sentences.NO_CONTENT}"
    units = text.splitlines(keepends=True) if request.unit == "lines" else text
    end = end_of_range(request, len(units), request.unit)
    start = first_of_range(request)
    room = max(room, WIDEST_CHARACTER)
    count = _count_fitting(units[start : min(end, start + room)], room)
    if count == 0:
        size, offset = len(units[start].encode()), len("".join(units[:start]))
        return f" · {artifact_sentences.line_is_too_long(start, size, offset)}"
    return _shown(units, start, start + count, request)


def _count_fitting(units: Sequence[str], room: int) -> int:
    """Return how many units, from the first on, fit into `room` bytes."""
    sizes = accumulate(len(unit.encode()) for unit in units)
    return sum(1 for _ in takewhile(lambda size: size <= room, sizes))


def _shown(units: Sequence[str], start: int, end: int, request: ArtifactRequest) -> str:
    total = len(units)
    where = more = ""
    if (start, end) != (0, total):
        where = f" · {artifact_sentences.which_range(request.unit, start, end, total)}"
    if end < total:
        unit = ', unit="lines"' if request.unit == "lines" else ""
        more = f"\n\nRead on with offset={end}{unit}."
    return f"{where}\n\n{''.join(units[start:end])}{more}"
