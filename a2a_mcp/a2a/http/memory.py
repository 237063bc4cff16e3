"""Where the C library puts large things, so that the memory they took goes back to the system.

Left alone, glibc learns from each large block that was freed to keep the next ones for itself.
"""

from __future__ import annotations

import sys
from typing import Any, Final

M_MMAP_THRESHOLD: Final = -3
MAPPED_BYTES: Final = 512 * 1024


def keep_large_apart() -> None:
    """Give each large block pages of its own, which go back as soon as it is freed."""
    set_option = _function("mallopt")
    if set_option:
        set_option(M_MMAP_THRESHOLD, MAPPED_BYTES)


def give_back() -> None:
    """Give what is free among smaller blocks back to the system; it takes milliseconds."""
    trim = _function("malloc_trim")
    if trim:
        trim(0)


def _function(name: str) -> Any:
    """Return a function of the C library; None where it has none of that name."""
    if not sys.platform.startswith("linux"):
        return None
    import ctypes

    return getattr(ctypes.CDLL(None), name, None)
