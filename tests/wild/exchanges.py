"""The recorded exchanges, each with the dialect it is in, and said again by a scripted agent."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import anyio
from captures import Capture
from scripted import CUT, Reply, Request, Step

from a2a_mcp.a2a.requests import Operation
from a2a_mcp.a2a.versions import python_a2a, v0_1, v0_3, v0_3_rest, v1_0
from a2a_mcp.a2a.versions.base import Dialect

METHODS = {
    "SendMessage": (v1_0.JSONRPC, Operation.SEND_MESSAGE),
    "SendStreamingMessage": (v1_0.JSONRPC, Operation.SEND_STREAMING_MESSAGE),
    "GetTask": (v1_0.JSONRPC, Operation.GET_TASK),
    "CancelTask": (v1_0.JSONRPC, Operation.CANCEL_TASK),
    "SubscribeToTask": (v1_0.JSONRPC, Operation.SUBSCRIBE_TO_TASK),
    "message/send": (v0_3.JSONRPC, Operation.SEND_MESSAGE),
    "message/stream": (v0_3.JSONRPC, Operation.SEND_STREAMING_MESSAGE),
    "tasks/get": (v0_3.JSONRPC, Operation.GET_TASK),
    "tasks/cancel": (v0_3.JSONRPC, Operation.CANCEL_TASK),
    "tasks/resubscribe": (v0_3.JSONRPC, Operation.SUBSCRIBE_TO_TASK),
    "tasks/send": (v0_1.JSONRPC, Operation.SEND_MESSAGE),
    "tasks/sendSubscribe": (v0_1.JSONRPC, Operation.SEND_STREAMING_MESSAGE),
}
ENDS = {
    "/message:send": Operation.SEND_MESSAGE,
    "/message%3Asend": Operation.SEND_MESSAGE,
    "/message:stream": Operation.SEND_STREAMING_MESSAGE,
    ":cancel": Operation.CANCEL_TASK,
    ":subscribe": Operation.SUBSCRIBE_TO_TASK,
}
STREAMED = frozenset({Operation.SEND_STREAMING_MESSAGE, Operation.SUBSCRIBE_TO_TASK})
TASK_ID = "t1"
PIECE: Final = 97  # bytes written at once: no line of an event comes whole


@dataclass(frozen=True)
class Exchange:
    """A capture, and how the bridge would have asked for it."""

    capture: Capture
    dialect: Dialect
    operation: Operation

    @property
    def call(self) -> str:
        """How a scripted agent names the request that is to be answered."""
        target = self.dialect.targets[self.operation].replace("{id}", TASK_ID)
        return target if self.dialect.binding == "HTTP+JSON" else target.rpartition(" ")[2]

    @property
    def streamed(self) -> bool:
        return self.capture.stream_bytes() is not None

    @property
    def ended(self) -> str:
        """How the recorded stream ended."""
        return str(self.capture.answer.get("ended", "closed-by-server"))


def exchange(capture: Capture) -> Exchange | None:
    """Tell dialect and operation by the recorded request; None for what is not of a task."""
    request = {} if capture.webhooks else capture.content.get("request") or {}
    if "url" not in request or "status" not in capture.answer:
        return None
    known = _by_method(capture, request) or _by_path(request)
    if known is None:
        return None
    dialect, operation = known
    if capture.stream_bytes() is not None and operation not in STREAMED:
        return None
    return Exchange(capture, dialect, operation)


def _by_method(capture: Capture, request: dict[str, Any]) -> tuple[Dialect, Operation] | None:
    body = request.get("body")
    method = body.get("method") if isinstance(body, dict) else None
    if method not in METHODS:
        return None
    dialect, operation = METHODS[method]
    of_server = {"orig-2025-05": v0_1.JSONRPC, "python-a2a-0.5.10": python_a2a.JSONRPC}
    return of_server.get(capture.server, dialect), operation


def _by_path(request: dict[str, Any]) -> tuple[Dialect, Operation] | None:
    path = urlsplit(request["url"]).path
    dialect = v0_3_rest.REST if "/v1/" in path else v1_0.REST
    for end, operation in ENDS.items():
        if path.endswith(end):
            return dialect, operation
    last_but_one = path.split("/")[-2:-1]
    if request.get("method") == "GET" and last_but_one == ["tasks"]:
        return dialect, Operation.GET_TASK
    return None


def replayed(capture: Capture) -> Reply:
    """Say what was recorded: the same bytes, and the same end."""
    stream = capture.stream_bytes()
    if stream is None:
        return _replayed_body(capture)
    ended = capture.answer.get("ended", "closed-by-server")
    pieces = (stream[start : start + PIECE] for start in range(0, len(stream), PIECE))
    steps: list[Step] = [_head(capture, "transfer-encoding: chunked")]
    steps += [_chunk(piece) for piece in pieces]
    if ended.startswith("still-open"):
        steps.append(anyio.Event())
    steps.append(CUT if ended.startswith("transport_error") else b"0\r\n\r\n")
    return lambda _: steps


def _replayed_body(capture: Capture) -> Reply:
    recorded = capture.answer["body"]

    def play(request: Request) -> list[Step]:
        body = recorded
        if isinstance(body, dict) and body.get("id") is not None and "jsonrpc" in body:
            body = {**body, "id": request.json["id"]}
        said = body if isinstance(body, str) else json.dumps(body)
        data = said.encode()
        return [_head(capture, f"content-length: {len(data)}") + data]

    return play


def _head(capture: Capture, framing: str) -> bytes:
    kind = capture.answer.get("headers", {}).get("content-type", "application/json")
    status = capture.answer["status"]
    return f"HTTP/1.1 {status} Again\r\ncontent-type: {kind}\r\n{framing}\r\n\r\n".encode()


def _chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"
