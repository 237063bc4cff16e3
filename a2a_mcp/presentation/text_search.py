"""Search in a text: the lines that hold a phrase, with their numbers and neighbours. Pure.

The text's secrets must be masked already.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from unicodedata import normalize

from a2a_mcp.presentation import artifact_sentences
from a2a_mcp.presentation.budget import head_and_tail

CONTEXT_LINES: Final = 2
MOST_HITS: Final = 10
LONG_LINE: Final = 300
AROUND_PHRASE: Final = 100
PLACE: Final = 50


def search(text: str, phrase: str, start: int, room: int) -> str:
    """Return the first hits from line `start` on, in about `room` bytes.

    Case does not matter, nor how accents are written, and a phrase may stand inside a word. The
    heading names the offset with which a search for more hits goes on.
    """
    lines = text.splitlines()
    needle = _folded(phrase)
    found = [number for number, line in enumerate(lines) if needle in _folded(line)]
    hits = [number for number in found if number >= start]
    if not found:
        return artifact_sentences.phrase_does_not_occur(phrase, len(lines))
    if not hits:
        return artifact_sentences.phrase_occurs_before(phrase, start, len(found))
    heading = artifact_sentences.lines_hold_phrase(phrase, len(found), len(lines))
    if len(hits) > MOST_HITS:
        heading += " " + artifact_sentences.search_on(MOST_HITS, hits[MOST_HITS - 1] + 1)
    shown = _with_neighbours(lines, hits[:MOST_HITS], start, needle)
    return head_and_tail("\n".join([heading, "", *shown]), room)


def _with_neighbours(
    lines: Sequence[str], hits: Sequence[int], start: int, needle: str
) -> list[str]:
    """Return the hits and the lines around them, numbered; `…` marks lines left out."""
    shown: list[str] = []
    last = start - 1
    for hit in hits:
        first = max(hit - CONTEXT_LINES, last + 1, 0)
        if shown and first > last + 1:
            shown.append("…")
        last = min(hit + CONTEXT_LINES, len(lines) - 1)
        shown += [f"{at}: {_around_phrase(lines[at], needle)}" for at in range(first, last + 1)]
    return shown


def _folded(text: str) -> str:
    """Return a text for comparing: any case, letters before their accents (Unicode 3.13, D145)."""
    return normalize("NFD", normalize("NFD", text).casefold())


def _around_phrase(line: str, needle: str) -> str:
    """Return a short line whole; of a long one the phrase and what is around it, or its start."""
    if len(line) <= LONG_LINE:
        return line
    place = _place(line, _folded(line).find(needle))
    start, end = max(place - AROUND_PHRASE, 0), place + PLACE + len(needle) + AROUND_PHRASE
    before = "…" if start else ""
    after = "…" if end < len(line) else ""
    return f"{before}{line[start:end]}{after}"


def _place(line: str, position: int) -> int:
    """Return where in `line` a position of its folded form is, at most PLACE characters early.

    A folded text may be longer than the text itself.
    """
    for start in range(0, len(line), PLACE):
        position -= len(_folded(line[start : start + PLACE]))
        if position < 0:
            return start
    return 0
