"""Run background work; log unexpected exceptions instead of cancelling the task group.

Everything that is started in the lifespan's task group runs through here, because an exception that
leaves one task would cancel all others. It never hides a fault: the log has the whole traceback.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)


async def run_logged(what: str, work: Callable[[], Awaitable[None]]) -> bool:
    """Run `work`, named `what` in the log; return whether it ended without an exception."""
    try:
        await work()
    except Exception:  # the last boundary: one task must not cancel the others
        log.exception("%s failed", what)
        return False
    return True
