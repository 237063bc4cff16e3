"""Text cut to a number of bytes, never inside a character and never inside a secret. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

ELLIPSIS: Final = "…"


def shorten(text: str, limit_bytes: int, mask: Callable[[str], str] = str) -> str:
    """Cut `text` to at most `limit_bytes` of UTF-8 at a character border; a cut ends in `…`.

    `mask` hides secrets before the cut, of which one half would pass every later masking.
    """
    if len(text) * 4 <= limit_bytes:
        return text
    text = mask(text)
    encoded = text.encode("utf-8", "surrogatepass")
    if len(encoded) <= limit_bytes:
        return text
    room = limit_bytes - len(ELLIPSIS.encode())
    return encoded[:room].decode("utf-8", "ignore") + ELLIPSIS if room >= 0 else ""
