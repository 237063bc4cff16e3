"""A message reaches an agent at most once.

It is sent again only when the agent's code has certainly not seen it: no byte left, the refusal
proves it, or the reply was 429 with a short Retry-After. Then the same message with the same id is
sent, at most twice more, or over the next interface of the card. Every other error is raised, and
the task is looked up instead.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import anyio

from a2a_mcp.a2a.client import A2AClient
from a2a_mcp.a2a.errors import (
    TOO_MANY_REQUESTS,
    A2AError,
    AgentError,
    AgentUnreachable,
    Delivery,
    MethodNotFound,
    TooManyStreams,
    UnsupportedOperation,
)
from a2a_mcp.a2a.http.origins import Origin
from a2a_mcp.a2a.model import StreamEvent
from a2a_mcp.a2a.requests import SendMessageRequest

RETRY_SECONDS: Final = (0.2, 0.8)
LONGEST_RETRY_AFTER: Final = 10.0

Receive = Callable[[Sequence[StreamEvent]], Awaitable[bool]]
"""Takes the events of one read; returns whether they end with the agent's last word."""


class Sender:
    """Delivers one message; `trying` is called with each client before it is used.

    `context_id` names a new conversation when the agent leaves that to its clients. Afterwards
    `heard` says whether anything came, `named` whether the message was sent with that name, and
    `streamed` whether the answer was a stream, which the agent has ended in order.
    """

    def __init__(
        self,
        request: SendMessageRequest,
        trying: Callable[[A2AClient], None],
        receive: Receive,
        *,
        context_id: str | None = None,
    ) -> None:
        self._request = request
        self._context_id = context_id
        self._trying = trying
        self._receive = receive
        self.heard = False
        self.named = False
        self.streamed = False

    async def deliver(self, clients: list[A2AClient], *, streaming: bool) -> A2AClient:
        """Send over the first of `clients` that takes the message, and return it.

        Further interfaces of an origin that cannot be reached are not tried. There is no timeout
        here: the caller sets one. Raises A2AError.
        """
        refusal: A2AError | None = None
        unreachable: set[Origin] = set()
        for client in clients:
            if client.origin in unreachable:
                continue
            self._trying(client)
            others = {other.origin for other in clients} - unreachable - {client.origin}
            pauses = () if others else RETRY_SECONDS
            try:
                await self._over(client, pauses, streaming=streaming)
            except A2AError as error:
                if self.heard or not _tries_next(error):
                    raise
                if isinstance(error, AgentUnreachable):
                    unreachable.add(client.origin)
                refusal = refusal or error
            else:
                return client
        raise refusal or AgentUnreachable("there is no interface to call", delivery=Delivery.NEVER)

    async def _over(self, client: A2AClient, pauses: tuple[float, ...], *, streaming: bool) -> None:
        for pause in (*pauses, None):
            try:
                await self._in_form(client, streaming=streaming)
            except A2AError as error:
                wait = pause_before_retry(error, pause)
                if self.heard or wait is None:
                    raise
                await anyio.sleep(wait)
            else:
                return

    async def _in_form(self, client: A2AClient, *, streaming: bool) -> None:
        """Stream when the agent streams; otherwise ask it to reply at once.

        A message to a task is sent without a stream when the task can be subscribed to afterwards:
        a2a-js 1.x carries it out but drops the stream of its answer, unless the agent sends the
        whole task again, which the SDK's own examples do not.
        """
        continues = self._request.message.task_id and client.interface.dialect.snapshot_first
        if streaming and not continues:
            try:
                await self._stream(client)
            except (MethodNotFound, TooManyStreams, UnsupportedOperation) as error:
                if self.heard or error.delivery is not Delivery.NEVER:
                    raise
            else:
                self.streamed = True
                return
        request = self._worded(client).model_copy(update={"return_immediately": True})
        answer = await client.send(request, seconds=math.inf)
        self.heard = True
        await self._receive((answer,))

    def _worded(self, client: A2AClient) -> SendMessageRequest:
        """Return the request as it is sent over one interface."""
        message = self._request.message
        self.named = bool(
            self._context_id and not message.context_id and client.interface.takes_contexts
        )
        if not self.named:
            return self._request
        named = message.model_copy(update={"context_id": self._context_id})
        return self._request.model_copy(update={"message": named})

    async def _stream(self, client: A2AClient) -> None:
        async with client.stream(self._worded(client)) as stream:
            async for events in stream:
                self.heard = True
                if await self._receive(events):
                    # The stream is read to its end so that the connection can be used again. One
                    # that stays open is closed by the tracker's clock.
                    async for _ in stream:
                        pass
                    return


def _tries_next(error: A2AError) -> bool:
    """Return whether the next interface may be tried: this one has certainly taken nothing."""
    if isinstance(error, AgentError):
        return error.tries_next
    return isinstance(error, AgentUnreachable) and error.delivery is Delivery.NEVER


def pause_before_retry(error: A2AError, pause: float | None) -> float | None:
    """Return the seconds to wait before the same send may be repeated; None when it may not be."""
    if pause is None or error.delivery is not Delivery.NEVER:
        return None
    if isinstance(error, AgentUnreachable):
        return pause
    if (
        isinstance(error, AgentError)
        and error.status == TOO_MANY_REQUESTS
        and error.retry_after is not None
    ):
        return error.retry_after if error.retry_after <= LONGEST_RETRY_AFTER else None
    return None
