"""How many of an agent's connections may be held for long, so that some are always free for reads.

A stream, or a send that waits for its agent, holds a connection for as long as a task takes. A
caller that follows many tasks must still be able to read one: when all stream slots are used,
further tasks are polled. It knows no network and waits for nothing but a slot.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import anyio

from a2a_mcp.a2a.errors import AgentUnreachable, Delivery, TooManyStreams

SPARE: Final = 8
"""One connection in eight is reserved for short calls, and one more in eight for sends."""
BUSY: Final = "too many calls to this agent are under way"


class StreamSlots:
    """The slots for long calls of one agent that has `connections` connections in all."""

    def __init__(self, connections: int) -> None:
        self._spare = max(connections // SPARE, 1)
        self._free = anyio.Semaphore(max(connections - self._spare, 1), fast_acquire=True)

    @asynccontextmanager
    async def held(self, url: str, seconds: float) -> AsyncIterator[None]:
        """Hold a slot; raises AgentUnreachable when none is free within `seconds`."""
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
        """Raise TooManyStreams when one more stream would leave no slot for sends."""
        if self._free.value <= self._spare:
            told = "as many streams of this agent are open as may be"
            raise TooManyStreams(told, delivery=Delivery.NEVER, url=url)
