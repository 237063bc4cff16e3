"""Lines of the audit on their way into a store: they wait in memory, for no call waits for them.

Each is written as soon as those before it are. While the store is away they wait, and what a full
queue does not take is lost and counted.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final, Protocol, TypeAlias

import anyio

from a2a_mcp.errors import StoreUnavailable

Line: TypeAlias = Mapping[str, object]

MOST: Final = 10_000
AT_ONCE: Final = 500
RETRY_SECONDS: Final = 1.0


class AuditPlace(Protocol):
    """Where lines are kept for some days. Methods raise StoreUnavailable."""

    async def write(self, lines: Sequence[tuple[float, Line]]) -> None:
        """Keep lines, all or none; each with the seconds since what it tells of."""

    async def tend(self) -> None:
        """Remove what is too old, until cancelled."""


class WaitingLines:
    """The lines that are not written yet; `lose` is told how many were dropped."""

    def __init__(self, lose: Callable[[int], None]) -> None:
        self._lose = lose
        self._lines: deque[tuple[float, Line]] = deque()
        self._filled = anyio.Event()

    def add(self, line: Line) -> None:
        """Let a line be written."""
        if len(self._lines) >= MOST:
            self._lose(1)
            return
        self._lines.append((time.monotonic(), line))
        self._filled.set()

    async def run(self, place: AuditPlace) -> None:
        """Write lines as they come, until cancelled."""
        while True:
            await self._filled.wait()
            try:
                await self._write_all(place)
            except StoreUnavailable:
                await anyio.sleep(RETRY_SECONDS)

    async def end(self, place: AuditPlace) -> None:
        """Write what waits, once no more comes."""
        with suppress(StoreUnavailable):
            await self._write_all(place)

    def drop(self) -> None:
        """Count what still waits as lost."""
        if self._lines:
            self._lose(len(self._lines))
            self._lines.clear()

    async def _write_all(self, place: AuditPlace) -> None:
        while self._lines:
            now = time.monotonic()
            some = [self._lines[at] for at in range(min(AT_ONCE, len(self._lines)))]
            await place.write([(now - noted, line) for noted, line in some])
            for _ in some:
                self._lines.popleft()
        self._filled = anyio.Event()
