"""The address on this machine to which the browser comes back (RFC 8252, 7.3).

It takes one request that belongs to the sign-in; any other is answered 400 and changes nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import anyio
from anyio.abc import Listener, SocketAttribute, SocketStream

from a2a_mcp.a2a.auth.oauth.authorization_code import Expected

PATH: Final = "/callback"
HEAD_SECONDS: Final = 5.0
MOST_BYTES: Final = 16 * 1024
DONE: Final = b"You are signed in, or have declined. You may close this page.\n"
REFUSED: Final = b"This is not the answer that is waited for.\n"
GONE: Final = (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError)

Query = Mapping[str, str]


class Loopback:
    """Waits for the redirect that belongs to the sign-in; before `lead` there is none."""

    def __init__(self, listener: Listener[SocketStream]) -> None:
        port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - not Django's
        self.redirect_uri = f"http://127.0.0.1:{port}{PATH}"
        self._expected: Expected | None = None
        self._listener = listener
        self._query: Query = {}
        self._came = anyio.Event()

    async def lead(self, url: str, expected: Expected) -> str:
        """Return what the person opens; `expected` is the redirect that belongs to the sign-in."""
        self._expected = expected
        return url

    async def query(self) -> Query:
        """Return what the browser brings; until this is called, its request waits."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._listener.serve, self._serve)
            await self._came.wait()
            group.cancel_scope.cancel()
        return self._query

    def _accepts(self, query: Query) -> bool:
        return self._expected is not None and self._expected.accepts(query)

    async def _serve(self, stream: SocketStream) -> None:
        """Answer one connection of a browser."""
        with suppress(*GONE, TimeoutError):
            async with stream:
                with anyio.fail_after(HEAD_SECONDS):
                    query = _query_of(await _target(stream))
                    if query is None or self._query or not self._accepts(query):
                        await stream.send(_answer(400, REFUSED))
                        return
                    self._query = query
                    await stream.send(_answer(200, DONE))
        if self._query:
            self._came.set()


@asynccontextmanager
async def open_loopback(port: int = 0) -> AsyncIterator[Loopback]:
    """Listen on this machine only, at a free port if none is given; raises OSError."""
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=port)
    async with listener:
        yield Loopback(listener)


def _query_of(target: str) -> Query | None:
    """Return the parameters of a target; None for another path."""
    parts = urlsplit(target)
    return dict(parse_qsl(parts.query)) if parts.path == PATH else None


async def _target(stream: SocketStream) -> str:
    """Return the target of a GET request; an empty text for anything else."""
    head = b""
    while b"\r\n\r\n" not in head and len(head) < MOST_BYTES:
        head += await stream.receive()
    verb, _, rest = head.decode("latin-1").partition(" ")
    return rest.partition(" ")[0] if verb == "GET" else ""


def _answer(status: int, body: bytes) -> bytes:
    lines = (
        f"HTTP/1.1 {status} {'OK' if status == 200 else 'Bad Request'}",
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        "Referrer-Policy: no-referrer",
        "Connection: close",
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
