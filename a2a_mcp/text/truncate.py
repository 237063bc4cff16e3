"""Text cut to a number of bytes, never inside a character and never inside a secret. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

MaskText = Callable[[str], str]
"""Returns a text with its secrets hidden."""

ELLIPSIS: Final = "…"
WIDEST_CHARACTER: Final = 4  # bytes in UTF-8


def shorten(text: str, limit_bytes: int, mask: MaskText = str) -> str:
    """Return `text` cut to at most `limit_bytes` of UTF-8; a text that was cut ends in `…`.

    `mask` hides secrets before the cut: half of a secret would pass every later masking.
    """
    if len(text) * WIDEST_CHARACTER <= limit_bytes:
        return text
    text = mask(text)
    encoded = text.encode("utf-8", "surrogatepass")
    if len(encoded) <= limit_bytes:
        return text
    room = limit_bytes - len(ELLIPSIS.encode())
    if room < 0:
        return ""
    return encoded[:room].decode("utf-8", "ignore") + ELLIPSIS
