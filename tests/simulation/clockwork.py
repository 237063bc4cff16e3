"""Time that does not pass by itself: what is to happen, in its order, the same for each seed."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from random import Random
from typing import Final

HORIZON_SECONDS: Final = 320.0
"""When a schedule is over: long after the last fault and the last end of a task."""


class Clockwork:
    """The time of one schedule, and what is to happen in it."""

    def __init__(self, seed: int) -> None:
        self.now = 0.0
        self.random = Random(seed)
        self._numbers = iter(range(10**9))
        self._coming: list[tuple[float, int, Callable[[], None]]] = []

    def after(self, seconds: float, work: Callable[[], None]) -> None:
        """Let something happen so many seconds from now."""
        heapq.heappush(self._coming, (self.now + seconds, next(self._numbers), work))

    def between(self, least: float, most: float) -> float:
        """Return seconds that this schedule has drawn."""
        return self.random.uniform(least, most)

    def run(self) -> None:
        """Let everything happen up to the horizon."""
        while self._coming and self._coming[0][0] < HORIZON_SECONDS:
            self.now, _, work = heapq.heappop(self._coming)
            work()
