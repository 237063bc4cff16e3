"""A message reaches an agent at most once (DESIGN 6).

A send is repeated only when it is certain that the agent's code has not seen it: no byte left, the
refusal proves it, or 429 with a Retry-After that is short. It is then the same message with the
same id, at most twice more, or the same message in the next interface of the card. Everything else
is raised: finding out is the follower's business, never sending again.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
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
from a2a_mcp.a2a.model import SendMessageRequest, StreamEvent

RETRY_SECONDS: Final = (0.2, 0.8)
LONGEST_RETRY_AFTER: Final = 10.0

Receive = Callable[[StreamEvent], Awaitable[bool]]
"""Takes an event; answers whether it was the agent's last word."""


class Sender:
    """Delivers one message; `trying` is told over what, `heard` tells that something came.

    `context_id` names a new conversation where the agent leaves that to its clients; `named` tells
    that the message has gone out with it.
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

    async def deliver(self, clients: list[A2AClient], *, streaming: bool) -> A2AClient:
        """Send over the first of `clients` that takes the message; give the one that did.

        Where nobody can be reached, what else is there is not tried. It takes as long as the agent
        takes: the caller bounds it. Raises A2AError.
        """
        refusal: A2AError | None = None
        places = [client.origin for client in clients]
        closed: set[Origin] = set()
        for client, place in zip(clients, places, strict=True):
            if place in closed:
                continue
            self._trying(client)
            pauses = () if closed.union(places) - closed - {place} else RETRY_SECONDS
            try:
                await self._over(client, pauses, streaming=streaming)
            except A2AError as error:
                if self.heard or not _tries_next(error):
                    raise
                if isinstance(error, AgentUnreachable):
                    closed.add(place)
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
        """Stream where the agent streams; where that cannot be, ask without waiting.

        A message to a task goes without a stream where the task can be attached to afterwards:
        a2a-js 1.x carries it out but drops its answer, unless the agent tells the whole task anew,
        which the SDK's own examples do not.
        """
        continues = self._request.message.task_id and client.interface.dialect.snapshot_first
        if streaming and not continues:
            try:
                await self._stream(client)
            except (MethodNotFound, TooManyStreams, UnsupportedOperation) as error:
                if self.heard or error.delivery is not Delivery.NEVER:
                    raise
            else:
                return
        request = self._worded(client).model_copy(update={"return_immediately": True})
        answer = await client.send(request, seconds=math.inf)
        self.heard = True
        await self._receive(answer)

    def _worded(self, client: A2AClient) -> SendMessageRequest:
        """Give the request as it goes to one interface."""
        message = self._request.message
        self.named = bool(
            self._context_id and not message.context_id and client.interface.takes_contexts
        )
        if not self.named:
            return self._request
        named = message.model_copy(update={"context_id": self._context_id})
        return self._request.model_copy(update={"message": named})

    async def _stream(self, client: A2AClient) -> None:
        async with client.stream(self._worded(client)) as events:
            async for event in events:
                self.heard = True
                if await self._receive(event):
                    # The end of the stream is awaited, so that the connection can be used again;
                    # who keeps it open is ended by the follower's clock (threats T4).
                    async for _ in events:
                        pass
                    return


def _tries_next(error: A2AError) -> bool:
    """Whether the next interface may be tried: it is certain that this one took nothing."""
    if isinstance(error, AgentError):
        return error.tries_next
    return isinstance(error, AgentUnreachable) and error.delivery is Delivery.NEVER


def pause_before_retry(error: A2AError, pause: float | None) -> float | None:
    """Seconds to wait before the same send may be repeated; None when it may not be."""
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
