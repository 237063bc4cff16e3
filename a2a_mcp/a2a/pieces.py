"""The pieces of an artifact, put together as they come: bounded, however many there are. Pure.

An agent may send its answer word by word. The last pieces stay apart, so that it can be seen if
each holds the whole text so far; the texts before them are joined. Parts of an artifact that holds
anything but text keep their numbers, by which callers ask for them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from a2a_mcp.a2a.cumulative import without_repeats
from a2a_mcp.a2a.model import Part

MOST_APART: Final = 128
KEPT_APART: Final = 64
MOST_PARTS: Final = 2_000
LEFT_OUT: Final = Part(kind="empty", problem=f"only {MOST_PARTS} parts are kept")


def with_pieces(parts: tuple[Part, ...], pieces: tuple[Part, ...]) -> tuple[Part, ...]:
    """Return the parts of an artifact after further pieces."""
    longer = parts + pieces
    if len(longer) <= MOST_APART:
        return longer
    if all(_is_plain(part) for part in longer):
        early, late = longer[:-KEPT_APART], longer[-KEPT_APART:]
        return (*_joined(without_repeats(early)), *late)
    if len(longer) <= MOST_PARTS:
        return longer
    return parts if parts[-1] is LEFT_OUT else (*longer[: MOST_PARTS - 1], LEFT_OUT)


def rest_after(parts: tuple[Part, ...], known: tuple[Part, ...]) -> tuple[Part, ...] | None:
    """Return the parts that follow those which are known, whose texts may be joined.

    None where the parts begin otherwise, or a part goes on where a known one ends.
    """
    if parts[: len(known)] == known:
        return parts[len(known) :]
    position: int | None = 0
    for part in known:
        position = None if position is None else _end_of(part, parts, position)
    return None if position is None else parts[position:]


def _end_of(known: Part, parts: tuple[Part, ...], start: int) -> int | None:
    """Return where the parts end that make a known one; None if they do not make it."""
    if start < len(parts) and parts[start] == known:
        return start + 1
    length, end = 0, start
    while length < len(known.text) and end < len(parts):
        text = parts[end].text
        if not _joins(known, parts[end]) or not known.text.startswith(text, length):
            return None
        length, end = length + len(text), end + 1
    return end if length == len(known.text) and end > start else None


def _is_plain(part: Part) -> bool:
    return part.kind == "text" and part.filename is None


def _joins(part: Part, other: Part) -> bool:
    alike = (part.media_type, part.metadata) == (other.media_type, other.metadata)
    return alike and _is_plain(part) and _is_plain(other)


def _joined(parts: Iterable[Part]) -> list[Part]:
    """Return the parts with texts joined to such as are about as long.

    So a text is copied a few times at most, and few remain.
    """
    found: list[Part] = []
    for part in parts:
        found.append(part)
        while len(found) > 1 and _is_due(*found[-2:]):
            last = found.pop()
            found[-1] = found[-1].model_copy(update={"text": found[-1].text + last.text})
    return found


def _is_due(part: Part, last: Part) -> bool:
    return len(part.text) <= 2 * len(last.text) and _joins(part, last)
