"""The last updates of each followed task, within one byte budget for all of them. Pure.

Of all updates the oldest go first, whichever task they are of. A task keeps a few hundred at most,
so that a chatty one does not push out those of others. What an update means is not decided here.
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import Final

from a2a_mcp.a2a.model import StreamEvent
from a2a_mcp.tracking.packed import Packed, PackedTask, Shown, pack, size_of, words_alone

KEPT_BYTES: Final = 64 * 1024 * 1024
KEPT_UPDATES: Final = 256
SHORTEST_QUEUE: Final = 1024


class UpdateMemory:
    """The updates of all followed tasks of a process, about `most_bytes` of them at most.

    `shown` returns parts as the text that calls show of them.
    """

    def __init__(self, most_bytes: int = KEPT_BYTES, shown: Shown = words_alone) -> None:
        self.shown = shown
        self.bytes = 0
        self._most_bytes = most_bytes
        self._count = 0
        self._queue: deque[Tail] = deque()

    def added(self, tail: Tail, size: int) -> None:
        """Count an update that `tail` has taken in, and let the oldest of all go."""
        self.bytes += size
        self._count += 1
        self._queue.append(tail)
        while self.bytes > self._most_bytes:
            oldest = self._queue.popleft()
            if not oldest.has_left():
                oldest.drop()
        if len(self._queue) > max(2 * self._count, SHORTEST_QUEUE):
            self._queue = deque(it for it in self._queue if not it.has_left())

    def removed(self, size: int) -> None:
        """Count an update that a tail has let go."""
        self.bytes -= size
        self._count -= 1


class Tail:
    """The last updates of one task, and how many there have been in all.

    Each update has one place in the queue of all. An update that goes for another reason than its
    place leaves a place behind, which is always before those of the updates that are kept.
    """

    def __init__(self, memory: UpdateMemory) -> None:
        self._memory = memory
        self._updates: deque[Packed] = deque()
        self._left_places = 0
        self.count = 0

    @property
    def oldest(self) -> int:
        """Return the number of the oldest update that is kept."""
        return self.count - len(self._updates)

    def add(self, event: StreamEvent) -> None:
        """Keep what is shown of an event; a task that reads as it did last is nothing new."""
        update = pack(event, self._memory.shown)
        if isinstance(update, PackedTask) and self._updates and self._updates[-1] == update:
            return
        if len(self._updates) >= KEPT_UPDATES:
            self._leave_place()
        self._updates.append(update)
        self.count += 1
        self._memory.added(self, size_of(update))

    def since(self, seen: int) -> list[Packed]:
        """Return the kept updates after the first `seen`."""
        return list(islice(self._updates, max(seen - self.oldest, 0), None))

    def clear(self) -> None:
        """Let all updates go: no call can ask for them any more."""
        while self._updates:
            self._leave_place()

    def drop(self) -> None:
        """Let the oldest update go."""
        self._memory.removed(size_of(self._updates.popleft()))

    def has_left(self) -> bool:
        """Return whether the tail's first place in the queue was left; it is given up then."""
        left = self._left_places > 0
        self._left_places -= left
        return left

    def _leave_place(self) -> None:
        self.drop()
        self._left_places += 1
