"""One clock for all followed tasks: it ends overdue readings, and reads tasks that are silent."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Mapping
from functools import partial
from typing import Final

import anyio
from anyio.abc import TaskGroup

from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.errors import BridgeError
from a2a_mcp.telemetry.supervise import run_logged
from a2a_mcp.tracking.polling import TaskPoller
from a2a_mcp.tracking.tracked_task import TrackedTask

DRAIN_SECONDS: Final = 5.0
WATCH_SECONDS: Final = 5.0


class Watch:
    """Looks after the `running` tasks, each with the seconds that it may be silent."""

    def __init__(
        self,
        running: Mapping[TrackedTask, float],
        poller: TaskPoller,
        *,
        seconds: float = WATCH_SECONDS,
        drain_seconds: float = DRAIN_SECONDS,
    ) -> None:
        self._running = running
        self._poller = poller
        self._seconds = seconds
        self._drain_seconds = drain_seconds

    async def run(self, group: TaskGroup) -> None:
        """Look every few seconds until cancelled; reads run in `group`."""
        while True:
            await anyio.sleep(self._seconds)
            self._look_around(group)

    def _look_around(self, group: TaskGroup) -> None:
        """Look at each running task once.

        A name in `run` would hold the last task, with all that its agent answered, while it waits.
        """
        now = time.monotonic()
        for tracked, idle_seconds in list(self._running.items()):
            if tracked.overdue(now, self._drain_seconds):
                tracked.scope.cancel()
            elif tracked.client and tracked.idle(now, self._patience(tracked, idle_seconds)):
                what = f"reading a task of {tracked.agent} beside its stream"
                group.start_soon(run_logged, what, partial(self._look, tracked))

    def _patience(self, tracked: TrackedTask, idle_seconds: float) -> float:
        """Return how long a task may be silent before it is read beside its stream."""
        if self._poller.is_told(tracked):
            return math.inf
        if tracked.in_doubt:
            return min(idle_seconds, self._poller.policy.still_seconds)
        return idle_seconds

    async def _look(self, tracked: TrackedTask) -> None:
        """Read a task beside its silent stream, which may stay open after the task has ended.

        The stream is left open, because closing it could end the task.
        """
        tracked.looked()
        with contextlib.suppress(A2AError, BridgeError):
            if tracked.client:
                await self._poller.look(tracked, tracked.client, beside=True)
