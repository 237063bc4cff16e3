"""Messages and tasks followed to their next stop, in the background, whoever still waits for them.

Reading goes on when the call that began it has returned, because closing a stream cancels or
freezes the task on some servers (a2a-wire 17.38). The task's id is in the map before anyone is
told of it. This module knows no MCP and words nothing for a model.
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

from a2a_mcp.a2a.errors import A2AError, Delivery, InvalidAgentResponse
from a2a_mcp.a2a.model import Message, SendMessageRequest, StreamEvent, Task, TaskState, TaskStatus
from a2a_mcp.a2a.updates import as_task
from a2a_mcp.errors import BridgeError, NotAllowed
from a2a_mcp.store.base import TaskRecord, TaskStore
from a2a_mcp.telemetry.supervise import run_logged
from a2a_mcp.tracking.fairness import oldest_of_most, owner_to_evict
from a2a_mcp.tracking.happenings import Closed, Heard, Read, Released
from a2a_mcp.tracking.polling import DEFAULT, Polling, TaskPoller
from a2a_mcp.tracking.streaming import TaskStreamer
from a2a_mcp.tracking.tracked_task import Origin, TrackedTask

if TYPE_CHECKING:
    from a2a_mcp.agents.connection import Connection

DRAIN_SECONDS: Final = 5.0
WATCH_SECONDS: Final = 5.0
MOST_AT_ONCE: Final = 64
MOST_KNOWN: Final = 256
MOST_RUNNING: Final = 512
ANOTHERS: Final = "it named a task that is not this caller's, which is not shown"

Watcher = Callable[[TaskRecord, Task | None], None]
"""Is told of every task that is seen anew, followed or read; it must be quick and not raise."""


class TaskTracker:
    """Runs the follows of one process; `group` is the lifespan's task group."""

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
    ) -> None:
        self._group = group
        self._tasks = tasks
        self._watchers = watchers
        self._poller = TaskPoller(self._receive, polling)
        self._streamer = TaskStreamer(self._receive, self._poller)
        self._watch_seconds = watch_seconds
        self._drain_seconds = drain_seconds
        self._most_running = most_running
        self._follows: dict[int, TrackedTask] = {}
        self._running: dict[TrackedTask, float] = {}

    async def watch(self) -> None:
        """End what is overdue and look after what is silent: one clock instead of one a call."""
        while True:
            await anyio.sleep(self._watch_seconds)
            now = time.monotonic()
            for follow, idle_seconds in list(self._running.items()):
                if follow.overdue(now, self._drain_seconds):
                    follow.scope.cancel()
                elif follow.client and follow.idle(now, idle_seconds):
                    what = f"reading a task of {follow.agent} beside its stream"
                    self._group.start_soon(run_logged, what, partial(self._look, follow))

    def release(self) -> None:
        """Let everybody who waits go with what is known: the process is about to end."""
        for follow in self._running:
            follow.happened(Released())
            follow.tell()

    async def _look(self, follow: TrackedTask) -> None:
        """Read a task beside its silent stream, which stays open: to close it could end the task.

        Some streams stay open for ever after the task has ended elsewhere (a2a-wire 17).
        """
        follow.looked()
        with contextlib.suppress(A2AError, BridgeError):
            if follow.client:
                await self._poller.read(follow, follow.client, beside=True)

    def of(self, record: TaskRecord) -> TrackedTask | None:
        """Give the follow of a task that this process reads or has read lately."""
        return self._follows.get(record.key)

    def answering(self, record: TaskRecord) -> TrackedTask | None:
        """Give the follow of a message to a task to which its agent has not reacted yet."""
        for follow in reversed(self._running):
            if follow.continued and follow.continued.key == record.key and follow.waits:
                return follow
        return None

    def make_room(self, owner: str) -> None:
        """See to it that one more of an owner can be followed; raises NotAllowed.

        Where too many are, the oldest that nobody waits for is let go: its task goes on, and can be
        asked for. Who has less than a share is let in though nobody else's can go.
        """
        if len(self._running) < self._most_running:
            return
        owners = {follow: follow.record.owner for follow in self._running}
        whose = owner_to_evict(owner, owners.values(), self._most_running)
        for follow in owners:
            if owners[follow] != whose or follow.awaited or follow.scope.cancel_called:
                continue
            if follow.task:
                follow.scope.cancel()
                return
        if whose == owner:
            own = list(owners.values()).count(owner)
            raise NotAllowed(
                f"The bridge waits for {own} tasks of this caller already; nothing was sent.",
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
        follow = self._add(TrackedTask(record, before, Origin(continued, own_context)))
        work = partial(self._streamer.deliver, follow, connection, request)
        self._group.start_soon(self._run, follow, connection, work)
        return follow

    def attach(
        self,
        connection: Connection,
        record: TaskRecord,
        task: Task,
        past: TaskStatus | None = None,
    ) -> TrackedTask:
        """Begin to follow a task that runs already; `task` is what it looks like now.

        `past` is a stop at which not to end.
        """
        follow = self._add(TrackedTask(record, past))
        follow.happened(Read(task))
        work = partial(self._streamer.resume, follow, connection)
        self._group.start_soon(self._run, follow, connection, work)
        return follow

    async def settle(self, record: TaskRecord, task: Task) -> None:
        """Take over what a direct read has shown, so that nobody waits for what is past.

        Of a running task its own stream tells, each piece once: a read may hold what is to come.
        """
        follow = self.of(record)
        if follow and (follow.ended or task.state.stop):
            follow.happened(Read(task, beside=True))
            follow.tell()
        self._show(record, task)

    def _show(self, record: TaskRecord, task: Task | None) -> None:
        for watcher in self._watchers:
            watcher(record, task)

    def _add(self, follow: TrackedTask) -> TrackedTask:
        while len(self._follows) >= MOST_KNOWN:
            ended = {key: it.record.owner for key, it in self._follows.items() if it.ended}
            if not ended:
                break
            del self._follows[oldest_of_most(ended)]
        self._follows[follow.record.key] = follow
        return follow

    async def _run(
        self, follow: TrackedTask, connection: Connection, work: Callable[[], Awaitable[None]]
    ) -> None:
        self._running[follow] = connection.config.limits.idle_seconds
        what = f"following a task of {follow.agent}"
        try:
            if not await run_logged(what, partial(self._to_end, follow, connection, work)):
                await run_logged(what, partial(self._unread, follow))
        finally:
            del self._running[follow]
            follow.happened(Closed())
            follow.tell()
            self._forget_unnamed(follow)

    def _forget_unnamed(self, follow: TrackedTask) -> None:
        """Forget a message whose callers were told no handle: nobody can ask for it."""
        record = follow.record
        if not record.handle and self._follows.get(record.key) is follow:
            del self._follows[record.key]

    async def _to_end(
        self, follow: TrackedTask, connection: Connection, work: Callable[[], Awaitable[None]]
    ) -> None:
        try:
            with follow.scope:
                await work()
        except A2AError as error:
            connection.failed(error)
            await self._close(follow, error)
        except BridgeError as error:
            follow.happened(Closed(error))
        else:
            if not follow.scope.cancelled_caught:
                connection.succeeded()

    async def _unread(self, follow: TrackedTask) -> None:
        """Close a message after a fault of ours, which stands in the log."""
        await self._close(
            follow, InvalidAgentResponse("the bridge could not read the agent's answer")
        )

    async def _close(self, follow: TrackedTask, error: A2AError) -> None:
        try:
            await self._never_answered(follow, error)
        finally:
            follow.happened(Closed(error))

    async def _never_answered(self, follow: TrackedTask, error: A2AError) -> None:
        """Write down what a message without a task has become, whoever still waits for it."""
        if follow.task is None and follow.message is None:
            lost = error.delivery is not Delivery.NEVER
            state = TaskState.UNKNOWN if lost else TaskState.FAILED
            untold = follow.untold_context(delivered=lost)
            update = await self._tasks.update(follow.record, state=state, context_id=untold)
            follow.known_as(update)

    async def _receive(self, follow: TrackedTask, happening: Heard | Read) -> bool:
        """Take an event in, write down what must not be lost, then wake the waiting calls."""
        if follow.task is None:
            await self._refuse_anothers(follow.record, happening.event)
        follow.happened(happening)
        await self._remember(follow)
        follow.tell()
        if follow.count % MOST_AT_ONCE == 0:
            await checkpoint()  # whoever listens hears them before they are too many to be kept
        self._show(follow.record, follow.task or _as_task(follow))
        return follow.over

    async def _refuse_anothers(self, record: TaskRecord, event: StreamEvent) -> None:
        """Take no task of another owner for the answer; raises InvalidAgentResponse (threats R4).

        The id of one that has ended, or that its agent knows no more, may come again: some agents
        count anew when they start.
        """
        named = event.id if isinstance(event, Task) else event.task_id
        if isinstance(event, Message) or named is None or named == record.task_id:
            return
        if await self._tasks.held_by_other(record.owner, record.agent, named, active_only=True):
            raise InvalidAgentResponse(ANOTHERS, delivery=Delivery.UNKNOWN)

    async def _remember(self, follow: TrackedTask) -> None:
        """Write down what must outlive this process: the task's id, and where it stops."""
        record = follow.record
        if follow.message is not None:
            await self._update(follow, TaskState.COMPLETED, follow.message.context_id)
        elif follow.task and is_news(follow.task, record):
            task = follow.task
            await self._update(follow, task.state, task.context_id, task_id=task.id)
        if follow.record.key != record.key:
            self._follows.pop(record.key, None)
            self._follows[follow.record.key] = follow

    async def _update(
        self,
        follow: TrackedTask,
        state: TaskState,
        context_id: str | None,
        task_id: str | None = None,
    ) -> None:
        update = await self._tasks.update(
            follow.record,
            task_id=task_id,
            context_id=context_id or follow.untold_context(),
            state=state,
            interface=follow.client.interface_key if follow.client else None,
        )
        follow.known_as(update)


def _as_task(follow: TrackedTask) -> Task | None:
    """Give an answer without a task as it is kept."""
    if follow.message is None:
        return None
    return as_task(follow.record.result_id, follow.message)


def is_news(task: Task, record: TaskRecord) -> bool:
    """Whether the map must know: the id, and where it stops; steps between cost a write each."""
    return task.id != record.task_id or (task.state.stop and task.state != record.state)
