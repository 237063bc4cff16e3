"""Serving many hosts over streamable HTTP, on loopback unless configured otherwise.

Host and Origin are always checked, as MCP asks against DNS rebinding. The endpoint answers with and
without a slash at its end, because a redirect breaks some clients. An inbound token only identifies
the caller, and is never passed on.
"""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from select import select
from socket import socket
from types import FrameType
from typing import Any, Final

import anyio
import uvicorn
from mcp.server import MCPServer
from mcp.server.transport_security import TransportSecuritySettings
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from a2a_mcp.config.schema import ServerConfig
from a2a_mcp.errors import ConfigError
from a2a_mcp.server.readiness import Readiness
from a2a_mcp.server.transports.fair_accept import FairSocket
from a2a_mcp.server.transports.last_answers import last_answers
from a2a_mcp.server.transports.signals import SIGNALS
from a2a_mcp.server.transports.workers import Worker

LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")
GRACE_SECONDS: Final = 5
"""A bound: 300 waiting calls answer in half a second where the machine has nothing else to do."""

MOST_HEAD_BYTES: Final = 64 * 1024
"""Of a request: a token that names its person's groups is long, and may come in pieces."""

HEALTH: Final = "/healthz"
READY: Final = "/readyz"
LOOK_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Ending:
    """How a server ends: it drains, then sets `closing`, and calls that wait answer.

    As a worker it ends as well once `worker.watched` can be read.
    """

    closing: anyio.Event
    readiness: Readiness
    drain_seconds: float
    worker: Worker | None = None


def check_exposure(settings: ServerConfig, *, allow_unauthenticated: bool) -> None:
    """Raise ConfigError if other machines could connect without tokens or allowed hosts."""
    if settings.host in LOOPBACK or settings.host == "::1" or allow_unauthenticated:
        return
    given = {"tokens": settings.tokens or settings.issuers, "allowed_hosts": settings.allowed_hosts}
    missing = [
        f"server.{key}: needed to listen on {settings.host}, which other machines can reach"
        for key, value in given.items()
        if not value
    ]
    if missing:
        raise ConfigError(
            [*missing, "--allow-unauthenticated: lets anyone who can connect use every agent"]
        )


def application(
    server: MCPServer[Any],
    settings: ServerConfig,
    readiness: Readiness,
    *,
    any_host: bool = False,
) -> ASGIApp:
    """Return the ASGI application: the MCP endpoint, and whether the server lives and is ready.

    With `any_host` and no configured names, requests for any host name are accepted.
    """

    async def healthz(_: Request) -> Response:
        return JSONResponse({"ok": True})

    server.custom_route(HEALTH, ["GET"])(healthz)
    server.custom_route(READY, ["GET"])(ready_answer(readiness))
    hosts = [pattern for host in LOOPBACK for pattern in (host, f"{host}:*")]
    origins = [f"{scheme}://{host}" for scheme in ("http", "https") for host in hosts]
    app = server.streamable_http_app(
        streamable_http_path=settings.path,
        host=settings.host,
        stateless_http=settings.sessions == "none",
        transport_security=TransportSecuritySettings(
            enable_dns_rebinding_protection=bool(settings.allowed_hosts) or not any_host,
            allowed_hosts=[*hosts, *settings.allowed_hosts],
            allowed_origins=[*origins, *settings.allowed_origins],
        ),
    )
    return _with_optional_slash(app, settings.path.rstrip("/"))


def ready_answer(
    readiness: Readiness, *, tells: bool = False
) -> Callable[[Request], Awaitable[Response]]:
    """Return what answers whether the server is ready; it `tells` what is wrong to operators."""

    async def readyz(_: Request) -> Response:
        problem = await readiness.problem()
        why = {"problem": problem} if problem and tells else {}
        return JSONResponse({"ok": problem is None, **why}, 503 if problem else 200)

    return readyz


def _with_optional_slash(app: ASGIApp, path: str) -> ASGIApp:
    async def without_slash(scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("path") == f"{path}/":
            scope = {**scope, "path": path, "raw_path": path.encode()}
        await app(scope, receive, send)

    return without_slash


class _Server(uvicorn.Server):
    """Calls `ready` when it listens; at a signal it drains before it ends."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None], ending: Ending) -> None:
        super().__init__(config)
        self._ready = ready
        self._ending = ending
        self._signals: list[int] = []

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        self._ending.readiness.draining = True
        await self._drain()
        self._ending.closing.set()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Note signals, and leave the end to the server: uvicorn would raise them again after it.

        What notes them is a plain function. By a method of the server, sse-starlette would find out
        that it is to end, and cut off every answer at once.
        """

        def note(number: int, _frame: FrameType | None) -> None:
            self.force_exit |= self.should_exit and number == signal.SIGINT
            self.should_exit = True
            self._signals.append(number)

        before = {number: signal.signal(number, note) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @property
    def exit_code(self) -> int:
        """Return how the process ends: well, unless a person has interrupted it."""
        return 128 + signal.SIGINT if signal.SIGINT in self._signals else 0

    async def on_tick(self, counter: int) -> bool:
        """Return whether to end, which uvicorn asks ten times a second."""
        worker = self._ending.worker
        if worker:
            worker.places.note(worker.number, len(self.server_state.connections))
            if select([worker.watched], [], [], 0)[0]:
                self.should_exit = True  # as SIGTERM does
        return await super().on_tick(counter)

    async def _drain(self) -> None:
        """Serve on until the time is over, so that balancers notice; a further signal ends it."""
        with anyio.move_on_after(self._ending.drain_seconds):
            # A handler of signals cannot set an event: it runs between two instructions.
            while self._signals in ([], [signal.SIGTERM]):  # noqa: ASYNC110
                await anyio.sleep(LOOK_SECONDS)


async def serve_http(
    server: MCPServer[Any],
    settings: ServerConfig,
    sockets: list[socket],
    ready: Callable[[], None],
    ending: Ending,
    *,
    any_host: bool = False,
    before: Callable[[ASGIApp], ASGIApp] = lambda app: app,
) -> int:
    """Serve until a signal comes, and return the exit code.

    Running calls have GRACE_SECONDS to end after the drain. `ready` is called once the sockets are
    served; `before` returns the application with what stands before it.
    """
    app = before(application(server, settings, ending.readiness, any_host=any_host))
    config = uvicorn.Config(
        last_answers(app, lambda: ending.readiness.draining, ending.closing),
        log_config=None,  # the log is set up already, and masks secrets
        log_level="warning",
        access_log=False,
        h11_max_incomplete_event_size=MOST_HEAD_BYTES,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    worker = ending.worker
    if worker:
        sockets = [FairSocket(each, worker.places, worker.number) for each in sockets]
    serving = _Server(config, ready, ending)
    await serving.serve(sockets)
    return serving.exit_code
