"""All tracked tasks of one process: begun, looked after by one clock, and ended.

So many are followed at the same time; further ones are swept, until a place is free.

Reading goes on after the call that began it has returned, because some servers cancel or freeze a
task when its stream is closed. A task's id is in the store before a caller sees it. This module
knows no MCP and writes no text for a model.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from anyio.abc import TaskGroup

from a2a_mcp.a2a.errors import A2AError, InvalidAgentResponse
from a2a_mcp.a2a.model import Task, TaskStatus
from a2a_mcp.a2a.requests import SendMessageRequest
from a2a_mcp.errors import BridgeError, NotAllowed
from a2a_mcp.store.base import TaskRecord, TaskStore
from a2a_mcp.telemetry.metrics import count_refusal
from a2a_mcp.telemetry.supervise import run_logged
from a2a_mcp.tracking.fairness import is_below_share
from a2a_mcp.tracking.happenings import Closed, Read, Released
from a2a_mcp.tracking.intake import Intake, Watcher
from a2a_mcp.tracking.known import KnownTasks
from a2a_mcp.tracking.origin import Origin
from a2a_mcp.tracking.polling import DEFAULT, Polling, TaskPoller
from a2a_mcp.tracking.streaming import TaskStreamer
from a2a_mcp.tracking.sweep import SWEEP_SECONDS, Sweep
from a2a_mcp.tracking.tail import UpdateMemory
from a2a_mcp.tracking.tracked_task import TrackedTask
from a2a_mcp.tracking.watch import DRAIN_SECONDS, WATCH_SECONDS, Watch

if TYPE_CHECKING:
    from a2a_mcp.agents.connection import Connection
    from a2a_mcp.tracking.hooks import Hooks

MOST_FOLLOWED: Final = 2_000
MOST_SWEPT: Final = 8_000
AGAIN_SECONDS: Final = 10
"""After which a caller with too many tasks may try again; when one will end is not known."""


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
        most_followed: int = MOST_FOLLOWED,
        most_swept: int = MOST_SWEPT,
        most_of_owner: int | None = None,
        sweep_seconds: float = SWEEP_SECONDS,
        memory: UpdateMemory | None = None,
        hooks: Hooks | None = None,
    ) -> None:
        self._group = group
        self._tasks = tasks
        self._known = KnownTasks()
        self._running: dict[TrackedTask, float] = {}
        self._intake = Intake(tasks, self._known, watchers)
        self._poller = TaskPoller(self._intake.receive, polling, hooks)
        self._streamer = TaskStreamer(self._intake.receive, self._poller)
        self._most_followed = most_followed
        self._most = most_followed + most_swept
        self._most_of_owner = most_of_owner
        self._sweep = Sweep(self._poller, self._end, sweep_seconds)
        self._memory = memory or UpdateMemory()
        self._answers: dict[TrackedTask, None] = {}
        self._watch = Watch(
            self._running, self._poller, seconds=watch_seconds, drain_seconds=drain_seconds
        )

    async def watch(self) -> None:
        """Look after the tasks that are read, until cancelled."""
        self._group.start_soon(run_logged, "sweeping tasks", self._sweep.run)
        await self._watch.run(self._group)

    def release(self) -> None:
        """Let all waiting calls return with what is known: the process is about to end."""
        for tracked in (*self._running, *self._sweep):
            tracked.happened(Released())
            tracked.tell()

    def of(self, record: TaskRecord) -> TrackedTask | None:
        """Return the tracked task of a record; None when this process has not read it lately."""
        return self._known.of(record)

    def stopped_elsewhere(self, key: int) -> None:
        """Take a hint: another process has seen the task of this row stop, so it is read soon."""
        tracked = self._known.with_key(key)
        if tracked:
            self._poller.hint(tracked)
            if tracked.awaited:
                what = f"reading a task of {tracked.agent} that stopped elsewhere"
                self._group.start_soon(run_logged, what, partial(self._sweep.read, tracked))

    def answering(self, record: TaskRecord) -> TrackedTask | None:
        """Return the message to a task that is under way: its agent has not reacted to it yet."""
        for tracked in reversed(self._answers):
            if tracked.continued and tracked.continued.key == record.key and tracked.waits:
                return tracked
        return None

    async def let_begin(self, owner: str) -> None:
        """Check that an owner may begin one more task, counted over all processes of the store.

        Raises NotAllowed and StoreUnavailable.
        """
        if self._most_of_owner is not None:
            running = await self._tasks.running(owner)
            if running is not None and running >= self._most_of_owner:
                raise _refusal("running_tasks", running)
        self.make_room(owner)

    def make_room(self, owner: str) -> None:
        """Check that there is room to follow one more task of an owner; raises NotAllowed.

        No task is let go for another. An owner below its share is let in even where all is full,
        unless the configuration gives each owner fewer.
        """
        if self._most_of_owner is None and self._count < self._most:
            return
        owners = [tracked.record.owner for tracked in (*self._running, *self._sweep)]
        own = owners.count(owner)
        has_enough = self._most_of_owner is not None and own >= self._most_of_owner
        is_full = self._count >= self._most and not is_below_share(owner, owners, self._most)
        if has_enough or is_full:
            raise _refusal("running_tasks" if has_enough else "max_followed", own)

    @property
    def _count(self) -> int:
        return len(self._running) + len(self._sweep)

    @property
    def _has_place(self) -> bool:
        return len(self._running) < self._most_followed

    def records(self) -> list[TaskRecord]:
        """Return the records of all tasks that this process reads."""
        return [tracked.record for tracked in (*self._running, *self._sweep)]

    @property
    def polled(self) -> int:
        """Return of how many of them the agent is asked now and then: no stream of it is open."""
        return self._poller.polled + len(self._sweep)

    def send(
        self,
        connection: Connection,
        record: TaskRecord,
        request: SendMessageRequest,
        before: TaskStatus | None = None,
        continued: TaskRecord | None = None,
    ) -> TrackedTask:
        """Begin to deliver a message and to follow its task.

        `continued` is the task that the message is sent to, `before` its status until now; where
        that is not known, the task is read before the message leaves.
        """
        own_context = None if request.message.context_id else record.context_id
        tracked = self._new(record, before, Origin(continued, own_context))
        if continued:
            self._answers[tracked] = None
        work = partial(
            self._streamer.deliver,
            tracked,
            connection,
            request,
            follows=self._has_place,
            looks_first=before is None,
        )
        self._start(tracked, connection, work)
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
        if self._has_place or tracked.at_rest:
            self._resume(tracked, connection)
        else:
            self._sweep.add(tracked, connection)
        return tracked

    def _resume(self, tracked: TrackedTask, connection: Connection) -> None:
        work = partial(self._streamer.resume, tracked, connection)
        self._start(tracked, connection, work)

    def _start(
        self, tracked: TrackedTask, connection: Connection, work: Callable[[], Awaitable[None]]
    ) -> None:
        self._running[tracked] = connection.config.limits.idle_seconds
        self._group.start_soon(self._run, tracked, connection, work)

    async def settle(self, record: TaskRecord, task: Task) -> None:
        """Take over a stop that a caller's own read has shown, so that other waits end.

        A running task is left to its stream, which tells each piece once.
        """
        tracked = self.of(record)
        if tracked and (tracked.ended or task.state.stop):
            tracked.happened(Read(task, beside=True))
            tracked.tell()
        self._intake.show(record, task)

    def _new(
        self, record: TaskRecord, past: TaskStatus | None, origin: Origin | None = None
    ) -> TrackedTask:
        tracked = TrackedTask(record, past, origin, self._memory)
        self._known.add(tracked)
        return tracked

    async def _run(
        self, tracked: TrackedTask, connection: Connection, work: Callable[[], Awaitable[None]]
    ) -> None:
        what = f"following a task of {tracked.agent}"
        serves = False  # not while the process ends
        try:
            if not await run_logged(what, partial(self._to_end, tracked, connection, work)):
                await run_logged(what, partial(self._unread, tracked))
            serves = True
        finally:
            del self._running[tracked]
            if serves and tracked.goes_on and not tracked.scope.cancel_called:
                self._sweep.add(tracked, connection)
            else:
                tracked.happened(Closed())
                self._end(tracked)
            if serves:
                self._promote()

    def _end(self, tracked: TrackedTask) -> None:
        """Tell waiting calls that a task is read no more."""
        self._answers.pop(tracked, None)
        tracked.tell()
        self._known.end(tracked)

    def _promote(self) -> None:
        """Follow a task that was only swept so far, where a place has become free."""
        taken = self._sweep.take() if self._has_place and self._poller.has_room else None
        if taken:
            self._resume(*taken)

    async def _to_end(
        self, tracked: TrackedTask, connection: Connection, work: Callable[[], Awaitable[None]]
    ) -> None:
        try:
            with tracked.scope:
                await work()
        except A2AError as error:
            connection.failed(error)
            await self._intake.close(tracked, error)
        except BridgeError as error:
            tracked.happened(Closed(error))
        else:
            if not tracked.scope.cancelled_caught:
                connection.succeeded()

    async def _unread(self, tracked: TrackedTask) -> None:
        """Close a message after an unexpected exception, which has been logged."""
        error = InvalidAgentResponse("the bridge could not read the agent's answer")
        await self._intake.close(tracked, error)


def _refusal(limit: str, running: int) -> NotAllowed:
    """Return the error of a task too many, which is counted."""
    count_refusal(limit)
    return NotAllowed(
        f"The bridge waits for {running} tasks of this caller already; nothing was sent.",
        f"Wait {AGAIN_SECONDS} seconds or longer, until some of them have ended, then call "
        "again. list_tasks shows them.",
    )
