"""Kept results: an ended task stays readable when its agent has forgotten it.

What is kept is what the agent sent, files byte for byte, texts with their secrets masked. A result
is written after its caller has the answer, except an answer without a task, which no agent can
repeat. A running task is never kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final, Protocol

import anyio
import anyio.to_thread

from a2a_mcp.a2a.http.memory import give_back
from a2a_mcp.a2a.model import Task
from a2a_mcp.a2a.sizes import is_large
from a2a_mcp.errors import StoreUnavailable
from a2a_mcp.store.base import TaskRecord
from a2a_mcp.store.result_files import KeptTask, Key

PAUSE_SECONDS: Final = 0.5  # after the first of a batch, so that its caller is answered first
RETRY_SECONDS: Final = 5.0
MOST_PENDING: Final = 1_000
"""How many results wait for a place that cannot be used now; of more the earliest are kept."""


class ResultPlace(Protocol):
    """Where results of all owners are kept, and for how long."""

    @property
    def keeps(self) -> bool:
        """Return whether results are kept at all."""

    async def read(self, key: Key) -> KeptTask | None:
        """Return one result, None if there is none. Raises StoreUnavailable."""

    async def write(self, batch: Mapping[Key, KeptTask]) -> None:
        """Write results, and remove what is too old or too much. Raises StoreUnavailable."""

    async def remove(self, key: Key) -> None:
        """Remove one result, if there is one. Raises StoreUnavailable."""


class ResultStore:
    """Results that are noted, and those at their `place`; without one nothing is kept.

    One older than `keep_seconds` is not shown. `clock` returns Unix seconds.
    """

    def __init__(
        self,
        place: ResultPlace | None,
        *,
        keep_seconds: float,
        clock: Callable[[], float] = time.time,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        self._place = place
        self._keep_seconds = keep_seconds
        self._clock = clock
        self._pause_seconds = pause_seconds
        self._pending: dict[Key, KeptTask] = {}
        self._wanted = anyio.Event()
        self._frees = False
        self._fails = False
        self._writing = anyio.Lock()

    def note(self, record: TaskRecord, task: Task | None) -> None:
        """Keep a task if it has ended; it is written a little later, by `run` or `flush`."""
        if task is None or not task.state.terminal:
            return
        self._frees = self._frees or is_large(task)
        if self._place and not (self._fails and len(self._pending) >= MOST_PENDING):
            self._pending[record.owner, record.agent, task.id] = KeptTask(task, self._clock())
        if self._place or self._frees:
            self._wanted.set()

    @property
    def keeps(self) -> bool:
        """Return whether results are kept at all."""
        return self._place is not None and self._place.keeps

    async def run(self) -> None:
        """Write noted results in batches, until cancelled.

        Whatever takes long with an ended task notes it first, so the memory that a large one took
        is given back here.
        """
        while True:
            await self._wanted.wait()
            await anyio.sleep(self._pause_seconds)
            self._wanted = anyio.Event()
            try:
                await self.flush()
                self._fails = False
            except StoreUnavailable:
                self._fails = True
                self._wanted.set()
                await anyio.sleep(RETRY_SECONDS)
            if self._frees:
                self._frees = False
                await anyio.to_thread.run_sync(give_back)

    async def flush(self) -> None:
        """Write the results that are noted and not written yet. Raises StoreUnavailable."""
        async with self._writing:
            if not self._pending or self._place is None:
                return
            batch = dict(self._pending)
            await self._place.write(batch)
            for key, written in batch.items():
                if self._pending.get(key) is written:
                    del self._pending[key]

    async def forget(self, record: TaskRecord) -> None:
        """Remove the kept result of a task or message, if there is one.

        Raises StoreUnavailable.
        """
        key = record.owner, record.agent, record.result_id
        async with self._writing:
            self._pending.pop(key, None)
            if self._place:
                await self._place.remove(key)

    async def find(self, record: TaskRecord) -> KeptTask | None:
        """Return the kept result of a task or message, None if there is none.

        Raises StoreUnavailable.
        """
        if self._place is None or not self.keeps:
            return None
        key = record.owner, record.agent, record.result_id
        found = self._pending.get(key) or await self._place.read(key)
        if found is None or self._clock() - found.since >= self._keep_seconds:
            return None
        return found

    def seconds_kept(self, kept: KeptTask) -> float:
        """Return the seconds since a result was last seen at its agent."""
        return self._clock() - kept.since
