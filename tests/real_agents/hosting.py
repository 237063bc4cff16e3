"""What every test agent's process shares: its record, its socket, its guard and its end.

Runs in the agents' own environments, so it knows Starlette and uvicorn but no a2a-sdk.
"""

import argparse
import asyncio
import contextlib
import json
import os
import socket
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from noting import arrived, tell
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CARD = ".well-known/agent-card.json"
MOST_NOTED = 16_384


@dataclass
class Record:
    """What reached the agent, in order; `GET /log`, `/cancels` and `/requests` show it."""

    log: list[dict[str, Any]] = field(default_factory=list)
    cancels: list[dict[str, Any]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)

    def execution(self, message_id: str, task_id: str, context_id: str, text: str) -> None:
        """Note that the executor runs."""
        entry = {"message_id": message_id, "task_id": task_id, "context_id": context_id}
        self.log.append({**entry, "text": text})

    def cancel(self, task_id: str, metadata: dict[str, Any]) -> None:
        """Note a request to cancel, whether or not the task is cancelled."""
        self.cancels.append({"task_id": task_id, "metadata": metadata})


def parser() -> argparse.ArgumentParser:
    """Return the arguments all agents take."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--port", type=int, default=0, help="0 takes a free one")
    arguments.add_argument("--no-streaming", dest="streaming", action="store_false")
    arguments.add_argument("--push", action="store_true", help="post to webhooks")
    arguments.add_argument("--extended", default="", help="announce such a card: shown or missing")
    arguments.add_argument("--says", default="", help="the version that a lying card declares")
    return arguments


def listen(port: int) -> tuple[socket.socket, str]:
    """Take the port; return the listening socket and the origin it is reached at."""
    listener = socket.create_server(("127.0.0.1", port))
    # Accepted connections inherit it; without it the body of an answer comes 40 ms late.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener, f"http://127.0.0.1:{listener.getsockname()[1]}"


def lying_card(version: str, binding: str, url: str, *, streaming: bool) -> dict[str, Any]:
    """Build a card that declares a version, whatever is spoken at its URL."""
    said = {
        "name": "Test agent with a lying card",
        "description": "Does what the first word says.",
        "version": "1",
        "capabilities": {"streaming": streaming},
        "defaultInputModes": ["text/plain"],
        "defaultOutputModes": ["text/plain"],
        "skills": [{"id": "words", "name": "Words", "description": "All of it.", "tags": []}],
    }
    if version.startswith("0."):
        return said | {"url": url, "protocolVersion": version, "preferredTransport": binding}
    one = {"url": url, "protocolBinding": binding, "protocolVersion": version}
    return said | {"supportedInterfaces": [one]}


def serve(
    app: ASGIApp,
    listener: socket.socket,
    record: Record,
    url: str,
    token: str = "",
    *,
    issuer: str = "",
    card: dict[str, Any] | None = None,
    beside: Callable[[], Awaitable[Any]] | None = None,
) -> None:
    """Serve until a signal or the end of standard input; print `{"url": …}` once it accepts.

    `card` stands in the place of the application's own. `beside` starts another server before.
    """
    outer = Starlette(
        routes=[
            *(_shown(name, entries) for name, entries in vars(record).items()),
            *([_shown(CARD, card)] if card else []),
            Mount("", app=_Guard(app, record, token, issuer)),
        ]
    )
    threading.Thread(target=_end_with_the_tests, daemon=True).start()
    config = uvicorn.Config(
        outer, log_level="warning", access_log=False, timeout_graceful_shutdown=1
    )
    asyncio.run(_Announced(config, url, beside).serve(sockets=[listener]))


def _end_with_the_tests() -> None:
    # The pipe closes however the test run ends, kill -9 included.
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os._exit(0)


def _shown(name: str, entries: Any) -> Route:
    async def show(_request: Request) -> JSONResponse:
        return JSONResponse(entries)

    return Route(f"/{name}", show)


class _Announced(uvicorn.Server):
    def __init__(
        self, config: uvicorn.Config, url: str, beside: Callable[[], Awaitable[Any]] | None
    ) -> None:
        super().__init__(config)
        self._url = url
        self._start_beside = beside
        self._beside: Any = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._start_beside:
            self._beside = await self._start_beside()
        print(json.dumps({"url": self._url}), flush=True)


def _noting_calls(receive: Receive, seen: dict[str, Any]) -> Receive:
    """Note which method a JSON-RPC request calls, if it is so short that it comes in one piece."""

    async def receive_and_note() -> Message:
        message = await receive()
        body = message.get("body", b"")
        if body.startswith(b"{") and len(body) <= MOST_NOTED:
            tell("an agent got", body.decode("utf-8", "replace"))
            with contextlib.suppress(ValueError, KeyError):
                seen["rpc"] = json.loads(body)["method"]
        return message

    return receive_and_note


class _Guard:
    """Records every request and refuses those without the token; the card is public.

    Where there is an `issuer`, it is asked about each token (RFC 7662).
    """

    def __init__(self, app: ASGIApp, record: Record, token: str, issuer: str) -> None:
        self._app = app
        self._record = record
        self._token = token
        self._issuer = issuer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            seen = {"method": scope["method"], "path": scope["path"], "headers": dict(headers)}
            seen["at"] = time.time()
            arrived(scope["path"], seen["headers"])
            self._record.requests.append(seen)
            if not await self._allows(scope["path"], headers.get("authorization", "")):
                refusal = {"error": "missing or wrong token"}
                challenge = {"WWW-Authenticate": "Bearer"}
                await JSONResponse(refusal, 401, challenge)(scope, receive, send)
                return
            receive = _noting_calls(receive, seen)
        await self._app(scope, receive, send)

    async def _allows(self, path: str, sent: str) -> bool:
        if "/.well-known/" in path:
            return True
        if self._issuer:
            return await asyncio.to_thread(_is_active, self._issuer, sent.removeprefix("Bearer "))
        return not self._token or sent == f"Bearer {self._token}"


def _is_active(issuer: str, token: str) -> bool:
    form = urllib.parse.urlencode({"token": token, "client_id": "person"}).encode()
    with urllib.request.urlopen(f"{issuer}/token/introspection", form, timeout=20) as answer:
        return bool(json.load(answer)["active"])
