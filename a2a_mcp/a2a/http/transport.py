"""Send a request and read a bounded answer: the only module that calls an agent.

Every wait has our own deadline, every body our own limit, counted while reading. It uses httpx
below its client, where there are no redirects, cookies, credentials from files or retries to switch
off. It accepts no content coding, and every error says whether the request may have arrived.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import replace
from ssl import SSLContext
from typing import Final

import anyio
import httpx

from a2a_mcp.a2a.auth.static import Attachment
from a2a_mcp.a2a.bindings.base import ACCEPT_ONE, ACCEPT_STREAM, HttpRequest
from a2a_mcp.a2a.errors import InvalidAgentResponse
from a2a_mcp.a2a.http.connections import AgentConnections
from a2a_mcp.a2a.http.direct import DirectConnection
from a2a_mcp.a2a.http.failures import deadline, translated
from a2a_mcp.a2a.http.json_lines import STREAM_TYPES, StreamDecoder
from a2a_mcp.a2a.http.limits import HttpLimits
from a2a_mcp.a2a.http.origins import Origin, origin_of, plain
from a2a_mcp.a2a.http.proxied import ProxiedConnection
from a2a_mcp.a2a.http.redirects import REDIRECTS, new_address, not_followed
from a2a_mcp.a2a.http.requests import RequestBuilder, dial
from a2a_mcp.a2a.http.responses import (
    DownloadedFile,
    EventStream,
    HttpResponse,
    header,
    media_type,
    read_bytes,
    read_response,
    refuse_coding,
    refuse_proxy_answer,
)
from a2a_mcp.a2a.http.slots import StreamSlots
from a2a_mcp.a2a.http.sse import ServerSentEvent, TooLarge, check

KEPT_URLS: Final = 64
FROM_CARD: Final = (
    "this address comes from the agent's card: if it is wrong, set endpoint for this agent"
)


class Transport:
    """Speaks HTTP with one agent over its own connections.

    `configured` holds the origins of the configuration; any other is known from a card only.
    """

    def __init__(
        self,
        pool: AgentConnections,
        limits: HttpLimits,
        user_agent: str,
        configured: frozenset[Origin] = frozenset(),
    ) -> None:
        self.limits = limits
        self.moved: dict[str, str] = {}
        """Addresses that redirected a call, and where they led."""
        self._configured = configured
        self._requests = RequestBuilder(limits, user_agent)
        self._pool = pool
        self._slots = StreamSlots(limits.concurrency)
        self._calls = 0
        self._retired = False

    async def aclose(self) -> None:
        """Close the pool's connections."""
        await self._pool.aclose()

    async def retire(self) -> None:
        """Close the connections when no call uses them; a later call closes its own at its end."""
        self._retired = True
        if not self._calls:
            await self._pool.aclose()

    async def fetch(
        self,
        outgoing: HttpRequest,
        headers: Mapping[str, str],
        attachment: Attachment,
        *,
        seconds: float | None = None,
        body_bytes: int | None = None,
    ) -> HttpResponse:
        """Send and read the whole answer within `seconds` and `body_bytes`.

        Infinite `seconds` leave the time to the caller, and hold a slot for long calls.

        Raises AgentUnreachable and InvalidAgentResponse.
        """
        limit = body_bytes or self.limits.body_bytes
        is_long = seconds == math.inf
        async with self._slot(outgoing) if is_long else contextlib.nullcontext():
            with deadline(seconds or self.limits.call_seconds, outgoing.url):
                async with self._open(outgoing, headers, attachment, ACCEPT_ONE) as response:
                    return await read_response(response, limit, keeps_bytes=body_bytes is not None)

    def _slot(self, outgoing: HttpRequest) -> contextlib.AbstractAsyncContextManager[None]:
        return self._slots.held(plain(outgoing.url), self.limits.connect_seconds)

    async def file(
        self, url: str, attachment: Attachment, *, address: str | None = None
    ) -> DownloadedFile:
        """Read a whole file of any type; `address` is dialled in place of the URL's host.

        Raises AgentUnreachable and InvalidAgentResponse.
        """
        with deadline(self.limits.call_seconds, url):
            outgoing = HttpRequest("GET", url)
            async with self._open(outgoing, {}, attachment, "*/*", address) as response:
                data = await read_bytes(response, self.limits.body_bytes)
                kind = media_type(header(response, b"content-type"))
                return DownloadedFile(response.status_code, kind, data)

    @contextlib.asynccontextmanager
    async def stream(
        self, outgoing: HttpRequest, headers: Mapping[str, str], attachment: Attachment
    ) -> AsyncIterator[HttpResponse | EventStream]:
        """Send and yield the events, or the whole answer where the agent sends no stream.

        The caller decides how long to wait for an event. Raises as `fetch` does, and
        TooManyStreams.
        """
        self._slots.refuse_stream(plain(outgoing.url))
        async with (
            self._slot(outgoing),
            self._open(outgoing, headers, attachment, ACCEPT_STREAM) as response,
        ):
            if media_type(header(response, b"content-type")) not in STREAM_TYPES:
                with deadline(self.limits.call_seconds, outgoing.url):
                    answer = await read_response(response, self.limits.body_bytes)
                yield answer
                return
            async with contextlib.aclosing(self._events(response, outgoing.url)) as events:
                yield EventStream(events)

    @contextlib.asynccontextmanager
    async def _open(
        self,
        outgoing: HttpRequest,
        headers: Mapping[str, str],
        attachment: Attachment,
        accept: str,
        address: str | None = None,
    ) -> AsyncIterator[httpx.Response]:
        """Send a request and yield its response; a POST is redirected once within its origin."""
        moved = self.moved.get(outgoing.url)
        first = replace(outgoing, url=moved) if moved else outgoing
        async with self._exchange(first, headers, attachment, accept, address) as response:
            target = _redirected(first, attachment, response)
            if target is None:
                yield response
                return
        again = replace(outgoing, url=target)
        async with self._exchange(again, headers, attachment, accept) as response:
            further = _redirected(again, attachment, response)
            if further:
                raise not_followed(target, response.status_code, further)
            self._remember_move(outgoing.url, target)
            yield response

    def _remember_move(self, url: str, target: str) -> None:
        if len(self.moved) >= KEPT_URLS:
            self.moved.clear()
        self.moved[url] = target

    def _advice(self, outgoing: HttpRequest) -> str:
        """Return what else may be wrong where nothing could be sent to an address of a card."""
        if outgoing.verb != "POST" or not self._configured:
            return ""
        return "" if origin_of(outgoing.url) in self._configured else FROM_CARD

    @contextlib.asynccontextmanager
    async def _exchange(
        self,
        outgoing: HttpRequest,
        headers: Mapping[str, str],
        attachment: Attachment,
        accept: str,
        address: str | None = None,
    ) -> AsyncIterator[httpx.Response]:
        self._calls += 1
        connection = None
        try:
            with translated(outgoing.url, advise=lambda: self._advice(outgoing)):
                request = self._requests.build(outgoing, {"Accept": accept, **headers}, attachment)
                if address:
                    dial(request, address)
                connection = await self._pool.take()
                response = await connection.handle_async_request(request)
                response.request = request
            try:
                refuse_proxy_answer(response)
                refuse_coding(response)
                yield response
            finally:
                if not response.is_closed:
                    with anyio.CancelScope(shield=True):
                        await response.aclose()
        finally:
            self._calls -= 1
            if connection:
                await self._pool.give_back(connection)
            if self._retired and not self._calls:
                with anyio.CancelScope(shield=True):
                    await self._pool.aclose()

    async def _events(
        self, response: httpx.Response, url: str
    ) -> AsyncGenerator[list[ServerSentEvent]]:
        """Yield the events that each read completes."""
        decoder = StreamDecoder(self.limits.event_bytes)
        received = 0
        with translated(url):
            try:
                async for piece in response.aiter_raw():
                    received += len(piece)
                    check(received, self.limits.stream_bytes)
                    if events := decoder.feed(piece):
                        yield events
            except TooLarge:
                raise InvalidAgentResponse(
                    "a stream or one of its events is larger than its limit",
                    url=plain(url),
                ) from None
        if events := decoder.end():
            yield events


def _redirected(
    outgoing: HttpRequest, attachment: Attachment, response: httpx.Response
) -> str | None:
    """Return where a POST is to be repeated, without the query that is added to each request.

    Raises UrlRefused for a redirect that is not followed.
    """
    if outgoing.verb != "POST" or response.status_code not in REDIRECTS:
        return None
    location = header(response, b"location")
    if not location:
        return None
    target = httpx.URL(new_address(outgoing.url, response.status_code, location))
    for name in {**outgoing.query, **attachment.params}:
        target = target.copy_remove_param(name)
    return str(target)


def open_transport(
    limits: HttpLimits,
    *,
    user_agent: str,
    verify: SSLContext | bool = True,
    proxy: str | None = None,
    configured: Sequence[str] = (),
) -> Transport:
    """Return the transport of one agent; connections are made when they are needed.

    `verify` is as in httpx; `configured` are the URLs of the configuration.

    Raises ImportError and ValueError for a proxy that cannot be used.
    """
    trusts = httpx.create_ssl_context(verify=verify, trust_env=False)

    def connection() -> httpx.AsyncBaseTransport:
        return ProxiedConnection(trusts, proxy) if proxy else DirectConnection(trusts)

    connections = AgentConnections(connection, limits.concurrency, limits.connect_seconds)
    return Transport(connections, limits, user_agent, frozenset(map(origin_of, configured)))
