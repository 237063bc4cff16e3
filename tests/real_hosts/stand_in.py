"""A stand-in for the services of two models, on 127.0.0.1: it keeps each request, and says "done".

It speaks as much of OpenAI's responses and of Gemini's content generation as a host needs for one
turn without tools.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final

JSON = dict[str, Any]

MESSAGE: Final[JSON] = {
    "type": "message",
    "id": "message",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": "done", "annotations": []}],
}
RESPONSE: Final[JSON] = {
    "id": "response",
    "object": "response",
    "status": "completed",
    "output": [MESSAGE],
    "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2},
}
RESPONSES: Final[list[JSON]] = [
    {"type": "response.created", "response": RESPONSE | {"status": "in_progress", "output": []}},
    {"type": "response.output_item.done", "output_index": 0, "item": MESSAGE},
    {"type": "response.completed", "response": RESPONSE},
]
CONTENT: Final[JSON] = {
    "candidates": [
        {"content": {"role": "model", "parts": [{"text": "done"}]}, "finishReason": "STOP"}
    ],
    "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2},
}
TURNS: Final[tuple[tuple[str, list[JSON]], ...]] = (
    ("/responses", RESPONSES),
    (":streamGenerateContent", [CONTENT]),
)
"""The end of an endpoint's path, and the events of a turn there."""


@contextmanager
def stand_in() -> Iterator[tuple[str, list[JSON]]]:
    """Yield the URL of a running stand-in, and the list to which it adds each request."""
    requests: list[JSON] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(requests))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", requests
    finally:
        server.shutdown()
        server.server_close()


def _handler(requests: list[JSON]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            path = self.path.partition("?")[0]
            events = next((turn for end, turn in TURNS if path.endswith(end)), None)
            if events is None:
                self.send_error(404)
                return
            requests.append(json.loads(body))
            self._stream(events)

        def _stream(self, events: list[JSON]) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            for event in events:
                named = f"event: {event['type']}\n" if "type" in event else ""
                self.wfile.write(f"{named}data: {json.dumps(event)}\n\n".encode())

        def log_message(self, *_: object) -> None:
            """Say nothing of a request."""

    return Handler
