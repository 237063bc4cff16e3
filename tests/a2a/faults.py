"""A small HTTP server that answers with scripted bytes, right or wrong, and keeps what it got.

    async with serving(lambda request: ok({"id": "t"})) as server:
        ...  # call server.url, then look at server.requests

A route gives for each request either bytes, after which the connection stays open, or a script
that plays on the connection and then closes it. Everything is over after `SECONDS`.
"""

import json
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
from anyio.abc import SocketAttribute, SocketStream
from anyio.streams.buffered import BufferedByteReceiveStream

from a2a_mcp.a2a.http.limits import HttpLimits
from a2a_mcp.a2a.http.transport import Transport, open_transport

SECONDS = 30
USER_AGENT = "a2a-test/1.0"
HEAD_LIMIT = 1024 * 1024
GONE = (anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream)
JSON = "application/json"
EVENTS = "text/event-stream"


@dataclass(frozen=True)
class Request:
    verb: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Peer:
    """The caller's end of one connection, for a script."""

    stream: SocketStream
    request: Request

    async def send(self, data: bytes) -> None:
        await self.stream.send(data)

    async def drip(self, data: bytes, seconds: float = 0.02) -> None:
        """Send the bytes again and again, one at a time, until the caller is gone."""
        while True:
            for value in data:
                await self.send(bytes([value]))
                await anyio.sleep(seconds)

    async def flood(self, data: bytes) -> None:
        """Send the bytes again and again, as fast as the caller takes them."""
        while True:
            await self.send(data)

    async def wait(self) -> None:
        """Say nothing until the caller is gone."""
        while True:
            await self.stream.receive()

    def reset(self) -> None:
        """Close with a reset instead of an orderly end."""
        raw = self.stream.extra(SocketAttribute.raw_socket)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


Script = Callable[[Peer], Awaitable[None]]
Route = Callable[[Request], bytes | Script]


@dataclass
class Server:
    route: Route
    port: int
    greeting: bytes = b""
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    gone: anyio.Event = field(default_factory=anyio.Event)
    """Set when a caller has closed a connection on a script that was not at its end."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def handle(self, stream: SocketStream) -> None:
        self.connections += 1
        reader = BufferedByteReceiveStream(stream)
        async with stream:
            try:
                await stream.send(self.greeting)
                while await self._answer(stream, reader):
                    pass
            except anyio.IncompleteRead:
                return
            except GONE:
                self.gone.set()

    async def _answer(self, stream: SocketStream, reader: BufferedByteReceiveStream) -> bool:
        request = await read_request(reader)
        self.requests.append(request)
        answer = self.route(request)
        if isinstance(answer, bytes):
            await stream.send(answer)
            return True
        await answer(Peer(stream, request))
        return False


async def read_request(reader: BufferedByteReceiveStream) -> Request:
    head = await reader.receive_until(b"\r\n\r\n", HEAD_LIMIT)
    first, *lines = head.decode("latin-1").split("\r\n")
    verb, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    body = await reader.receive_exactly(int(headers.get("content-length", "0")))
    return Request(verb, target, headers, body)


def always(answer: bytes | Script) -> Route:
    """Answer every request alike."""
    return lambda _: answer


def by_path(answers: Mapping[str, bytes | Script]) -> Route:
    """Answer by the request's target; what is not listed is not found."""
    return lambda request: answers.get(
        request.target, ok("Not Found", status=404, kind="text/plain")
    )


def in_turn(*answers: bytes | Script) -> Route:
    """Answer the first request with the first answer, and so on; the last one stays."""
    left = list(answers)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


def head(*lines: str, status: int = 200) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status} Words", *lines, "", ""]).encode("latin-1")


def ok(body: Any = b"", *headers: str, status: int = 200, kind: str = JSON) -> bytes:
    """Make a whole and correct answer; what is not bytes or a text is written as JSON."""
    if isinstance(body, str):
        body = body.encode()
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"Content-Type: {kind}", f"Content-Length: {len(content)}", *headers]
    return head(*lines, status=status) + content


def events(*data: Any) -> bytes:
    """Make a whole stream of events, which ends with its connection."""
    texts = [item if isinstance(item, str) else json.dumps(item) for item in data]
    stream = "".join(f"data: {text}\n\n" for text in texts).encode()
    return ok(stream, kind=EVENTS)


def stream_head(*headers: str) -> bytes:
    """Begin a stream that ends with its connection."""
    return head(f"Content-Type: {EVENTS}", "Connection: close", *headers)


@asynccontextmanager
async def serving(route: Route, greeting: bytes = b"") -> AsyncIterator[Server]:
    """Serve until the block ends; `greeting` is sent to everybody who connects."""
    with anyio.fail_after(SECONDS):
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
        async with listener, anyio.create_task_group() as tasks:
            server = Server(route, listener.extra(SocketAttribute.local_port), greeting)
            tasks.start_soon(listener.serve, server.handle)
            yield server
            tasks.cancel_scope.cancel()


@contextmanager
def unread() -> Iterator[tuple[socket.socket, str]]:
    """Listen at a port where nothing is read; yields the listener, to be accepted at, and a URL.

    A stream of asyncio would read on by itself.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener, f"http://127.0.0.1:{listener.getsockname()[1]}/"


@asynccontextmanager
async def transport(**limits: Any) -> AsyncIterator[Transport]:
    bounds = HttpLimits(**limits)
    opened = open_transport(bounds, user_agent=USER_AGENT, verify=False)
    try:
        yield opened
    finally:
        await opened.aclose()


def closed_port() -> int:
    """Return a port at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])
