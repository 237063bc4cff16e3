"""How many files and connections this process may have open, as the system bounds it.

It raises the process's own limit as far as the system lets it, and never above what is wanted.
"""

from __future__ import annotations

import logging
from typing import Final

log = logging.getLogger(__name__)

SPARE: Final = 256
"""Descriptors for everything else: the host's connections, the state folder, agents' cards."""


def bounded_by_descriptors(wanted: int) -> int:
    """Return how many of `wanted` things with one descriptor each may be open at the same time.

    Warn where that is fewer.
    """
    allowed = max(_raised(wanted + SPARE) - SPARE, 1)
    if allowed >= wanted:
        return wanted
    log.warning(
        "max_followed = %d needs more open files than this process may have: %d tasks are "
        "followed at the same time, further ones are read every 30 seconds; raise the limit "
        "(ulimit -n) to follow more",
        wanted,
        allowed,
    )
    return allowed


def _raised(needed: int) -> int:
    """Return the limit of open files after an attempt to raise it to `needed`."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return needed
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return needed
    wanted = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (ValueError, OSError):
        return soft
    return wanted
