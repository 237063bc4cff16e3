"""How long a polled task is left alone, and what ends that: time, or a word of its agent."""

from __future__ import annotations

import math
import random
from typing import Final

import anyio

BETWEEN_READS: Final = 1.0
"""Seconds from one read to the next that words of the agent can bring about."""


class Pauses:
    """The pauses between the reads of one task; words that come close together end one pause."""

    def __init__(self) -> None:
        self.told = False
        self._woken = anyio.Event()
        self._read_at = -math.inf

    def wake(self) -> None:
        """Let the task be read now: its agent has said that it moved."""
        self.told = True
        self.end()

    def end(self) -> None:
        """Let the task be read now."""
        self._woken.set()

    async def wait(self, seconds: float) -> None:
        """Wait `seconds`, or until the task is to be read sooner; the read begins after this."""
        with anyio.move_on_after(seconds):
            await self._woken.wait()
            await anyio.sleep(max(0, self._read_at + BETWEEN_READS - anyio.current_time()))
        self.begin_read()

    def begin_read(self) -> None:
        """Note that the task is read now: what comes from here on wants another read."""
        self._woken = anyio.Event()
        self._read_at = anyio.current_time()


def jittered(seconds: float) -> float:
    """Return about `seconds`, so that many readers do not call an agent at the same moment."""
    return seconds * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
