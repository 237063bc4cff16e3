"""The calls that wait for a followed message: counted, and woken when there is something for them.

It decides nothing about the task; what an event means is the business of `state`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import anyio


class Waiters:
    """Counts the calls that wait, and wakes them."""

    def __init__(self) -> None:
        self._changed: anyio.Event | None = None
        self._wanted: anyio.Event | None = None
        self._all = 0
        self._of_steps = 0

    def __bool__(self) -> bool:
        return self._all > 0

    @contextlib.contextmanager
    def waiting(self, *, every_step: bool) -> Iterator[None]:
        """Count a call that waits for every step, or only for a result."""
        self._all += 1
        self._of_steps += every_step
        if self._wanted:
            self._wanted.set()
            self._wanted = None
        try:
            yield
        finally:
            self._all -= 1
            self._of_steps -= every_step

    async def wanted(self) -> None:
        """Wait until a call waits."""
        if self._all:
            return
        if self._wanted is None:
            self._wanted = anyio.Event()
        await self._wanted.wait()

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
