"""One message or task brought to its next stop: delivered, attached to again, else polled.

The original stream comes first. A running task is attached to again only where the whole task is
told first; elsewhere a subscription loses what it missed, or makes the agent store it twice, so
there the task is polled (a2a-wire 11.5). It never sends a message twice, and keeps nothing itself:
what comes goes to the follower.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import anyio

from a2a_mcp.a2a.errors import (
    A2AError,
    AgentError,
    AgentUnreachable,
    AuthenticationRequired,
    Delivery,
    InvalidAgentResponse,
    InvalidRequest,
    TaskNotFound,
)
from a2a_mcp.a2a.model import (
    GetTaskRequest,
    Message,
    Part,
    SendMessageRequest,
    StreamEvent,
    SubscribeToTaskRequest,
    Task,
    TaskArtifactUpdateEvent,
)
from a2a_mcp.a2a.updates import after_replay
from a2a_mcp.tracking.recovery import can_find, find_task
from a2a_mcp.tracking.tracked_task import TrackedTask

if TYPE_CHECKING:
    from a2a_mcp.a2a.client import A2AClient
    from a2a_mcp.agents.connection import Connection
    from a2a_mcp.store.base import TaskRecord
    from a2a_mcp.tracking.delivery import Sender

FIRST_POLL: Final = 0.5
POLL_GROWTH: Final = 1.5
LONGEST_POLL: Final = 10.0
POLL_FAILURES: Final = 5
POLL_HISTORY: Final = 10
FIND_POLLS: Final = (1.0, 4.0)
REFUSED_POLLS: Final = 3
SERVER_FAULT: Final = 500

Receive = Callable[[TrackedTask, StreamEvent], Awaitable[bool]]
"""Takes what came of a follow; answers whether it was the agent's last word."""


class TaskStreamer:
    """Brings follows to their stops; `receive` takes every event, before the next is read."""

    def __init__(self, receive: Receive, first_poll: float) -> None:
        self._receive = receive
        self._first_poll = first_poll

    async def deliver(
        self, follow: TrackedTask, connection: Connection, request: SendMessageRequest
    ) -> None:
        """Send a message and follow what comes of it; raises both error trees."""
        from a2a_mcp.tracking.delivery import Sender  # brings in httpx

        streaming = await _streams(connection)
        connection.refuse_unmet()

        def trying(client: A2AClient) -> None:
            follow.client = client

        sender = Sender(
            request,
            trying,
            lambda event: self._receive(follow, event),
            context_id=follow.record.context_id,
        )
        try:
            client = await self._over(connection, sender, follow.record, streaming=streaming)
            _refuse_silence(follow)
        except A2AError as error:
            if sender.named and isinstance(error, InvalidRequest | TaskNotFound):
                connection.names_contexts = True
            if follow.task is None and error.delivery is Delivery.UNKNOWN:
                await self._find(follow, error)
            if follow.task is None or follow.client is None:
                raise
            client = follow.client  # the task it named is looked up, the message never sent again
            if isinstance(error, AgentUnreachable):
                follow.broke_off(error)
            else:
                follow.met_with(error)  # the agent's own words on why it failed come only here
        await self._to_stop(follow, client, streaming=streaming)

    async def resume(self, follow: TrackedTask, connection: Connection) -> None:
        """Follow a task that runs already; raises both error trees."""
        client = follow.client = await connection.client(follow.record.interface)
        await self._to_stop(follow, client, streaming=await _streams(connection))

    async def poll(self, follow: TrackedTask, client: A2AClient) -> None:
        """Read the task once; raises A2AError."""
        if follow.task:
            wanted = GetTaskRequest(id=follow.task.id, history_length=POLL_HISTORY)
            await self._receive(follow, await client.get(wanted))

    async def _over(
        self, connection: Connection, sender: Sender, record: TaskRecord, *, streaming: bool
    ) -> A2AClient:
        """Deliver over what is known of the agent; where that is refused, as a fresh card says."""
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

    async def _find(self, follow: TrackedTask, error: A2AError) -> None:
        """Find out what became of a message, so far as its agent can tell.

        An agent that did not answer may still be at the beginning, so it is asked again.
        """
        client, record = follow.client, follow.record
        if client is None or not can_find(client, record, follow.continued):
            return
        pauses = (0.0,) if isinstance(error, AgentError) else (0.0, *FIND_POLLS)
        for pause in pauses:
            await anyio.sleep(pause * self._first_poll)
            try:
                found = await find_task(client, record, follow.continued)
                if found:
                    wanted = GetTaskRequest(id=found.id, history_length=POLL_HISTORY)
                    await self._receive(follow, await client.get(wanted))
                    return
            except AgentUnreachable:
                continue
            except A2AError:
                return

    async def _to_stop(self, follow: TrackedTask, client: A2AClient, *, streaming: bool) -> None:
        """Attach or poll until the task stops."""
        await self._read_end(follow, client)
        attaches = streaming and client.interface.dialect.snapshot_first
        if attaches and not follow.unanswered:
            await self._attach(follow, client)
            await self._read_end(follow, client)
        await self._poll_to_stop(follow, client)

    async def _read_end(self, follow: TrackedTask, client: A2AClient) -> None:
        """Read a task that has ended in a way that leaves its answer in doubt."""
        if follow.over and not follow.has_result:
            with contextlib.suppress(A2AError):
                await self.poll(follow, client)
            follow.read_once()

    async def _attach(self, follow: TrackedTask, client: A2AClient) -> None:
        """Attach to a running task, again as long as that brings news; else look at it at once.

        A task that has ended since it was last seen cannot be attached to.
        """
        while not (follow.has_result or follow.over):
            if not await self._subscribe(follow, client):
                with contextlib.suppress(A2AError):
                    await self.poll(follow, client)
                return
            if not (follow.has_result or follow.over):
                await anyio.sleep(_jitter(self._first_poll))

    async def _subscribe(self, follow: TrackedTask, client: A2AClient) -> bool:
        """Hear a running task until its stream ends; gives whether it told more than it knew."""
        task, heard = follow.task, 0
        if task is None:
            return False
        try:
            async with client.subscribe(SubscribeToTaskRequest(id=task.id)) as events:
                async for _ in self._hear(follow, events):
                    heard += 1
        except AgentError as error:
            if heard:
                follow.error = error  # why a task failed is said only here (agents-in-the-wild 19)
        except A2AError:
            pass  # a poll finds out (a2a-wire 11.5)
        return heard > 1

    async def _hear(
        self, follow: TrackedTask, events: AsyncIterator[StreamEvent]
    ) -> AsyncIterator[StreamEvent]:
        """Take in what a subscription tells, up to the last word; gives each event.

        What begins with anything but the whole task is left: its pieces may be known already.
        """
        tails: dict[str, tuple[Part, ...]] | None = None
        async for event in events:
            if isinstance(event, Task):
                tails = {a.artifact_id: a.parts for a in event.artifacts}
            elif tails is None and not isinstance(event, Message):
                return
            if not _is_replay(event, tails or {}):
                follow.found_again()
                if await self._receive(follow, event):
                    return
            yield event

    async def _poll_to_stop(self, follow: TrackedTask, client: A2AClient) -> None:
        delay, polls, failures = self._first_poll, 0, 0
        while not (follow.has_result or (polls >= REFUSED_POLLS and follow.unanswered)):
            await anyio.sleep(_jitter(delay))
            delay = min(delay * POLL_GROWTH, LONGEST_POLL)
            polls += 1
            try:
                await self.poll(follow, client)
            except (TaskNotFound, AuthenticationRequired):
                raise
            except A2AError as error:  # anything else may pass: reads are repeated (DESIGN 6)
                follow.lost = error
                failures += 1
                if failures >= POLL_FAILURES:
                    raise


def _refuse_silence(follow: TrackedTask) -> None:
    if follow.task is None and follow.message is None:
        raise InvalidAgentResponse(
            "the agent ended its answer before it named a task", delivery=Delivery.UNKNOWN
        )


def _is_replay(event: StreamEvent, tails: dict[str, tuple[Part, ...]]) -> bool:
    """Whether a piece was in the whole task already; `tails` is what else may be told again."""
    if not isinstance(event, TaskArtifactUpdateEvent) or not event.append:
        return False
    artifact = event.artifact
    rest = after_replay(tails.pop(artifact.artifact_id, ()), artifact.parts)
    if rest:
        tails[artifact.artifact_id] = rest
    return rest is not None


async def _streams(connection: Connection) -> bool:
    return bool((await connection.card()).card.capabilities.streaming)


def _jitter(seconds: float) -> float:
    return seconds * random.uniform(0.8, 1.2)  # noqa: S311 - no secret


def leaves_doubt(error: AgentError) -> bool:
    """Whether a failure may mean a version that is not spoken: FastA2A's 500 for any such call."""
    return error.code is None and error.status is not None and error.status >= SERVER_FAULT
