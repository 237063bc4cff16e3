"""A faulty network: a proxy before a real agent, which cuts its streams or swallows its answers.

    async with proxied(agent.url) as proxy:
        proxy.fault = cut_after(3)
        ...  # the bridge is configured with proxy.url

What it does not break it passes on, byte for byte but for the agent's own address, so that an
agent's card leads back here. It lives in the test's own event loop.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import anyio
import httpx
from anyio.abc import SocketAttribute, SocketStream
from anyio.streams.buffered import BufferedByteReceiveStream

GONE = (anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream)
SENDS = ("SendMessage", "SendStreamingMessage", "message/send", "message/stream")
STREAMED = "text/event-stream"
HOP = frozenset({"host", "content-length", "connection", "accept-encoding", "transfer-encoding"})
HEAD_LIMIT = 1 << 20
SECONDS = 30


@dataclass(frozen=True)
class Request:
    verb: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Passage:
    """One request on its way, and what the network does to its answer.

    `events` is after how many events its stream is cut; `swallowed` that no byte comes back and
    the connection ends, `held` that it stays open instead.
    """

    request: Request
    events: int | None = None
    swallowed: bool = False
    held: bool = False

    @property
    def attaches(self) -> bool:
        """Return whether it attaches to a running task, over either binding."""
        body = self.request.body
        return self.request.target.endswith(":subscribe") or any(
            name in body for name in (b'"SubscribeToTask"', b'"tasks/resubscribe"')
        )

    @property
    def sends(self) -> bool:
        """Return whether it carries a message, over either binding."""
        path = self.request.target.partition("?")[0]
        if path.endswith(("/message:send", "/message:stream")):
            return True
        body = self.request.body
        return body.startswith(b"{") and json.loads(body).get("method") in SENDS


Fault = Callable[[Passage], None]
"""Decides what happens to one passage."""


def nothing(_: Passage) -> None:
    """Pass all on."""


def cut_after(events: int) -> Fault:
    """Cut the streams of messages after so many events; what follows comes through."""

    def fault(passage: Passage) -> None:
        if passage.sends:
            passage.events = events

    return fault


def cut_all_after(events: int) -> Fault:
    """Cut every stream after this number of events, streams that attach again included."""

    def fault(passage: Passage) -> None:
        passage.events = events

    return fault


def swallow(passage: Passage) -> None:
    """Let messages reach the agent, and no answer to them come back."""
    passage.swallowed = passage.sends


@dataclass
class Proxy:
    """A proxy before one agent; `passages` are what went through, in order."""

    target: str
    port: int
    client: httpx.AsyncClient
    fault: Fault = nothing
    passages: list[Passage] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def sends(self) -> int:
        """How many messages went through to the agent."""
        return sum(passage.sends for passage in self.passages)

    def attachments(self) -> int:
        """How many times a running task was attached to."""
        return sum(passage.attaches for passage in self.passages)

    async def converse(self, stream: SocketStream) -> None:
        reader = BufferedByteReceiveStream(stream)
        with suppress(*GONE, anyio.IncompleteRead, httpx.TransportError):
            async with stream:
                passage = Passage(await _read(reader))
                self.passages.append(passage)
                self.fault(passage)
                await self._pass(passage, stream)

    async def _pass(self, passage: Passage, stream: SocketStream) -> None:
        request = passage.request
        headers = {name: value for name, value in request.headers.items() if name not in HOP}
        async with self.client.stream(
            request.verb, self.target + request.target, headers=headers, content=request.body
        ) as answer:
            if passage.swallowed or passage.held:
                await answer.aread()
                if passage.held:
                    await anyio.sleep_forever()
                return
            kind = answer.headers.get("content-type", "")
            head = f"HTTP/1.1 {answer.status_code} Passed\r\ncontent-type: {kind}\r\n"
            if not kind.startswith(STREAMED):
                body = (await answer.aread()).replace(self.target.encode(), self.url.encode())
                size = f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
                await stream.send((head + size).encode() + body)
                return
            await stream.send((head + "transfer-encoding: chunked\r\n\r\n").encode())
            await self._events(passage, answer, stream)

    async def _events(self, passage: Passage, answer: httpx.Response, stream: SocketStream) -> None:
        count, rest = 0, b""
        async for piece in answer.aiter_raw():
            rest += piece.replace(b"\r\n", b"\n")
            while b"\n\n" in rest:
                if count == passage.events:
                    return
                event, _, rest = rest.partition(b"\n\n")
                count += b"data:" in event
                await stream.send(_chunk(event + b"\n\n"))
        if count != passage.events:
            await stream.send(_chunk(rest) * bool(rest) + b"0\r\n\r\n")


async def _read(reader: BufferedByteReceiveStream) -> Request:
    head = await reader.receive_until(b"\r\n\r\n", HEAD_LIMIT)
    first, *lines = head.decode("latin-1").split("\r\n")
    verb, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    body = await reader.receive_exactly(int(headers.get("content-length", "0")))
    return Request(verb, target, headers, body)


def _chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


@asynccontextmanager
async def proxied(target: str) -> AsyncIterator[Proxy]:
    """Open a proxy before an agent."""
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with (
        listener,
        httpx.AsyncClient(timeout=SECONDS, trust_env=False) as client,
        anyio.create_task_group() as group,
    ):
        proxy = Proxy(target, listener.extra(SocketAttribute.local_port), client)
        group.start_soon(listener.serve, proxy.converse, group)
        yield proxy
        group.cancel_scope.cancel()
