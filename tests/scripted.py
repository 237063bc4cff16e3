"""A scripted A2A agent: it says byte for byte what a test wrote, and remembers what it was asked.

For faults that real agents cannot be brought to. It is a bare socket in the test's own event loop,
since a web framework mends half of the faults; nothing here uses the bridge's own code.
"""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

import anyio
from anyio.abc import SocketStream
from real_agents.noting import arrived

CARD: Final = "GET /.well-known/agent-card.json"
SEND: Final = "SendMessage"
STREAM: Final = "SendStreamingMessage"
GET: Final = "GetTask"
CANCEL: Final = "CancelTask"
SUBSCRIBE: Final = "SubscribeToTask"
LIST: Final = "ListTasks"
PATIENCE: Final = 60.0
TLS: Final = b"\x16"
GONE: Final = (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError)


class Cut:
    """A step: the connection is closed here, with the answer unfinished."""


CUT: Final = Cut()


@dataclass
class Request:
    """One request as it arrived; `left` is set when the client closes before the answer's end."""

    verb: str
    path: str
    headers: dict[str, str]
    body: bytes
    left: anyio.Event = field(default_factory=anyio.Event)

    @property
    def json(self) -> Any:
        """The body as JSON; None where there is none."""
        return json.loads(self.body) if self.body else None

    @property
    def call(self) -> str:
        """What is asked: the JSON-RPC method, else verb and path without query."""
        body = self.json if self.body.startswith(b"{") else {}
        method = body.get("method")
        return str(method) if method else f"{self.verb} {self.path.partition('?')[0]}"

    @property
    def params(self) -> Any:
        """What is asked for: JSON-RPC params, else the body."""
        body = self.json or {}
        return body.get("params", body)

    @property
    def message(self) -> dict[str, Any]:
        """The message in it, or an empty one."""
        found: dict[str, Any] = (self.params or {}).get("message") or {}
        return found


Step = bytes | anyio.Event | Cut
Reply = Callable[[Request], Sequence[Step]]
"""Makes the steps of an answer: bytes to write, an event to wait for, or where to cut."""


class ScriptedAgent:
    """One agent; `on` says how it answers what, `requests` is what it was asked, in order."""

    def __init__(self, origin: str) -> None:
        self.url = origin
        self.requests: list[Request] = []
        self.connections = 0
        self.open = 0
        self._replies: dict[str, list[Reply]] = {}
        self._arrived = anyio.Event()
        self.on(CARD, document(card(origin)))

    def on(self, call: str, *replies: Reply) -> None:
        """Answer the calls of one kind with these, in order; the last one stands for all after."""
        self._replies[call] = list(replies)

    def calls(self, *kinds: str) -> list[Request]:
        """Return the requests of these kinds, in order."""
        return [request for request in self.requests if request.call in kinds]

    def sends(self) -> list[Request]:
        """Return the requests that carried a message, whatever their dialect."""
        return [request for request in self.requests if request.message]

    async def called(self, kind: str, times: int = 1) -> Request:
        """Wait for the `times`-th request of this kind, and return it."""
        with anyio.fail_after(PATIENCE):
            while len(self.calls(kind)) < times:
                await self._arrived.wait()
        return self.calls(kind)[times - 1]

    async def converse(self, stream: SocketStream) -> None:
        """Answer on one connection until either side closes it."""
        self.connections += 1
        self.open += 1
        wire = _Wire(stream)
        try:
            with suppress(*GONE):
                async with stream:
                    while request := await wire.request():
                        if not await self._answer(request, wire):
                            return
        finally:
            self.open -= 1

    async def _answer(self, request: Request, wire: _Wire) -> bool:
        self.requests.append(request)
        arrived(request.path, request.headers, request.body)
        self._arrived.set()
        self._arrived = anyio.Event()
        replies = self._replies.get(request.call, [not_in_the_script])
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        finished = False
        async with anyio.create_task_group() as group:
            group.start_soon(wire.watch, request, group.cancel_scope)
            with suppress(*GONE):
                finished = await wire.play(reply(request))
                group.cancel_scope.cancel()
        return finished and not wire.ended


class _Wire:
    """One connection: reads requests, writes steps."""

    def __init__(self, stream: SocketStream) -> None:
        self._stream = stream
        self._buffer = b""
        self.ended = False

    async def request(self) -> Request | None:
        with suppress(*GONE):
            while b"\r\n\r\n" not in self._buffer:
                self._buffer += await self._stream.receive()
                if self._buffer.startswith(TLS):
                    return None
            head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            verb, path, _ = first.split(" ")
            pairs = (line.partition(":") for line in lines)
            headers = {name.lower(): value.strip() for name, _, value in pairs}
            size = int(headers.get("content-length", 0))
            while len(self._buffer) < size:
                self._buffer += await self._stream.receive()
            body, self._buffer = self._buffer[:size], self._buffer[size:]
            return Request(verb, path, headers, body)
        return None

    async def watch(self, request: Request, answering: anyio.CancelScope) -> None:
        """Notice that the client leaves while it is being answered, and end the answer."""
        try:
            while True:
                self._buffer += await self._stream.receive()
        except GONE:
            self.ended = True
            request.left.set()
            answering.cancel()

    async def play(self, steps: Sequence[Step]) -> bool:
        for step in steps:
            if isinstance(step, Cut):
                return False
            if isinstance(step, bytes):
                await self._stream.send(step)
            else:
                await step.wait()
        return True


@asynccontextmanager
async def scripted(bound: socket.socket | None = None) -> AsyncIterator[ScriptedAgent]:
    """Run a scripted agent on a free port, or on a socket that is bound already."""
    own = bound or free_port()
    agent = ScriptedAgent(origin_of(own))
    own.listen()
    listener = await anyio.abc.SocketListener.from_socket(own)
    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, agent.converse, group)
        yield agent
        group.cancel_scope.cancel()


def free_port() -> socket.socket:
    """Take a port without listening on it: connections are refused."""
    taken = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    taken.bind(("127.0.0.1", 0))
    return taken


def origin_of(bound: socket.socket) -> str:
    """Return the origin of a bound socket."""
    return f"http://127.0.0.1:{bound.getsockname()[1]}"


# --- answers ---


def http(status: int, body: bytes, kind: str = "application/json", **headers: str) -> Reply:
    """Answer with a whole HTTP answer."""
    return lambda _: [_head(status, kind, **headers, content_length=str(len(body))) + body]


def document(value: Any, status: int = 200, **headers: str) -> Reply:
    """Answer with JSON, as cards and HTTP+JSON do."""
    return http(status, json.dumps(value).encode(), **headers)


def result(value: Any) -> Reply:
    """Answer a JSON-RPC call."""
    return lambda request: document(_envelope(request, result=value))(request)


def error(code: int, message: str, *, data: Any = None, status: int = 200, **headers: str) -> Reply:
    """Answer a JSON-RPC call with an error."""
    fault = {"code": code, "message": message} | ({"data": data} if data is not None else {})
    return lambda request: document(_envelope(request, error=fault), status, **headers)(request)


def stream(*steps: dict[str, Any] | Step) -> Reply:
    """Answer with events: objects become results of the call, bytes go out as they are."""

    def play(request: Request) -> list[Step]:
        played: list[Step] = [_head(200, "text/event-stream", transfer_encoding="chunked")]
        for step in steps:
            if isinstance(step, dict):
                event = json.dumps(_envelope(request, result=step))
                played.append(_chunk(f"data: {event}\n\n".encode()))
            else:
                played.append(_chunk(step) if isinstance(step, bytes) else step)
        return [*played, b"0\r\n\r\n"]

    return play


def cut(_: Request) -> list[Step]:
    """Close the connection without a byte."""
    return [CUT]


def silence(_: Request) -> list[Step]:
    """Say nothing for as long as the client stays."""
    return [anyio.Event()]


def later(event: anyio.Event, reply: Reply) -> Reply:
    """Answer once the test allows it."""
    return lambda request: [event, *reply(request)]


def not_in_the_script(request: Request) -> Sequence[Step]:
    """Say which call the script of a test lacks."""
    return http(500, f"not in the script: {request.call}".encode(), "text/plain")(request)


def _envelope(request: Request, **outcome: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": (request.json or {}).get("id"), **outcome}


def _head(status: int, kind: str, **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Scripted", f"content-type: {kind}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


# --- A2A 1.0 in JSON ---


def card(url: str, *, streaming: bool = False, **more: Any) -> dict[str, Any]:
    """Make a card with one interface: JSON-RPC 1.0 at `url`."""
    return {
        "name": "Scripted agent",
        "description": "Says what a test wrote.",
        "version": "1",
        "supportedInterfaces": [interface(url)],
        "capabilities": {"streaming": streaming},
        "defaultInputModes": ["text/plain"],
        "defaultOutputModes": ["text/plain"],
        "skills": [],
    } | more


def interface(url: str, version: str = "1.0", binding: str = "JSONRPC", **more: Any) -> Any:
    """Make an interface of a card."""
    return {"url": url, "protocolBinding": binding, "protocolVersion": version, **more}


def task(
    state: str, said: str | None = None, *, task_id: str = "t1", **more: Any
) -> dict[str, Any]:
    """Make a task in `state` (`working`, `input-required`, …), with words in its status."""
    return {"id": task_id, "contextId": "c1", "status": status(state, said), **more}


def status(state: str, said: str | None = None) -> dict[str, Any]:
    """Make a status."""
    words = {"message": words_of(said)} if said is not None else {}
    return {"state": f"TASK_STATE_{state.upper().replace('-', '_')}", **words}


def words_of(text: str, role: str = "agent", **more: Any) -> dict[str, Any]:
    """Make a message."""
    return {
        "messageId": f"m-{text[:20]}",
        "role": f"ROLE_{role.upper()}",
        "parts": [{"text": text}],
        **more,
    }


def artifact(*texts: str, artifact_id: str = "answer", **more: Any) -> dict[str, Any]:
    """Make an artifact of texts."""
    return {"artifactId": artifact_id, "parts": [{"text": text} for text in texts], **more}


def done(text: str, *, task_id: str = "t1", **more: Any) -> dict[str, Any]:
    """Make a completed task with one artifact."""
    return task("completed", task_id=task_id, artifacts=[artifact(text)], **more)


def moved(state: str, said: str | None = None, *, task_id: str = "t1") -> dict[str, Any]:
    """Make a status event, as a stream carries it."""
    return {"statusUpdate": {"taskId": task_id, "contextId": "c1", "status": status(state, said)}}


def piece(*texts: str, append: bool = False, task_id: str = "t1", last: bool = False) -> Any:
    """Make an artifact event, as a stream carries it."""
    event = {"taskId": task_id, "contextId": "c1", "artifact": artifact(*texts)}
    return {"artifactUpdate": {**event, "append": append, "lastChunk": last}}
