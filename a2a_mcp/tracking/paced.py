"""The streams that no call waits for are read in turn, so many a second together.

A few hundred agents that speak several times a second would keep the process busy with reading
alone, and calls waiting. What an agent says before its stream's turn is read together then, which
costs little more than one event. Where even that would be more than the process can do, the turns
come later, and the calls still find their part of it.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeAlias

from a2a_mcp.tracking.happenings import Heard
from a2a_mcp.tracking.tracked_task import TrackedTask

READS_A_SECOND: Final = 500
PART_OF_A_TURN: Final = 0.4
"""How much of a turn may go into taking in what was read; about as much went into reading it."""

SHORTEST_REST: Final = 0.02
AT_HAND: Final = 0.002
"""Seconds within which a read brings what lay ready: more may, so the stream is read on."""

TakeIn: TypeAlias = Callable[[TrackedTask, Sequence[Heard]], Awaitable[bool]]


class Turns:
    """The turns of all streams of a process, evenly spread; `clock` returns monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._last = 0.0

    def seconds_to_next(self, spent: float = 0.0) -> float:
        """Give out the next free turn; return in how many seconds it is.

        `spent` are the seconds that the stream has used since its last turn.
        """
        now = self.clock()
        turn = max(1 / READS_A_SECOND, spent / PART_OF_A_TURN)
        self._last = max(self._last + turn, now)
        return self._last - now


class PacedStream:
    """One stream of `tracked`; `take_in` returns whether the agent's last word was taken."""

    def __init__(self, tracked: TrackedTask, take_in: TakeIn, turns: Turns) -> None:
        self._tracked = tracked
        self._take_in = take_in
        self._turns = turns
        self._reads_since = turns.clock()
        self._spent = 0.0

    async def take_in(self, heard: Sequence[Heard]) -> bool:
        """Take in the events of one read, and rest; return whether the last word was among them."""
        began = self._turns.clock()
        was_at_hand = began - self._reads_since < AT_HAND
        over = await self._take_in(self._tracked, heard)
        self._spent += self._turns.clock() - began
        if not (was_at_hand or over or self._tracked.has_result or self._tracked.awaited):
            await self._rest()
        self._reads_since = self._turns.clock()
        return over

    async def _rest(self) -> None:
        """Wait for the stream's turn, or until a call waits for its task."""
        seconds, self._spent = self._turns.seconds_to_next(self._spent), 0.0
        if seconds >= SHORTEST_REST:
            await self._tracked.unawaited(seconds)
