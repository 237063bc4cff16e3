"""When a followed message began and was heard of last, and what follows for its reading. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

LONGEST_SECONDS: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Times:
    """Moments of the monotonic clock, in seconds; `closing` is when nothing more was to come."""

    began: float
    heard: float
    closing: float | None = None

    def heard_at(self, now: float) -> Times:
        """Return the times of a task that was just heard of."""
        return replace(self, heard=now)

    def closing_at(self, now: float, *, closes: bool) -> Times:
        """Return the times after a look whether anything more is to come."""
        closing = (self.closing or now) if closes else None
        return self if closing == self.closing else replace(self, closing=closing)

    def idle(self, now: float, seconds: float) -> bool:
        """Return whether nothing was heard for `seconds`."""
        return now - self.heard > seconds

    def overdue(self, now: float, drain_seconds: float) -> bool:
        """Return whether reading has gone on too long, or long after the agent's last word."""
        if self.closing is not None:
            return now - self.closing > drain_seconds
        return now - self.began > LONGEST_SECONDS
