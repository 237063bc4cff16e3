"""Long text in steps: no step holds up what else runs, and none needs another copy of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

STEP: Final = 256 * 1024
"""Characters of one step."""


def steps(text: str) -> Iterator[str]:
    """Yield a text in pieces."""
    if len(text) <= STEP:
        yield text
        return
    for start in range(0, len(text), STEP):
        yield text[start : start + STEP]


def is_long(text: str) -> bool:
    """Return whether a text takes more than one step."""
    return len(text) > STEP


def utf8_size(text: str) -> int:
    """Return the bytes of a text in UTF-8; what cannot be encoded counts as one."""
    if text.isascii():
        return len(text)
    return sum(len(piece.encode("utf-8", "replace")) for piece in steps(text))
