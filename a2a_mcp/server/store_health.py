"""How the store fares, for balancers and operators: who asks never waits for it long.

A database that hangs answers nothing, and what is asked of it cannot be taken back. So it is asked
once at a time, in the background, however many want to know.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Generic, TypeVar

import anyio
from anyio.abc import TaskGroup

from a2a_mcp.errors import StoreUnavailable
from a2a_mcp.store.base import Census, TaskStore
from a2a_mcp.telemetry.supervise import run_logged

T = TypeVar("T")

LOOK_SECONDS: Final = 1.5
"""Kubernetes and haproxy wait one to two seconds for an answer, unless they are told otherwise."""

LATE: Final = f"the task map has not answered within {LOOK_SECONDS} seconds"
UNKNOWN: Final = Census((), 0)


@dataclass(slots=True)
class _Run(Generic[T]):
    ended: anyio.Event = field(default_factory=anyio.Event)
    result: T | None = None


class OneAtATime(Generic[T]):
    """Runs `work`, named `what` in the log, in `group` when its result is wanted."""

    def __init__(self, group: TaskGroup, what: str, work: Callable[[], Awaitable[T]]) -> None:
        self._group = group
        self._what = what
        self._work = work
        self._run: _Run[T] | None = None

    async def result(self, seconds: float) -> T | None:
        """Return the result of the run under way, or of one that begins; None if late or failed."""
        run = self._run
        if run is None:
            run = self._run = _Run()
            self._group.start_soon(run_logged, self._what, partial(self._to_end, run))
        with anyio.move_on_after(seconds):
            await run.ended.wait()
        return run.result

    async def _to_end(self, run: _Run[T]) -> None:
        try:
            run.result = await self._work()
        finally:
            self._run = None
            run.ended.set()


class StoreHealth:
    """What is known of a store; `problem` is why calls should go elsewhere, as last seen."""

    def __init__(self, tasks: TaskStore, group: TaskGroup) -> None:
        self._tasks = tasks
        self._looking = OneAtATime(group, "looking at the task map", self._problem)
        self._counting = OneAtATime(group, "counting tasks", self._count)
        self.problem: str | None = None

    async def look(self) -> str | None:
        """Use the store, before a call needs it; return why it cannot be used, if so."""
        found = await self._looking.result(LOOK_SECONDS)
        self.problem = LATE if found is None else found or None
        return self.problem

    async def census(self) -> Census:
        """Return what the store holds; nothing of one that fails."""
        counted = None if self.problem else await self._counting.result(LOOK_SECONDS)
        return counted or UNKNOWN

    async def _problem(self) -> str:
        """Return what is wrong, empty where nothing is."""
        try:
            await self._tasks.look()
        except StoreUnavailable as error:
            return self._tasks.problem or error.message
        return self._tasks.problem or ""

    async def _count(self) -> Census:
        with suppress(StoreUnavailable):  # the page says that the store fails
            return await self._tasks.census()
        return UNKNOWN
