"""The calls that wait for a followed message, and the events they have not been told yet.

It decides nothing about the task; what an event means is the business of `state`.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterator
from typing import Final

import anyio

from a2a_mcp.a2a.model import StreamEvent

KEPT_EVENTS: Final = 256


class Tail:
    """The last events of a task, and how many there have been in all."""

    def __init__(self) -> None:
        self._events: deque[StreamEvent] = deque(maxlen=KEPT_EVENTS)
        self.count = 0

    @property
    def oldest(self) -> int:
        """Return the number of the oldest event that is kept."""
        return self.count - len(self._events)

    def add(self, event: StreamEvent) -> None:
        """Keep an event; the oldest one goes where there are too many."""
        self._events.append(event)
        self.count += 1

    def since(self, seen: int) -> list[StreamEvent]:
        """Return the kept events after the first `seen`."""
        return list(self._events)[max(seen - self.oldest, 0) :]


class Waiters:
    """Counts the calls that wait, and wakes them."""

    def __init__(self) -> None:
        self._changed: anyio.Event | None = None
        self._all = 0
        self._of_steps = 0

    def __bool__(self) -> bool:
        return self._all > 0

    @contextlib.contextmanager
    def waiting(self, *, every_step: bool) -> Iterator[None]:
        """Count a call that waits for every step, or only for a result."""
        self._all += 1
        self._of_steps += every_step
        try:
            yield
        finally:
            self._all -= 1
            self._of_steps -= every_step

    async def change(self) -> None:
        """Wait until the next time that `wake` has something for the calls."""
        if self._changed is None:
            self._changed = anyio.Event()
        await self._changed.wait()

    def wake(self, *, has_result: bool) -> None:
        """Wake the calls; one step of many is news only where some call wants every step."""
        if self._changed and (self._of_steps or has_result):
            self._changed.set()
            self._changed = None
