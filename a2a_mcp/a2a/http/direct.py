"""One connection straight to an agent, on the event loop itself, with HTTP/1.1 by h11.

A transport of httpx, so that all above it speaks httpx: its requests, responses and errors. What
httpx has for this takes a lock, a trace and a cancel scope for each read, and costs twice as much.
It sends a request once: nothing is repeated here.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from ssl import SSLContext

import anyio.lowlevel
import h11
import httpx

from a2a_mcp.a2a.http.dialing import open_wire
from a2a_mcp.a2a.http.exchanges import Exchanges
from a2a_mcp.a2a.http.limits import KEEP_SECONDS
from a2a_mcp.a2a.http.origins import PORTS

Place = tuple[str, bytes, int, str]
"""Scheme, host, port and the name that is asked for with TLS: what a connection leads to."""


class DirectConnection(httpx.AsyncBaseTransport):
    """One connection at a time, for one call at a time; `trusts` says whom it trusts with TLS."""

    def __init__(self, trusts: SSLContext) -> None:
        trusts.set_alpn_protocols(["http/1.1"])
        self._trusts = trusts
        self._exchanges: Exchanges | None = None
        self._place: Place | None = None
        self._used = 0.0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return its response, to be closed; raises the errors of httpx."""
        head = _head(request)
        times = request.extensions.get("timeout", {})
        exchanges = await self._opened(_place(request), times.get("connect"))
        await anyio.lowlevel.checkpoint_if_cancelled()
        response = None
        try:
            response = await exchanges.ask(head, request.content, times)
        finally:
            if response is None:
                exchanges.close()
        headers = response.headers.raw_items()
        body = _Body(self, exchanges, times.get("read"))
        return httpx.Response(response.status_code, headers=headers, stream=body)

    async def _opened(self, place: Place, seconds: float | None) -> Exchanges:
        if self._exchanges and place == self._place and self._is_fresh(self._exchanges):
            return self._exchanges
        self._close()
        scheme, host, port, name = place
        trusts = self._trusts if scheme == "https" else None
        self._exchanges = Exchanges(await open_wire(host, port, trusts, name, seconds))
        self._place = place
        return self._exchanges

    def _is_fresh(self, exchanges: Exchanges) -> bool:
        return time.monotonic() - self._used < KEEP_SECONDS and exchanges.is_silent()

    def touch(self) -> None:
        """Count the time that the connection is kept from now."""
        self._used = time.monotonic()

    async def aclose(self) -> None:
        """Close the connection, also one in use; a later call opens another."""
        self._close()

    def _close(self) -> None:
        if self._exchanges:
            self._exchanges.close()
            self._exchanges = None


class _Body(httpx.AsyncByteStream):
    """The body of one response, once through; what is read by then decides about the connection."""

    def __init__(
        self, connection: DirectConnection, exchanges: Exchanges, seconds: float | None
    ) -> None:
        self._connection = connection
        self._exchanges = exchanges
        self._seconds = seconds
        self._is_closed = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        piece = b"" if self._is_closed else await self._exchanges.piece(self._seconds)
        if not piece:
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._exchanges.end()
            self._connection.touch()


def _head(request: httpx.Request) -> h11.Request:
    try:
        return h11.Request(
            method=request.method, target=request.url.raw_path, headers=request.headers.raw
        )
    except h11.LocalProtocolError as error:
        raise httpx.LocalProtocolError(str(error)) from error


def _place(request: httpx.Request) -> Place:
    """Return what a request's URL leads to; raises httpx.UnsupportedProtocol."""
    url = request.url
    if url.scheme not in PORTS:
        raise httpx.UnsupportedProtocol("the URL is none of http or https")
    host = url.raw_host
    name = request.extensions.get("sni_hostname") or host.decode("ascii")
    return url.scheme, host, url.port or PORTS[url.scheme], name
