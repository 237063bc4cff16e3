"""Work that nobody waits for: a fault of ours in it ends neither the process nor anybody's call.

Everything that is begun in the lifespan's task group passes here, since what fails there unforeseen
would take all else with it. It must never hide a fault: each stands in the log, whole.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)


async def run_logged(what: str, work: Callable[[], Awaitable[None]]) -> bool:
    """Do `work`, called `what` in the log; gives whether it came to its end without a fault."""
    try:
        await work()
    except Exception:  # the last line of defence: one task must not end the others
        log.exception("%s failed", what)
        return False
    return True
