"""A stand-in for the services of models, on 127.0.0.1: it keeps each request.

It says "done", or first asks for one tool. `turns` says in which forms.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from real_hosts.turns import JSON, TURNS, Call


@dataclass
class Model:
    """A running stand-in: what it was sent, and the tool that it asks for in the next turn."""

    url: str = ""
    requests: list[JSON] = field(default_factory=list)
    call: Call | None = None


@contextmanager
def stand_in() -> Iterator[Model]:
    """Yield a stand-in that runs until the block ends."""
    model = Model()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(model))
    model.url = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield model
    finally:
        server.shutdown()
        server.server_close()


def _handler(model: Model) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            path = self.path.partition("?")[0]
            turn = next((turn for end, turn in TURNS if path.endswith(end)), None)
            if turn is None:
                self.send_error(404)
                return
            request = json.loads(body)
            model.requests.append(request)
            self._stream(turn(request, model.call))

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
