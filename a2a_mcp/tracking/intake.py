"""What was heard or read of a tracked task, taken in: remembered, told, and shown to the watchers.

A task's id is in the store before a caller learns it. It reads nothing from an agent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from anyio.lowlevel import checkpoint

from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.a2a.model import Task
from a2a_mcp.a2a.updates import as_task
from a2a_mcp.store.base import TaskRecord, TaskStore
from a2a_mcp.tracking.happenings import Closed, Heard, Read, Unfounded
from a2a_mcp.tracking.known import KnownTasks
from a2a_mcp.tracking.recording import Recorder
from a2a_mcp.tracking.tracked_task import TrackedTask

EVENTS_WITHOUT_PAUSE: Final = 64

Watcher = Callable[[TaskRecord, Task | None], None]
"""Is called with every task after each read of it; it must be quick and must not raise."""


class Intake:
    """Takes in what comes of the `known` tasks; `watchers` see each task afterwards."""

    def __init__(
        self, tasks: TaskStore, known: KnownTasks, watchers: tuple[Watcher, ...] = ()
    ) -> None:
        self._recorder = Recorder(tasks)
        self._known = known
        self._watchers = watchers

    async def receive(
        self, tracked: TrackedTask, happenings: Sequence[Heard | Read | Unfounded]
    ) -> bool:
        """Take in what came together, write down what must not be lost, then wake waiting calls.

        Return whether the agent has said its last word; what came after it is left.
        """
        known_before = tracked.count
        for happening in happenings:
            if tracked.task is None and not isinstance(happening, Unfounded):
                await self._recorder.refuse_foreign(tracked.record, happening.event)
            tracked.happened(happening)
            if tracked.over:
                break
        await self._record(tracked)
        tracked.tell()
        if tracked.count // EVENTS_WITHOUT_PAUSE > known_before // EVENTS_WITHOUT_PAUSE:
            await checkpoint()  # waiting calls hear these before more come than are kept
        self.show(tracked.record, tracked.task or _as_task(tracked))
        return tracked.over

    async def _record(self, tracked: TrackedTask) -> None:
        key = tracked.record.key
        await self._recorder.record(tracked)
        if tracked.record.key != key:  # its task had a row already
            self._known.move(tracked, key)

    def show(self, record: TaskRecord, task: Task | None) -> None:
        """Show the watchers a task as it is now."""
        for watcher in self._watchers:
            watcher(record, task)

    async def close(self, tracked: TrackedTask, error: A2AError) -> None:
        """Note that a task is read no more because of an error, which is written down first."""
        try:
            await self._recorder.record_failure(tracked, error)
        finally:
            tracked.happened(Closed(error))


def _as_task(tracked: TrackedTask) -> Task | None:
    """Return an answer without a task in the form in which results are kept."""
    if tracked.message is None:
        return None
    return as_task(tracked.record.result_id, tracked.message)
