"""The streams that no call waits for are read in turn, so many a second together.

A few hundred agents that speak several times a second would keep the process busy with reading
alone, and calls waiting. What an agent says before its stream's turn is read together then, which
costs little more than one event.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeAlias

from a2a_mcp.tracking.happenings import Heard
from a2a_mcp.tracking.tracked_task import TrackedTask

READS_A_SECOND: Final = 500
SHORTEST_REST: Final = 0.02
AT_HAND: Final = 0.002
"""Seconds within which a read brings what lay ready: more may, so the stream is read on."""

TakeIn: TypeAlias = Callable[[TrackedTask, Sequence[Heard]], Awaitable[bool]]


class Turns:
    """The turns of all streams of a process, evenly spread; `clock` returns monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._last = 0.0

    def seconds_to_next(self) -> float:
        """Give out the next free turn; return in how many seconds it is."""
        now = self.clock()
        self._last = max(self._last + 1 / READS_A_SECOND, now)
        return self._last - now


class PacedStream:
    """One stream of `tracked`; `take_in` returns whether the agent's last word was taken."""

    def __init__(self, tracked: TrackedTask, take_in: TakeIn, turns: Turns) -> None:
        self._tracked = tracked
        self._take_in = take_in
        self._turns = turns
        self._reads_since = turns.clock()

    async def take_in(self, heard: Sequence[Heard]) -> bool:
        """Take in the events of one read, and rest; return whether the last word was among them."""
        was_at_hand = self._turns.clock() - self._reads_since < AT_HAND
        over = await self._take_in(self._tracked, heard)
        if not (was_at_hand or over or self._tracked.has_result or self._tracked.awaited):
            await self._rest()
        self._reads_since = self._turns.clock()
        return over

    async def _rest(self) -> None:
        """Wait for the stream's turn, or until a call waits for its task."""
        seconds = self._turns.seconds_to_next()
        if seconds >= SHORTEST_REST:
            await self._tracked.unawaited(seconds)
