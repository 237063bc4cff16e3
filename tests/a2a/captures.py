"""The recorded exchanges with real servers under tests/captures, opened for tests.

One file is one exchange: its request, and an answer with a `body`, the lines of an event stream
(`sse`), the bytes of one (`raw`), or, for gRPC, a `message` or a `stream` shown as JSON; files of
webhooks are lists of requests.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from a2a_mcp.a2a.http.sse import EventDecoder, ServerSentEvent

FOLDER = Path(__file__).parent.parent / "captures"
EVENT_LIMIT = 4 * 1024 * 1024


@dataclass(frozen=True)
class Payload:
    """One JSON value that a server sent; `status` None is an event of a stream."""

    body: Any
    status: int | None


@dataclass(frozen=True)
class Capture:
    name: str
    content: Any

    @property
    def server(self) -> str:
        return self.name.partition("/")[0]

    @property
    def webhooks(self) -> bool:
        return isinstance(self.content, list)

    @property
    def answer(self) -> dict[str, Any]:
        found = {} if self.webhooks else self.content.get("response", self.content)
        return found if isinstance(found, dict) else {}

    def stream_bytes(self) -> bytes | None:
        """Return the event stream as the server sent it."""
        if "raw" in self.answer:
            return str(self.answer["raw"]).encode()
        if "sse" not in self.answer:
            return None
        return "".join(f"{line}\n" for _, line in self.answer["sse"]).encode()

    def payloads(self) -> list[Payload]:
        """Return every JSON value of the answer, in order."""
        stream = self.stream_bytes()
        if stream is not None:
            return [Payload(json.loads(event.data), None) for event in read(stream)]
        if self.webhooks:
            return [Payload(item["body"], None) for item in self.content]
        if "stream" in self.answer:
            return [Payload(item, None) for item in self.answer["stream"]]
        if "message" in self.answer:
            return [Payload(self.answer["message"], 200)]
        if "body" in self.answer and isinstance(self.answer.get("status"), int):
            return [Payload(self.answer["body"], self.answer["status"])]
        return []


def read(stream: bytes) -> list[ServerSentEvent]:
    decoder = EventDecoder(EVENT_LIMIT)
    return decoder.feed(stream) + decoder.end()


@cache
def captures() -> tuple[Capture, ...]:
    """Return every capture, by name."""
    files = sorted(FOLDER.glob("*/*.json"))
    return tuple(Capture(f"{file.parent.name}/{file.stem}", load(file)) for file in files)


def capture(name: str) -> Capture:
    return Capture(name, load(FOLDER / f"{name}.json"))


def load(file: Path) -> Any:
    return json.loads(file.read_text("utf-8"))


def payloads() -> Iterator[tuple[Capture, Payload]]:
    for item in captures():
        for payload in item.payloads():
            yield item, payload


def bodies(name: str) -> list[Any]:
    """Return what one capture's answer holds, without JSON-RPC's envelope."""
    return [unwrapped(payload.body) for payload in capture(name).payloads()]


def unwrapped(body: Any) -> Any:
    return body.get("result") if isinstance(body, dict) and body.get("jsonrpc") == "2.0" else body
