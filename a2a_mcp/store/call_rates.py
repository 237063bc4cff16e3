"""How many calls each caller may make a minute, with a burst. Nothing is kept of a caller at rest.

The generic cell rate algorithm: each call moves a caller's time on by the interval of one call, and
is refused where that time is further ahead than a burst allows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

MINUTE: Final = 60.0
MOST_CALLERS: Final = 10_000
"""Beyond so many, callers at rest are forgotten."""


class CallRates(Protocol):
    """The calls of all callers. To count never fails."""

    async def take(self, owner: str, calls_a_minute: int, burst_seconds: float) -> float:
        """Count a call of an owner; return 0, or the seconds until it would be allowed."""


class LocalRates(CallRates):
    """The calls that this process has seen; `clock` is in monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._times: dict[str, float] = {}

    async def take(self, owner: str, calls_a_minute: int, burst_seconds: float) -> float:
        """Count a call in memory; nothing is waited for."""
        now = self._clock()
        time = max(self._times.get(owner, now), now)
        early = time - now - burst_seconds
        if early > 0:
            return early
        if len(self._times) >= MOST_CALLERS:
            self._times = {each: at for each, at in self._times.items() if at > now}
        self._times[owner] = time + MINUTE / calls_a_minute
        return 0.0
