"""A server that is no proper agent: it answers by a script. Real agents are in `real_agents`."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

HTML: Final = b"<!doctype html><html><body><h1>Welcome to the intranet</h1></body></html>"
CARD_PATH: Final = "/.well-known/agent-card.json"

Reply = tuple[int, str, bytes]
"""Status, content type, body."""
Script = Callable[[str, bytes], Reply]
"""Takes the path and the body of a request."""


@contextmanager
def scripted(script: Script) -> Iterator[str]:
    """Serve a script; yield the origin."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply(b"")

        def do_POST(self) -> None:
            self._reply(self.rfile.read(int(self.headers.get("content-length", 0))))

        def _reply(self, body: bytes) -> None:
            status, kind, content = script(self.path, body)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def nothing_here(_path: str, _body: bytes) -> Reply:
    """Be a server without a card."""
    return 404, "text/plain", b"not found"


def web_site(_path: str, _body: bytes) -> Reply:
    """Answer everything with a page, as single-page sites do."""
    return 200, "text/html", HTML


def agent_that(answers: Callable[[Any], Any]) -> Script:
    """Be an A2A 1.0 agent over JSON-RPC that answers a request's id with a body: bytes or JSON."""

    def script(path: str, body: bytes) -> Reply:
        if path == CARD_PATH:
            return 200, "application/json", json.dumps(card()).encode()
        answer = answers(json.loads(body)["id"])
        if isinstance(answer, bytes):
            return 200, "text/html", answer
        return 200, "application/json", json.dumps(answer).encode()

    return script


def card() -> dict[str, Any]:
    """Return the card of an agent that does not stream; its URL is relative to where it is."""
    return {
        "name": "Scripted",
        "description": "Answers by a script.",
        "version": "1",
        "supportedInterfaces": [
            {"url": "/", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}
        ],
        "capabilities": {"streaming": False},
        "defaultInputModes": ["text/plain"],
        "defaultOutputModes": ["text/plain"],
        "skills": [],
    }


def says(text: str) -> Callable[[Any], Any]:
    """Answer every request with one message."""

    def answer(number: Any) -> Any:
        message = {"messageId": "m", "role": "ROLE_AGENT", "parts": [{"text": text}]}
        return {"jsonrpc": "2.0", "id": number, "result": {"message": message}}

    return answer


def refuses(code: int, message: str) -> Callable[[Any], Any]:
    """Answer every request with a JSON-RPC error."""

    def answer(number: Any) -> Any:
        return {"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": message}}

    return answer


@contextmanager
def silence() -> Iterator[str]:
    """Accept connections and never answer; yield the origin."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
