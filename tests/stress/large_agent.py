"""An agent with large answers: `python tests/stress/large_agent.py PORT`.

A message such as `text 20 1` is answered by a completed task whose artifact holds 20 MB of text;
`file` asks for random bytes in base64. `GetTask` finds the task again by what was asked for.
"""

import json
import os
import sys
from base64 import b64encode
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

LINE: Final = "The quick brown fox jumps over the lazy dog, says the text.\n"


def part(kind: str, size: int) -> dict[str, str]:
    """Return a part of that many bytes."""
    if kind == "file":
        raw = b64encode(os.urandom(size)).decode()
        return {"raw": raw, "filename": "large.bin", "mediaType": "application/octet-stream"}
    return {"text": (LINE * (size // len(LINE) + 1))[:size]}


@cache
def task(wanted: str) -> bytes:
    """Return the task that was asked for, as JSON."""
    kind, megabytes, _ = wanted.split("-")
    artifact = {"artifactId": "a1", "parts": [part(kind, int(megabytes) * 1_000_000)]}
    status = {"state": "TASK_STATE_COMPLETED"}
    return json.dumps({"id": wanted, "status": status, "artifacts": [artifact]}).encode()


def result(request: dict[str, Any]) -> bytes:
    """Return the result of a call, as JSON."""
    if request["method"] == "GetTask":
        return task(request["params"]["id"])
    words = request["params"]["message"]["parts"][0]["text"]
    return b'{"task": %b}' % task(words.replace(" ", "-"))


class Agent(BaseHTTPRequestHandler):
    """Answers the card to a GET, JSON-RPC to a POST."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        url = f"http://127.0.0.1:{self.server.server_port}/"  # type: ignore[attr-defined]
        interface = {"url": url, "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}
        card = {"name": "large", "version": "1", "supportedInterfaces": [interface]}
        self._answer(json.dumps(card | {"description": "Large answers", "skills": []}).encode())

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        asked = json.dumps(request["id"]).encode()
        self._answer(b'{"jsonrpc": "2.0", "id": %b, "result": %b}' % (asked, result(request)))

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Agent).serve_forever()
