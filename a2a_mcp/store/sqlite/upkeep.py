"""The upkeep of `tasks.db` beside the calls: rows settle, old ones go, free space is given back.

All is done on the event loop in steps of some milliseconds, with a pause after each: as long as the
step where nobody calls, and much longer where calls come, so that no call waits for it long. A step
that meets another process at the file is left for the next round; it must never send the store to
memory. Nothing begins before the store is used.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

import anyio
import anyio.to_thread
from anyio.lowlevel import checkpoint

from a2a_mcp.files.sweep import SWEEP_SECONDS, is_due
from a2a_mcp.store.sqlite import settled, sweep

if TYPE_CHECKING:
    from sqlite3 import Connection

    from a2a_mcp.store.sqlite.file import TaskFile

ROUND_SECONDS: Final = 5.0
STEP_SECONDS: Final = 0.003
PAUSE_BESIDE_CALLS: Final = 15.0  # times the step, so that most calls meet no step
CALL_SECONDS: Final = 1.0  # calls are coming until so long after the last change
STEPS_BETWEEN_CHECKPOINTS: Final = 3  # a step changes some hundred pages
_FIRST_STEP: Final = 20
_LONGEST_STEP: Final = 1_000
OWNERS_AT_ONCE: Final = 100

_T = TypeVar("_T")


class _Step(Protocol):
    """Does `size` of something; returns whether there may be more."""

    def __call__(self, file: Connection, size: int) -> bool: ...


class Upkeep:
    """What one process does for the file; `note` tells it what has changed.

    Ended rows go after `keep_seconds`, and the oldest of more than `max_ended`.
    `clock` returns Unix seconds.
    """

    def __init__(self, clock: Callable[[], float], *, keep_seconds: float, max_ended: int) -> None:
        self._clock = clock
        self._keep_seconds = keep_seconds
        self._max_ended = max_ended
        self._file: TaskFile | None = None
        self._changed: dict[str, float] = {}
        self._noted = -math.inf
        self._wanted = anyio.Event()
        self._is_settled = False
        self._swept = -math.inf
        self._may_rebuild = True
        self._is_wanted = False

    def begin(self, file: TaskFile) -> None:
        """Tend this file from now on."""
        self._file = file
        self._wanted.set()

    def note(self, owner: str, now: float) -> None:
        """Remember that a row of an owner changes now."""
        if not self._changed:
            self._wanted.set()
        self._changed[owner] = now
        self._noted = time.monotonic()

    def make_way(self) -> None:
        """Let a call have the file, which something holds."""
        self._is_wanted = True

    async def run(self) -> None:
        """Tend the file a little after each change, and hourly, until cancelled."""
        await self._wanted.wait()
        while True:
            await self.round()
            await anyio.sleep(ROUND_SECONDS)
            if self._is_settled and not self._changed:
                await self._rebuild_once()
                await self._rest()

    async def _rest(self) -> None:
        self._wanted = anyio.Event()
        with anyio.move_on_after(SWEEP_SECONDS):
            await self._wanted.wait()

    async def round(self) -> None:
        """Settle what has changed, then remove what is too old or too much."""
        if not self._is_settled:
            self._is_settled = await self._settle_all()
        for owner in list(self._changed):
            await self._settle_changed(owner)
        if self._is_settled:  # before that, the oldest rows of all owners are not known
            await self._sweep()
            await self._all(self._give_back)

    async def _settle_all(self) -> bool:
        """Settle the rows of all owners, as other processes may have ended before they did."""
        after = ""
        while owners := await self._ask(partial(settled.owners, after=after, limit=OWNERS_AT_ONCE)):
            for owner in owners:
                if not await self._settle(owner):
                    return False
            after = owners[-1]
        return owners is not None

    async def _settle_changed(self, owner: str) -> None:
        end = self._clock() - settled.SETTLE_SECONDS
        if await self._settle(owner) and self._changed.get(owner, end) < end:
            del self._changed[owner]

    async def _settle(self, owner: str) -> bool:
        now = self._clock()
        return await self._all(lambda file, size: settled.settle(file, owner, now, size))

    async def _sweep(self) -> None:
        now = self._clock()
        before = await self._ask(partial(sweep.excess_before, max_ended=self._max_ended))
        due = is_due(self._swept, now)
        if due:
            aged = partial(sweep.aged_before, now=now, keep_seconds=self._keep_seconds)
            before = _later(before, await self._ask(aged))
        if before is None:
            return
        if await self._all(lambda file, size: sweep.remove(file, before, size)) and due:
            self._swept = now

    def _give_back(self, file: Connection, size: int) -> bool:
        from a2a_mcp.store.sqlite import space  # imports sqlite3, as the open file did

        return space.give_back(file, size)

    async def _rebuild_once(self) -> None:
        """Shrink a file that an earlier version made, unless a call comes or it takes long."""
        from a2a_mcp.store.sqlite import space

        path = self._file.path if self._file else None
        if path is None or not self._may_rebuild or not await self._ask(space.needs_rebuild):
            return
        self._is_wanted = False
        work = partial(space.rebuild, path, lambda: self._is_wanted)
        try:
            self._may_rebuild = await anyio.to_thread.run_sync(work, abandon_on_cancel=True)
        finally:
            self._is_wanted = True

    async def _checkpoint(self) -> None:
        """Empty the log in a thread, before a call that writes has to do it."""
        from a2a_mcp.store.sqlite import space

        if self._file and self._file.path:
            await anyio.to_thread.run_sync(space.checkpoint, self._file.path)

    async def _all(self, step: _Step) -> bool:
        """Take steps until there is no more; return False if another process held the file."""
        size = _FIRST_STEP
        for number in itertools.count(1):
            begun = time.perf_counter()
            has_more = await self._ask(partial(step, size=size))
            took = time.perf_counter() - begun
            await anyio.sleep(took * self._pause())
            if not has_more:
                return has_more is not None
            size = _fitting(size, took)
            if number % STEPS_BETWEEN_CHECKPOINTS == 0:
                await self._checkpoint()
        return False

    def _pause(self) -> float:
        """Return how many times as long as a step the pause after it is."""
        calls_come = time.monotonic() - self._noted < CALL_SECONDS
        return PAUSE_BESIDE_CALLS if calls_come else 1.0

    async def _ask(self, work: Callable[[Connection], _T]) -> _T | None:
        """Return the result of `work`, None while another process holds the file."""
        await checkpoint()
        if self._file is None:
            return None
        with suppress(BlockingIOError):
            return self._file.run(work)
        return None


def _fitting(size: int, took: float) -> int:
    """Return how many fit into one step, after `size` of them took so many seconds."""
    fitting = int(size * STEP_SECONDS / max(took, 1e-6))
    return min(max(fitting, 1), 2 * size, _LONGEST_STEP)


def _later(one: float | None, other: float | None) -> float | None:
    """Return the later of two times; None if either is unknown."""
    return None if one is None or other is None else max(one, other)
