"""Messages and tasks followed to their next stop, in the background, whoever still waits for them.

Reading goes on when the call that began it has returned, because closing a stream cancels or
freezes the task on some servers (a2a-wire 17.38). The task's id is in the map before anyone is
told of it. This module knows no MCP and words nothing for a model.
"""

from __future__ import annotations

import contextlib
import logging
import random
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import anyio
from anyio.abc import TaskGroup

from a2a_mcp.a2a.errors import (
    A2AError,
    AgentError,
    AgentUnreachable,
    AuthenticationRequired,
    Delivery,
    InvalidAgentResponse,
    TaskNotFound,
)
from a2a_mcp.a2a.types import (
    GetTaskRequest,
    SendMessageRequest,
    StreamEvent,
    SubscribeToTaskRequest,
    Task,
    TaskState,
    TaskStatus,
)
from a2a_mcp.errors import BridgeError
from a2a_mcp.follow import Follow
from a2a_mcp.tasks import TaskMap, TaskRecord

if TYPE_CHECKING:
    from a2a_mcp.a2a.client import A2AClient
    from a2a_mcp.a2a.types import AgentCard
    from a2a_mcp.connection import Connection
    from a2a_mcp.delivery import Sender

log = logging.getLogger(__name__)

DRAIN_SECONDS: Final = 5.0
WATCH_SECONDS: Final = 5.0
MOST_FOLLOWED: Final = 256
FIRST_POLL: Final = 0.5
POLL_GROWTH: Final = 1.5
LONGEST_POLL: Final = 10.0
POLL_FAILURES: Final = 5
POLL_HISTORY: Final = 10
SERVER_FAULT: Final = 500

Watcher = Callable[[TaskRecord, Task], None]
"""Is told of every task that is seen anew, followed or read; it must be quick and not raise."""


class Follower:
    """Runs the follows of one process; `group` is the lifespan's task group."""

    def __init__(
        self,
        group: TaskGroup,
        tasks: TaskMap,
        *,
        watchers: tuple[Watcher, ...] = (),
        first_poll: float = FIRST_POLL,
        watch_seconds: float = WATCH_SECONDS,
        drain_seconds: float = DRAIN_SECONDS,
    ) -> None:
        self._group = group
        self._tasks = tasks
        self._watchers = watchers
        self._first_poll = first_poll
        self._watch_seconds = watch_seconds
        self._drain_seconds = drain_seconds
        self._follows: dict[int, Follow] = {}
        self._running: dict[Follow, float] = {}

    async def watch(self) -> None:
        """End what is overdue and look after what is silent: one clock instead of one a call."""
        while True:
            await anyio.sleep(self._watch_seconds)
            now = time.monotonic()
            for follow, idle_seconds in list(self._running.items()):
                if follow.overdue(now, self._drain_seconds):
                    follow.scope.cancel()
                elif follow.client and follow.idle(now, idle_seconds):
                    self._group.start_soon(self._look, follow)

    def release(self) -> None:
        """Let everybody who waits go with what is known: the process is about to end."""
        for follow in self._running:
            follow.released = True
            follow.tell()

    async def _look(self, follow: Follow) -> None:
        """Read a task beside its silent stream, which stays open: to close it could end the task.

        Some streams stay open for ever after the task has ended elsewhere (a2a-wire 17).
        """
        follow.looked()
        with contextlib.suppress(A2AError, BridgeError):
            if follow.client:
                await self._poll(follow, follow.client)

    def of(self, record: TaskRecord) -> Follow | None:
        """Give the follow of a task that this process reads or has read lately."""
        return self._follows.get(record.key)

    def send(
        self,
        connection: Connection,
        record: TaskRecord,
        request: SendMessageRequest,
        before: TaskStatus | None = None,
    ) -> Follow:
        """Begin to deliver a message and to follow what comes of it."""
        follow = self._add(Follow(record.agent, record, before))
        self._group.start_soon(self._run, follow, self._deliver, connection, request)
        return follow

    def attach(self, connection: Connection, record: TaskRecord, task: Task) -> Follow:
        """Begin to follow a task that runs already; `task` is what it looks like now."""
        follow = self._add(Follow(record.agent, record))
        follow.absorb(task)
        self._group.start_soon(self._run, follow, self._resume, connection, None)
        return follow

    async def settle(self, record: TaskRecord, task: Task) -> None:
        """Take over what a direct read has shown, so that nobody waits for what is past."""
        follow = self.of(record)
        if follow:
            follow.absorb(task)
            follow.tell()
        self._show(record, task)

    def _show(self, record: TaskRecord, task: Task) -> None:
        for watcher in self._watchers:
            watcher(record, task)

    def _add(self, follow: Follow) -> Follow:
        while len(self._follows) >= MOST_FOLLOWED:
            ended = [key for key, known in self._follows.items() if known.ended]
            if not ended:
                break
            del self._follows[ended[0]]
        self._follows[follow.record.key] = follow
        return follow

    async def _run(
        self,
        follow: Follow,
        work: Callable[[Follow, Connection, SendMessageRequest | None], Awaitable[None]],
        connection: Connection,
        request: SendMessageRequest | None,
    ) -> None:
        self._running[follow] = connection.config.limits.idle_seconds
        try:
            with follow.scope:
                await work(follow, connection, request)
        except A2AError as error:
            follow.error = error
            connection.failed(error)
            await self._never_answered(follow, error)
        except BridgeError as error:
            follow.error = error
        except Exception:  # the last line of defence: one task must not end the others
            log.exception("following a task of %s failed", follow.agent)
            follow.error = InvalidAgentResponse("the bridge could not read the agent's answer")
        else:
            if not follow.scope.cancelled_caught:
                connection.succeeded()
        finally:
            del self._running[follow]
            follow.ended = True
            follow.tell()
            if not follow.record.handle and self._follows.get(follow.record.key) is follow:
                del self._follows[follow.record.key]

    async def _never_answered(self, follow: Follow, error: A2AError) -> None:
        """Write down what a message without a task has become, whoever still waits for it."""
        if follow.task is None and follow.message is None:
            lost = error.delivery is not Delivery.NEVER
            state = TaskState.UNKNOWN if lost else TaskState.FAILED
            follow.record = await self._tasks.update(follow.record, state=state)

    async def _deliver(
        self, follow: Follow, connection: Connection, request: SendMessageRequest | None
    ) -> None:
        from a2a_mcp.delivery import Sender  # brings in httpx

        if request is None:
            return
        card = (await connection.card()).card

        def trying(client: A2AClient) -> None:
            follow.client = client

        sender = Sender(request, trying, lambda event: self._receive(follow, event))
        try:
            client = await self._over(connection, sender, follow.record, card)
        except A2AError as error:
            if follow.task is None or follow.client is None:
                raise
            client = follow.client  # the task it named is looked up, the message never sent again
            if isinstance(error, AgentUnreachable):
                follow.broken_at, follow.lost = follow.task.status, error
            else:
                follow.error = error  # the agent's own words on why it failed come only here
        await self._to_stop(follow, client)

    async def _over(
        self, connection: Connection, sender: Sender, record: TaskRecord, card: AgentCard
    ) -> A2AClient:
        """Deliver over what is known of the agent; where that is refused, as a fresh card says."""
        streaming = bool(card.capabilities.streaming)
        clients = await connection.clients(record.interface)
        try:
            client = await sender.deliver(clients, streaming=streaming)
        except AgentError as error:
            if not sender.heard and leaves_doubt(error):
                await self._find_out(connection, clients)
            if sender.heard or not error.tries_next:
                raise
            fresh = await connection.clients(refresh=True)
            fresh = [client for client in fresh if client not in clients]
            if not fresh:
                raise
            client = await sender.deliver(fresh, streaming=streaming)
        if client is not clients[0]:
            await connection.learn(client.interface)
        return client

    async def _find_out(self, connection: Connection, clients: list[A2AClient]) -> None:
        """Learn by a read what an agent speaks whose failure left it open (a2a-wire 14.3).

        The message is not sent again; the next one goes the right way.
        """
        for client in clients:
            try:
                await client.get(GetTaskRequest(id=uuid4().hex))
            except TaskNotFound:
                if client is not clients[0]:
                    await connection.learn(client.interface)
                return
            except A2AError:
                continue

    async def _resume(
        self, follow: Follow, connection: Connection, _: SendMessageRequest | None
    ) -> None:
        client = follow.client = await connection.client(follow.record.interface)
        task = follow.task
        if task and client.interface.dialect.snapshot_first and not task.state.stop:
            try:
                async with client.subscribe(SubscribeToTaskRequest(id=task.id)) as events:
                    async for event in events:
                        if await self._receive(follow, event):
                            break
            except A2AError:  # whatever it was, a poll finds out (a2a-wire 11.5)
                pass
        await self._to_stop(follow, client)

    async def _receive(self, follow: Follow, event: StreamEvent) -> bool:
        """Fold an event in, write down what must not be lost, then wake whoever waits."""
        follow.absorb(event)
        await self._remember(follow)
        follow.tell()
        if follow.task:
            self._show(follow.record, follow.task)
        return follow.over

    async def _remember(self, follow: Follow) -> None:
        record, task, message = follow.record, follow.task, follow.message
        interface = follow.client.made_with if follow.client else None
        if message is not None:
            follow.record = await self._tasks.update(
                record,
                context_id=message.context_id,
                state=TaskState.COMPLETED,
                interface=interface,
            )
        elif task and is_news(task, record):
            follow.record = await self._tasks.update(
                record,
                task_id=task.id,
                context_id=task.context_id,
                state=task.state,
                interface=interface,
            )
            if follow.record.key != record.key:
                self._follows.pop(record.key, None)
                self._follows[follow.record.key] = follow

    async def _to_stop(self, follow: Follow, client: A2AClient) -> None:
        """Poll until the task stops; a finished task that said nothing is read once more."""
        if follow.task is None and follow.message is None:
            raise InvalidAgentResponse(
                "the agent ended its answer before it named a task", delivery=Delivery.UNKNOWN
            )
        if follow.over and not follow.settled:
            with contextlib.suppress(A2AError):
                await self._poll(follow, client)
            follow.read_once()
        delay, failures = self._first_poll, 0
        while not follow.settled:
            await anyio.sleep(delay * random.uniform(0.8, 1.2))  # noqa: S311 - jitter
            delay = min(delay * POLL_GROWTH, LONGEST_POLL)
            try:
                await self._poll(follow, client)
            except (TaskNotFound, AuthenticationRequired):
                raise
            except A2AError as error:  # anything else may pass: reads are repeated (DESIGN 6)
                follow.lost = error
                failures += 1
                if failures >= POLL_FAILURES:
                    raise

    async def _poll(self, follow: Follow, client: A2AClient) -> None:
        if follow.task:
            wanted = GetTaskRequest(id=follow.task.id, history_length=POLL_HISTORY)
            task = await client.get(wanted)
            follow.lost = None
            await self._receive(follow, task)


def leaves_doubt(error: AgentError) -> bool:
    """Whether a failure may mean a version that is not spoken: FastA2A's 500 for any such call."""
    return error.code is None and error.status is not None and error.status >= SERVER_FAULT


def is_news(task: Task, record: TaskRecord) -> bool:
    """Whether the map must know: the id, and where it stops; steps between cost a write each."""
    return task.id != record.task_id or (task.state.stop and task.state != record.state)
