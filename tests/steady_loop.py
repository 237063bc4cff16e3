"""An event loop whose clock stands still while the test's own process gets no processor.

A busy machine may leave a process alone for seconds. By another clock all waits that are short
would then be over before what they wait for had its turn. Here the clock moves while the loop
waits, and little while it works: what a test says in seconds of waiting holds on a machine of any
speed.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from typing import Any, Final

WAIT: Final = 0.1
"""Seconds that the loop waits at once: a longer wait is several, so each is known to be late."""

LATE: Final = 0.05
"""Seconds by which a wait may be late; by more, the process stood still."""

TURN: Final = 0.02
"""Seconds that one turn of the loop counts at most, however long its callbacks take."""


class SteadySelector(selectors.DefaultSelector):
    """A selector that keeps the time of the loop which it serves."""

    def __init__(self) -> None:
        super().__init__()
        self._now = self._since = time.monotonic()

    def time(self) -> float:
        return self._now + min(time.monotonic() - self._since, TURN)

    def select(self, timeout: float | None = None) -> Any:
        self._now, began = self.time(), time.monotonic()
        wait = WAIT if timeout is None else min(max(timeout, 0), WAIT)
        found = super().select(wait)
        self._since = time.monotonic()
        spent = self._since - began
        self._now += spent if spent <= wait + LATE else _part_of(wait)
        return found


def _part_of(wait: float) -> float:
    """Return what a late wait counts: less than it was to be, so that no timer is due after it.

    What has come meanwhile is handled first. It is half of it at least, so that each wait ends.
    """
    return max(wait / 2, wait - LATE)


class SteadyLoop(asyncio.SelectorEventLoop):
    """The loop of all async tests, where the system's own loop is one of selectors."""

    def __init__(self) -> None:
        self._steady = SteadySelector()
        super().__init__(self._steady)

    def time(self) -> float:
        return self._steady.time()
