"""Call an agent over gRPC, with the face of the transport over HTTP.

Nothing is sent before the connection stands, and nothing is repeated. The end of a wait is not told
to the server: some would end the task's work with it.
"""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from a2a_mcp.a2a.auth.static import Attachment
from a2a_mcp.a2a.bindings.base import HttpRequest
from a2a_mcp.a2a.errors import InvalidAgentResponse
from a2a_mcp.a2a.grpc.call import Call, prepared
from a2a_mcp.a2a.grpc.channel import Channel, scoped
from a2a_mcp.a2a.grpc.library import grpc
from a2a_mcp.a2a.grpc.pool import Pool
from a2a_mcp.a2a.grpc.schema_0_3 import V0_3
from a2a_mcp.a2a.grpc.schema_1_0 import V1_0
from a2a_mcp.a2a.grpc.statuses import refuses_operation
from a2a_mcp.a2a.http.failures import deadline
from a2a_mcp.a2a.http.limits import HttpLimits
from a2a_mcp.a2a.http.responses import EventStream, HttpResponse, without_headers
from a2a_mcp.a2a.http.slots import StreamSlots
from a2a_mcp.a2a.http.sse import ServerSentEvent
from a2a_mcp.a2a.model import JSON

SCHEMAS: Final = {f"{schema.package}.A2AService": schema for schema in (V1_0, V0_3)}


class GrpcTransport:
    """Calls the methods of one server, of every version that it speaks."""

    def __init__(self, channel: Channel, limits: HttpLimits) -> None:
        self._limits = limits
        self._channel = channel
        self._slots = StreamSlots(limits.concurrency)
        self._pools: dict[str, Pool] = {}

    async def aclose(self) -> None:
        """Close the connection."""
        await self._channel.aclose()

    async def retire(self) -> None:
        """Close the connection when no call uses it; a later call closes its own at its end."""
        await self._channel.retire()

    async def fetch(
        self,
        outgoing: HttpRequest,
        headers: Mapping[str, str],
        attachment: Attachment,
        *,
        seconds: float | None = None,
        body_bytes: int | None = None,
    ) -> HttpResponse:
        """Call a method and return its answer as JSON; the arguments are those over HTTP.

        Raises AgentUnreachable, InvalidAgentResponse, and InvalidRequest for what cannot be sent.
        """
        call = self._prepared(outgoing, headers, attachment)
        limit = body_bytes or self._limits.body_bytes
        is_long = seconds == math.inf
        async with (
            self._slot() if is_long else contextlib.nullcontext(),
            self._channel.held() as made,
        ):
            with deadline(seconds or self._limits.call_seconds, call.url):
                try:
                    sent = made.unary_unary(call.path)(call.message, metadata=call.metadata)
                    return without_headers(200, call.read(await scoped(sent), limit))
                except grpc.aio.AioRpcError as error:
                    return call.refused(error, limit)

    @contextlib.asynccontextmanager
    async def stream(
        self, outgoing: HttpRequest, headers: Mapping[str, str], attachment: Attachment
    ) -> AsyncIterator[HttpResponse | EventStream]:
        """Call a method and yield its messages as events, or its refusal as an answer.

        The caller decides how long to wait for an event. Raises as `fetch` does, and
        TooManyStreams.
        """
        self._slots.refuse_stream(self._channel.url)
        call = self._prepared(outgoing, headers, attachment)
        async with self._slot(), self._channel.held() as made:
            answer = made.unary_stream(call.path)(call.message, metadata=call.metadata)
            try:
                yield await self._begun(call, answer)
            finally:
                answer.cancel()

    async def _begun(self, call: Call, answer: Any) -> HttpResponse | EventStream:
        """Return the stream that a call has begun, or the answer that refuses it.

        The agent's own refusal of the operation stays an event, as it is over HTTP: its work may
        have begun before it said so, and a plain answer would prove that it has not.
        """
        try:
            first = await scoped(answer.read())
        except grpc.aio.AioRpcError as error:
            refusal = call.refused(error, self._limits.event_bytes)
            if refuses_operation(refusal.body):
                return EventStream(_only(refusal.body))
            return refusal
        return EventStream(self._events(call, answer, first))

    async def _events(
        self, call: Call, answer: Any, message: Any
    ) -> AsyncGenerator[list[ServerSentEvent]]:
        received = 0
        while message is not grpc.aio.EOF:
            received += len(message)
            if received > self._limits.stream_bytes:
                raise InvalidAgentResponse("the stream is larger than its limit", url=call.url)
            yield [_event(call.read(message, self._limits.event_bytes))]
            try:
                message = await scoped(answer.read())
            except grpc.aio.AioRpcError as error:
                yield [_event(call.refused(error, self._limits.event_bytes).body)]
                return

    def _prepared(
        self, outgoing: HttpRequest, headers: Mapping[str, str], attachment: Attachment
    ) -> Call:
        path, url = urlsplit(outgoing.url).path, self._channel.url
        return prepared(path, outgoing.body, headers, attachment, pool=self._pool_of(path), url=url)

    def _pool_of(self, path: str) -> Pool:
        service = path.split("/")[1]
        if service not in self._pools:
            self._pools[service] = Pool(SCHEMAS[service])
        return self._pools[service]

    def _slot(self) -> contextlib.AbstractAsyncContextManager[None]:
        return self._slots.held(self._channel.url, self._limits.connect_seconds)


def _event(body: JSON) -> ServerSentEvent:
    return ServerSentEvent("message", json.dumps(body))


async def _only(body: JSON) -> AsyncGenerator[list[ServerSentEvent]]:
    yield [_event(body)]
