"""One message or task followed to its next stop: delivered, attached to again, else polled.

The original stream comes first. A running task is attached to again only where a subscription
begins with the whole task (A2A 1.0, section 3.1.6); elsewhere it loses what it missed, or makes the
agent store it twice, so there the task is polled. A message is never sent twice, and nothing is
kept here: what comes goes to the tracked task.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import anyio

from a2a_mcp.a2a.errors import (
    A2AError,
    AgentError,
    AgentUnreachable,
    Delivery,
    InvalidAgentResponse,
    InvalidRequest,
    TaskNotFound,
)
from a2a_mcp.a2a.model import Message, Task
from a2a_mcp.a2a.requests import GetTaskRequest, SendMessageRequest, SubscribeToTaskRequest
from a2a_mcp.tracking.happenings import Broken, Faulted, Heard, HungUp, Refused
from a2a_mcp.tracking.paced import PacedStream, Turns
from a2a_mcp.tracking.pauses import jittered
from a2a_mcp.tracking.polling import POLL_HISTORY, Receive, TaskPoller
from a2a_mcp.tracking.tracked_task import TrackedTask

if TYPE_CHECKING:
    from a2a_mcp.a2a.client import A2AClient
    from a2a_mcp.a2a.event_streams import EventStream
    from a2a_mcp.agents.connection import Connection
    from a2a_mcp.store.base import TaskRecord
    from a2a_mcp.tracking.delivery import Sender

SERVER_FAULT: Final = 500
LOOK_SECONDS: Final = 10.0


class TaskStreamer:
    """Brings tracked tasks to their stops; `receive` takes what came before more is read."""

    def __init__(self, receive: Receive, poller: TaskPoller) -> None:
        self._receive = receive
        self._poller = poller
        self._turns = Turns()

    async def deliver(
        self,
        tracked: TrackedTask,
        connection: Connection,
        request: SendMessageRequest,
        *,
        follows: bool = True,
        looks_first: bool = False,
    ) -> None:
        """Send a message and follow its task to a stop; raises A2AError and BridgeError.

        A task that it does not follow is only named: its message goes without a stream. With
        `looks_first` the task that the message is sent to is read before.
        """
        streaming = await _streams(connection) and follows
        connection.refuse_unmet()
        if looks_first and tracked.continued:
            await _look_before(tracked, connection, tracked.continued)
        sender = self._sender(tracked, request)
        try:
            client = await self._send(connection, sender, tracked.record, streaming=streaming)
            _refuse_silence(tracked)
            if sender.streamed or tracked.task is None:
                tracked.happened(HungUp())
        except A2AError as error:
            if sender.named and isinstance(error, InvalidRequest | TaskNotFound):
                connection.names_contexts = True
            client = await self._after_error(tracked, error)
        await self._poller.read_named(tracked, client)
        if follows:
            await self._to_stop(tracked, client, connection, streaming=streaming)

    async def resume(self, tracked: TrackedTask, connection: Connection) -> None:
        """Follow a task that runs already to a stop; raises A2AError and BridgeError."""
        client = await connection.client(tracked.record.interface)
        tracked.reached_over(client)
        streaming = await _streams(connection)
        await self._to_stop(tracked, client, connection, streaming=streaming)

    def _sender(self, tracked: TrackedTask, request: SendMessageRequest) -> Sender:
        from a2a_mcp.tracking.delivery import Sender  # brings in httpx

        stream = PacedStream(tracked, self._receive, self._turns)
        return Sender(
            request,
            tracked.reached_over,
            lambda events: stream.take_in([Heard(event) for event in events]),
            context_id=tracked.record.context_id,
        )

    async def _after_error(self, tracked: TrackedTask, error: A2AError) -> A2AClient:
        """Return the client of a task that is known although its delivery failed; raises `error`.

        The task is looked up; the message is never sent again.
        """
        if tracked.task_id is None and error.delivery is Delivery.UNKNOWN:
            await self._poller.find(tracked, error)
        if tracked.task_id is None or tracked.client is None:
            raise error
        broken = isinstance(error, AgentUnreachable)
        tracked.happened(Broken(error) if broken else Refused(error))
        return tracked.client

    async def _send(
        self, connection: Connection, sender: Sender, record: TaskRecord, *, streaming: bool
    ) -> A2AClient:
        """Deliver over a known interface, else over one of a fresh card; return the client used."""
        clients = await connection.clients(record.interface)
        try:
            client = await sender.deliver(clients, streaming=streaming)
        except AgentError as error:
            if not sender.heard and leaves_doubt(error):
                await _find_out(connection, clients)
            if sender.heard or not error.tries_next:
                raise
            tried = {client.interface for client in clients}
            fresh = await connection.clients(record.interface, refresh=True)
            fresh = [client for client in fresh if client.interface not in tried]
            if not fresh:
                raise
            client = await sender.deliver(fresh, streaming=streaming)
        if client is not clients[0]:
            await connection.learn(client.interface)
        return client

    async def _to_stop(
        self,
        tracked: TrackedTask,
        client: A2AClient,
        connection: Connection,
        *,
        streaming: bool,
    ) -> None:
        """Attach or poll until the task stops."""
        await self._poller.read_named(tracked, client)
        await self._poller.read_end(tracked, client)
        attaches = streaming and client.interface.dialect.snapshot_first
        if attaches and not tracked.unanswered:
            await self._attach(tracked, client)
            await self._poller.read_end(tracked, client)
        await self._poller.to_stop(tracked, client, connection)

    async def _attach(self, tracked: TrackedTask, client: A2AClient) -> None:
        """Attach to a running task, again as long as that brings news; then read it once.

        A task that has ended since it was last seen cannot be attached to.
        """
        while not (tracked.has_result or tracked.over):
            if not await self._subscribe(tracked, client):
                with contextlib.suppress(A2AError):
                    await self._poller.read(tracked, client)
                return
            if not (tracked.has_result or tracked.over):
                await anyio.sleep(jittered(self._poller.policy.first_delay))

    async def _subscribe(self, tracked: TrackedTask, client: A2AClient) -> bool:
        """Hear a task until its stream ends; return whether it told more than the whole task."""
        task, heard = tracked.task, 0
        if task is None:
            return False
        try:
            async with client.subscribe(SubscribeToTaskRequest(id=task.id)) as stream:
                async for more in self._hear(tracked, stream):
                    heard += more
        except AgentError as error:
            if heard:
                tracked.happened(Faulted(error))
        except A2AError:
            pass  # a read finds out
        return heard > 1

    async def _hear(self, tracked: TrackedTask, stream: EventStream) -> AsyncIterator[int]:
        """Take in a subscription up to the agent's last word; yield how many events came before it.

        A stream that begins with anything but the whole task is left: its pieces may be known.
        """
        begun, paced = False, PacedStream(tracked, self._receive, self._turns)
        async for events in stream:
            begun = begun or isinstance(events[0], Task | Message)
            if not begun:
                return
            over = await paced.take_in([Heard(event, late=True) for event in events])
            yield len(events) - over
            if over:
                return


async def _look_before(tracked: TrackedTask, connection: Connection, record: TaskRecord) -> None:
    """Learn what a task asks before it is answered: else its old question passes for a new one.

    A task that cannot be read soon gets its message all the same.
    """
    client = await connection.client(record.interface)
    with contextlib.suppress(A2AError), anyio.move_on_after(LOOK_SECONDS):
        task = await client.get(
            GetTaskRequest(id=record.task_id or "", history_length=POLL_HISTORY)
        )
        tracked.pass_by(task.status)


async def _find_out(connection: Connection, clients: list[A2AClient]) -> None:
    """Learn by a read which interface an agent speaks whose failure left that open.

    The message is not sent again; the next one goes over the right interface.
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


def _refuse_silence(tracked: TrackedTask) -> None:
    if tracked.task_id is None and tracked.message is None:
        raise InvalidAgentResponse(
            "the agent ended its answer before it named a task", delivery=Delivery.UNKNOWN
        )


async def _streams(connection: Connection) -> bool:
    return bool((await connection.card()).card.capabilities.streaming)


def leaves_doubt(error: AgentError) -> bool:
    """Return whether an error may mean an unknown version: FastA2A answers any such call 500."""
    return error.code is None and error.status is not None and error.status >= SERVER_FAULT
