"""Bound the files of a folder by age and by size: expired files go first, then the oldest.

Which files count is the caller's decision. It lists no folder and removes nothing it was not given.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from typing import Final, NamedTuple

SWEEP_SECONDS: Final = 3600.0
ROOM_AFTER_SWEEP: Final = 0.9  # leaves room, so that not every further file starts a sweep
NEVER_SWEPT: Final = float("-inf")


class SweptFile(NamedTuple):
    """A file on disk; in sorted order the oldest comes first."""

    changed: float
    size: int
    path: str


def is_due(last: float, now: float) -> bool:
    """Return whether the last sweep is too long ago, or later than `now` (the clock was set)."""
    return not 0 <= now - last < SWEEP_SECONDS


def sweep(
    files: Iterable[SweptFile],
    now: float,
    *,
    keep_seconds: float,
    keep_bytes: int,
    needed_bytes: int = 0,
) -> int:
    """Remove expired files, then the oldest until `needed_bytes` more fit into `keep_bytes`.

    Return the bytes of the files that stay. Raises OSError where a file cannot be removed.
    """
    found = sorted(files)
    size = sum(file.size for file in found)
    limit = _limit(size, keep_bytes, needed_bytes)
    for file in found:
        is_expired = now - file.changed >= keep_seconds
        if not is_expired and size <= limit:
            break
        with suppress(FileNotFoundError):  # another process may sweep at the same time
            os.unlink(file.path)
        size -= file.size
    return size


def _limit(size: int, keep_bytes: int, needed_bytes: int) -> float:
    """Return the bytes that may stay."""
    if size + needed_bytes > keep_bytes:
        return max(keep_bytes * ROOM_AFTER_SWEEP - needed_bytes, 0)
    return keep_bytes - needed_bytes
