"""A listening socket that several workers share, from which each takes its part of the connections.

An event loop takes every connection that waits as soon as it wakes, so that an idle worker would
get all hosts of a morning, and keep them. Here a worker with more connections than another leaves
the next one to it, for a moment: a worker that is busy or hangs must not hold up anybody.
"""

from __future__ import annotations

import time
from mmap import mmap
from socket import socket
from typing import Any, Final

MOMENT_SECONDS: Final = 0.002
"""An idle worker wakes in a tenth of it, a call keeps a busy one for half of it."""

SLOT_BYTES: Final = 4


class Places:
    """How many connections each worker has, in memory that all of them see."""

    def __init__(self, workers: int) -> None:
        self._slots = memoryview(mmap(-1, workers * SLOT_BYTES)).cast("I")

    def others(self, number: int) -> list[int]:
        """Return the connections of all workers but one."""
        counts = self._slots.tolist()
        return counts[:number] + counts[number + 1 :]

    def of(self, number: int) -> int:
        """Return the connections of a worker."""
        return self._slots[number]

    def note(self, number: int, connections: int) -> None:
        """Write how many connections a worker has."""
        self._slots[number] = connections


class FairSocket(socket):
    """Takes the place of a listening socket in one worker."""

    def __init__(self, shared: socket, places: Places, number: int) -> None:
        super().__init__(fileno=shared.detach())
        self.setblocking(False)
        self._places = places
        self._number = number

    def accept(self) -> tuple[socket, Any]:
        """Return a connection; BlockingIOError if there is none, or another worker has taken it."""
        own = self._places.of(self._number)
        if own > min(self._places.others(self._number)):
            # The loop would ask again at once, and be busy with that: so it waits here.
            time.sleep(MOMENT_SECONDS)
        accepted = super().accept()
        self._places.note(self._number, own + 1)
        return accepted
