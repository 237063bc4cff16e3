"""One call that is told the updates of a task, in order.

It knows which it has heard, and how many went before it could hear them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from a2a_mcp.a2a.model import StreamEvent
from a2a_mcp.tracking.packed import unpack
from a2a_mcp.tracking.tail import Tail

Hear: TypeAlias = Callable[[StreamEvent], Awaitable[bool]]
"""Takes an event; returns whether enough was heard."""


class Listener:
    """The place of one call in a task's updates; `hear` is None for a call that wants none."""

    def __init__(self, tail: Tail, hear: Hear | None) -> None:
        self.missed = 0
        self._tail = tail
        self._hear = hear
        self._seen = 0

    @property
    def is_behind(self) -> bool:
        """Return whether there are updates that it has not heard."""
        return self._tail.count > self._seen

    async def join(self, event: StreamEvent) -> bool:
        """Tell a task as it is instead of what came before; return whether enough was heard."""
        self._seen = self._tail.count
        return self._hear is not None and await self._hear(event)

    async def catch_up(self) -> bool:
        """Tell the updates that came meanwhile; return whether enough was heard."""
        new = self._tail.since(self._seen)
        self.missed += self._tail.count - self._seen - len(new)
        self._seen = self._tail.count
        for update in new if self._hear else ():
            if self._hear and await self._hear(unpack(update)):
                return True
        return False
