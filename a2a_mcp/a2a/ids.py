"""Which ids can be kept and sent back: the one check of an id's length.

A2A sets no bound. Every place that takes an id, from an agent or from a caller, uses this one.
"""

from __future__ import annotations

from typing import Final

LONGEST_ID_BYTES: Final = 512


def is_usable_id(text: str) -> bool:
    """Return whether `text` is valid Unicode of at most `LONGEST_ID_BYTES` bytes in UTF-8."""
    if text.isascii():
        return len(text) <= LONGEST_ID_BYTES
    try:
        return len(text.encode()) <= LONGEST_ID_BYTES
    except UnicodeEncodeError:
        return False
