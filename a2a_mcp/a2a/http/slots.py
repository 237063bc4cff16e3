"""How many of an agent's connections may be held for long, so that some are always free for reads.

A stream, or a send that waits for its agent, holds a connection for as long as a task takes. Who
follows many tasks must not be kept from asking for one: beyond the streams that fit, tasks are
polled. It knows no network and never waits for more than a place.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import anyio

from a2a_mcp.a2a.errors import AgentUnreachable, Delivery, TooManyStreams

SPARE: Final = 8
"""One connection in so many is kept from whatever lasts, and as many more from streams."""
BUSY: Final = "too many calls to this agent are under way"


class StreamSlots:
    """The places of one agent with so many `connections`."""

    def __init__(self, connections: int) -> None:
        self._spare = max(connections // SPARE, 1)
        self._free = anyio.Semaphore(max(connections - self._spare, 1), fast_acquire=True)

    @asynccontextmanager
    async def held(self, url: str, seconds: float) -> AsyncIterator[None]:
        """Hold a place; AgentUnreachable where none is free within `seconds`."""
        try:
            self._free.acquire_nowait()
        except anyio.WouldBlock:
            try:
                with anyio.fail_after(seconds):
                    await self._free.acquire()
            except TimeoutError:
                raise AgentUnreachable(BUSY, delivery=Delivery.NEVER, url=url) from None
        try:
            yield
        finally:
            self._free.release()

    def refuse_stream(self, url: str) -> None:
        """Raise TooManyStreams where one more would leave sends no room."""
        if self._free.value <= self._spare:
            told = "as many streams of this agent are open as may be"
            raise TooManyStreams(told, delivery=Delivery.NEVER, url=url)
