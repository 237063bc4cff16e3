"""Send a request and read a bounded answer: the only module that calls an agent.

Every wait has our own deadline, every body our own limit, counted while reading. It uses httpx
below its client, where there are no redirects, cookies, credentials from files or retries to switch
off. It accepts no content coding, and every error says whether the request may have arrived.
"""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from ssl import SSLContext
from typing import Final

import anyio
import httpx

from a2a_mcp.a2a.auth.static import Attachment
from a2a_mcp.a2a.bindings.base import ACCEPT_ONE, ACCEPT_STREAM, HttpRequest
from a2a_mcp.a2a.errors import InvalidAgentResponse
from a2a_mcp.a2a.http.connections import AgentConnection, AgentConnections
from a2a_mcp.a2a.http.failures import deadline, translated
from a2a_mcp.a2a.http.limits import HttpLimits
from a2a_mcp.a2a.http.origins import plain
from a2a_mcp.a2a.http.responses import (
    DownloadedFile,
    EventStream,
    HttpResponse,
    header,
    media_type,
    read_bytes,
    read_response,
    refuse_coding,
)
from a2a_mcp.a2a.http.slots import StreamSlots
from a2a_mcp.a2a.http.sse import EventDecoder, ServerSentEvent, TooLarge, check

EVENT_STREAM: Final = "text/event-stream"
KEPT_URLS: Final = 64
JSON_ENCODER: Final = json.JSONEncoder(separators=(",", ":"))


class Transport:
    """Speaks HTTP with one agent over its own connections."""

    def __init__(self, pool: AgentConnections, limits: HttpLimits, user_agent: str) -> None:
        self.limits = limits
        self._fixed_headers = {"Accept-Encoding": "identity", "User-Agent": user_agent}
        self._pool = pool
        self._slots = StreamSlots(limits.concurrency)
        self._calls = 0
        self._retired = False
        self._urls: dict[str, httpx.URL] = {}
        self._timeouts = {
            "timeout": {
                "connect": limits.connect_seconds,
                "read": None,  # the deadlines here bound what a time between two reads cannot
                "write": limits.call_seconds,
            }
        }

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
                    return await read_response(response, limit)

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
            if media_type(header(response, b"content-type")) != EVENT_STREAM:
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
        self._calls += 1
        connection = None
        try:
            with translated(outgoing.url):
                request = self._request(outgoing, headers, attachment, accept)
                if address:
                    _dial(request, address)
                connection = await self._pool.take()
                response = await connection.handle_async_request(request)
                response.request = request
            try:
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

    def _request(
        self, outgoing: HttpRequest, headers: Mapping[str, str], attachment: Attachment, accept: str
    ) -> httpx.Request:
        sent = {**self._fixed_headers, "Accept": accept, **headers, **attachment.headers}
        content = None
        if outgoing.body is not None:
            # Also for 1.0 over HTTP+JSON: all servers take it, and not all take a2a+json.
            sent["Content-Type"] = "application/json"
            content = JSON_ENCODER.encode(outgoing.body).encode()
        return httpx.Request(
            outgoing.verb,
            self._url(outgoing, attachment),
            headers=sent,
            content=content,
            extensions=self._timeouts,
        )

    def _url(self, outgoing: HttpRequest, attachment: Attachment) -> httpx.URL:
        """Return the parsed URL; one that is called often, as JSON-RPC's is, is parsed once."""
        query = {**outgoing.query, **attachment.params}
        if query or outgoing.body is None:
            return httpx.URL(outgoing.url).copy_merge_params(query)
        url = self._urls.get(outgoing.url)
        if url is None:
            if len(self._urls) >= KEPT_URLS:
                self._urls.clear()
            url = self._urls[outgoing.url] = httpx.URL(outgoing.url)
        return url

    async def _events(self, response: httpx.Response, url: str) -> AsyncGenerator[ServerSentEvent]:
        decoder = EventDecoder(self.limits.event_bytes)
        received = 0
        with translated(url):
            try:
                async for piece in response.aiter_raw():
                    received += len(piece)
                    check(received, self.limits.stream_bytes)
                    for event in decoder.feed(piece):
                        yield event
            except TooLarge:
                raise InvalidAgentResponse(
                    "a stream or one of its events is larger than its limit",
                    url=plain(url),
                ) from None
        for event in decoder.end():
            yield event


def _dial(request: httpx.Request, address: str) -> None:
    """Send a request to an address; the Host header and the certificate stay the name's."""
    name = request.url.raw_host.decode("ascii")
    request.url = request.url.copy_with(host=address)
    request.extensions = {**request.extensions, "sni_hostname": name}


def open_transport(
    limits: HttpLimits,
    *,
    user_agent: str,
    verify: SSLContext | bool = True,
    proxy: str | None = None,
) -> Transport:
    """Return the transport of one agent; connections are made when they are needed.

    `verify` is as in httpx. Raises ImportError and ValueError for a proxy that cannot be used.
    """
    trusts = httpx.create_ssl_context(verify=verify, trust_env=False)
    connections = AgentConnections(
        lambda: AgentConnection(trusts, proxy), limits.concurrency, limits.connect_seconds
    )
    return Transport(connections, limits, user_agent)
