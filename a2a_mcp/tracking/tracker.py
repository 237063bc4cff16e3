"""All tracked tasks of one process: begun, looked after by one clock, and ended.

Reading goes on after the call that began it has returned, because some servers cancel or freeze a
task when its stream is closed. A task's id is in the store before a caller sees it. This module
knows no MCP and writes no text for a model.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Final

import anyio
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint

from a2a_mcp.a2a.errors import A2AError, InvalidAgentResponse
from a2a_mcp.a2a.model import Task, TaskStatus
from a2a_mcp.a2a.requests import SendMessageRequest
from a2a_mcp.a2a.updates import as_task
from a2a_mcp.errors import BridgeError, NotAllowed
from a2a_mcp.store.base import TaskRecord, TaskStore
from a2a_mcp.telemetry.supervise import run_logged
from a2a_mcp.tracking.fairness import owner_to_evict
from a2a_mcp.tracking.happenings import Closed, Heard, Read, Released, Unfounded
from a2a_mcp.tracking.known import KnownTasks
from a2a_mcp.tracking.origin import Origin
from a2a_mcp.tracking.polling import DEFAULT, Polling, TaskPoller
from a2a_mcp.tracking.recording import Recorder
from a2a_mcp.tracking.streaming import TaskStreamer
from a2a_mcp.tracking.tail import UpdateMemory
from a2a_mcp.tracking.tracked_task import TrackedTask

if TYPE_CHECKING:
    from a2a_mcp.agents.connection import Connection

DRAIN_SECONDS: Final = 5.0
WATCH_SECONDS: Final = 5.0
EVENTS_WITHOUT_PAUSE: Final = 64
MOST_RUNNING: Final = 512

Watcher = Callable[[TaskRecord, Task | None], None]
"""Is called with every task after each event or read; it must be quick and must not raise."""


class TaskTracker:
    """Tracks the tasks of one process in the background; `group` is the lifespan's task group."""

    def __init__(
        self,
        group: TaskGroup,
        tasks: TaskStore,
        *,
        watchers: tuple[Watcher, ...] = (),
        polling: Polling = DEFAULT,
        watch_seconds: float = WATCH_SECONDS,
        drain_seconds: float = DRAIN_SECONDS,
        most_running: int = MOST_RUNNING,
        memory: UpdateMemory | None = None,
    ) -> None:
        self._group = group
        self._recorder = Recorder(tasks)
        self._watchers = watchers
        self._poller = TaskPoller(self._receive, polling)
        self._streamer = TaskStreamer(self._receive, self._poller)
        self._watch_seconds = watch_seconds
        self._drain_seconds = drain_seconds
        self._most_running = most_running
        self._memory = memory or UpdateMemory()
        self._known = KnownTasks()
        self._running: dict[TrackedTask, float] = {}

    async def watch(self) -> None:
        """Stop overdue readings and read silent tasks; one clock serves all of them."""
        while True:
            await anyio.sleep(self._watch_seconds)
            now = time.monotonic()
            for tracked, idle_seconds in list(self._running.items()):
                if tracked.overdue(now, self._drain_seconds):
                    tracked.scope.cancel()
                elif tracked.client and tracked.idle(now, idle_seconds):
                    what = f"reading a task of {tracked.agent} beside its stream"
                    self._group.start_soon(run_logged, what, partial(self._look, tracked))

    def release(self) -> None:
        """Let all waiting calls return with what is known: the process is about to end."""
        for tracked in self._running:
            tracked.happened(Released())
            tracked.tell()

    async def _look(self, tracked: TrackedTask) -> None:
        """Read a task beside its silent stream, which may stay open after the task has ended.

        The stream is left open, because closing it could end the task.
        """
        tracked.looked()
        with contextlib.suppress(A2AError, BridgeError):
            if tracked.client:
                await self._poller.look(tracked, tracked.client)

    def of(self, record: TaskRecord) -> TrackedTask | None:
        """Return the tracked task of a record; None when this process has not read it lately."""
        return self._known.of(record)

    def answering(self, record: TaskRecord) -> TrackedTask | None:
        """Return the message to a task that is under way: its agent has not reacted to it yet."""
        for tracked in reversed(self._running):
            if tracked.continued and tracked.continued.key == record.key and tracked.waits:
                return tracked
        return None

    def make_room(self, owner: str) -> None:
        """Make room for one more task of an owner; raises NotAllowed.

        When too many are read, the oldest without a waiting call is read no more: it goes on at its
        agent, and can be read again. An owner below its share is let in even if nothing can go.
        """
        if len(self._running) < self._most_running:
            return
        owners = [tracked.record.owner for tracked in self._running]
        evicted = owner_to_evict(owner, owners, self._most_running)
        oldest = next((it for it in self._running if _can_go(it, evicted)), None)
        if oldest:
            oldest.scope.cancel()
        elif evicted == owner:
            raise NotAllowed(
                f"The bridge waits for {owners.count(owner)} tasks of this caller already; "
                "nothing was sent.",
                "Call again when some of them have ended.",
            )

    def send(
        self,
        connection: Connection,
        record: TaskRecord,
        request: SendMessageRequest,
        before: TaskStatus | None = None,
        continued: TaskRecord | None = None,
    ) -> TrackedTask:
        """Begin to deliver a message and to follow its task.

        `continued` is the task that the message is sent to, `before` its status until now.
        """
        own_context = None if request.message.context_id else record.context_id
        tracked = self._new(record, before, Origin(continued, own_context))
        work = partial(self._streamer.deliver, tracked, connection, request)
        self._group.start_soon(self._run, tracked, connection, work)
        return tracked

    def attach(
        self,
        connection: Connection,
        record: TaskRecord,
        task: Task,
        past: TaskStatus | None = None,
    ) -> TrackedTask:
        """Begin to follow a task that runs already; `task` is how it was just read.

        `past` is a stop that has been dealt with: what comes after it is waited for.
        """
        tracked = self._new(record, past)
        tracked.happened(Read(task))
        work = partial(self._streamer.resume, tracked, connection)
        self._group.start_soon(self._run, tracked, connection, work)
        return tracked

    async def settle(self, record: TaskRecord, task: Task) -> None:
        """Take over a stop that a caller's own read has shown, so that other waits end.

        A running task is left to its stream, which tells each piece once.
        """
        tracked = self.of(record)
        if tracked and (tracked.ended or task.state.stop):
            tracked.happened(Read(task, beside=True))
            tracked.tell()
        self._show(record, task)

    def _show(self, record: TaskRecord, task: Task | None) -> None:
        for watcher in self._watchers:
            watcher(record, task)

    def _new(
        self, record: TaskRecord, past: TaskStatus | None, origin: Origin | None = None
    ) -> TrackedTask:
        tracked = TrackedTask(record, past, origin, self._memory)
        self._known.add(tracked)
        return tracked

    async def _run(
        self, tracked: TrackedTask, connection: Connection, work: Callable[[], Awaitable[None]]
    ) -> None:
        self._running[tracked] = connection.config.limits.idle_seconds
        what = f"following a task of {tracked.agent}"
        try:
            if not await run_logged(what, partial(self._to_end, tracked, connection, work)):
                await run_logged(what, partial(self._unread, tracked))
        finally:
            del self._running[tracked]
            tracked.happened(Closed())
            tracked.tell()
            self._known.end(tracked)

    async def _to_end(
        self, tracked: TrackedTask, connection: Connection, work: Callable[[], Awaitable[None]]
    ) -> None:
        try:
            with tracked.scope:
                await work()
        except A2AError as error:
            connection.failed(error)
            await self._close(tracked, error)
        except BridgeError as error:
            tracked.happened(Closed(error))
        else:
            if not tracked.scope.cancelled_caught:
                connection.succeeded()

    async def _unread(self, tracked: TrackedTask) -> None:
        """Close a message after an unexpected exception, which has been logged."""
        await self._close(
            tracked, InvalidAgentResponse("the bridge could not read the agent's answer")
        )

    async def _close(self, tracked: TrackedTask, error: A2AError) -> None:
        try:
            await self._recorder.record_failure(tracked, error)
        finally:
            tracked.happened(Closed(error))

    async def _receive(self, tracked: TrackedTask, happening: Heard | Read | Unfounded) -> bool:
        """Take an event in, write down what must not be lost, then wake the waiting calls."""
        key = tracked.record.key
        if tracked.task is None and not isinstance(happening, Unfounded):
            await self._recorder.refuse_foreign(tracked.record, happening.event)
        tracked.happened(happening)
        await self._recorder.record(tracked)
        if tracked.record.key != key:  # its task had a row already
            self._known.move(tracked, key)
        tracked.tell()
        if tracked.count % EVENTS_WITHOUT_PAUSE == 0:
            await checkpoint()  # waiting calls hear these before more come than are kept
        self._show(tracked.record, tracked.task or _as_task(tracked))
        return tracked.over


def _can_go(tracked: TrackedTask, owner: str) -> bool:
    """Return whether a task of `owner` may be read no more: nobody waits, and its id is known."""
    if tracked.record.owner != owner or tracked.task is None:
        return False
    return not (tracked.awaited or tracked.scope.cancel_called)


def _as_task(tracked: TrackedTask) -> Task | None:
    """Return an answer without a task in the form in which results are kept."""
    if tracked.message is None:
        return None
    return as_task(tracked.record.result_id, tracked.message)
