"""How often something may happen: so many times a second, with bursts, each key for itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

MOST_KEYS: Final = 10_000


class Rate:
    """`a_second` times a second, after a rest `burst` times at once; `clock` returns seconds."""

    def __init__(
        self, a_second: float, burst: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._step = 1 / a_second
        self._ahead = (burst + 0.5) / a_second  # half a step for what floats round off
        self._clock = clock
        self._due: dict[str, float] = {}

    def allows(self, key: str = "") -> bool:
        """Return whether it may happen once more now, and count it if so."""
        now = self._clock()
        due = max(self._due.get(key, now), now) + self._step
        if due > now + self._ahead:
            return False
        self._due[key] = due
        if len(self._due) > MOST_KEYS:
            self._due = {key: due for key, due in self._due.items() if due > now}
        return True
