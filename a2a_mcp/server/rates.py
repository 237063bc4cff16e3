"""How many calls each caller may make a minute, with a burst. Nothing is kept of a caller at rest.

The generic cell rate algorithm: each call moves a caller's time on by the interval of one call, and
is refused where that time is further ahead than a burst allows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from a2a_mcp.errors import NotAllowed

MINUTE: Final = 60.0
MOST_CALLERS: Final = 10_000
"""Beyond so many, callers at rest are forgotten."""


class CallRates:
    """The calls of all callers; `clock` is in monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._times: dict[str, float] = {}

    def take(self, owner: str, calls_a_minute: int, burst_seconds: float) -> float:
        """Count a call of an owner; return 0, or the seconds until it would be allowed."""
        now = self._clock()
        time = max(self._times.get(owner, now), now)
        early = time - now - burst_seconds
        if early > 0:
            return early
        if len(self._times) >= MOST_CALLERS:
            self._times = {each: at for each, at in self._times.items() if at > now}
        self._times[owner] = time + MINUTE / calls_a_minute
        return 0.0


def refusal(calls_a_minute: int, seconds: float) -> NotAllowed:
    """Return the error of a call that comes too early."""
    return NotAllowed(
        f"This caller may make {calls_a_minute} calls a minute; nothing was done.",
        f"Wait {max(1, round(seconds + 0.5))} seconds, then call again.",
    )
