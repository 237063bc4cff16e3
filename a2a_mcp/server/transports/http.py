"""Serving many hosts over streamable HTTP, on loopback unless configured otherwise.

Host and Origin are always checked, as MCP asks against DNS rebinding. The endpoint answers with and
without a slash at its end, because a redirect breaks some clients. An inbound token only identifies
the caller, and is never passed on.
"""

from __future__ import annotations

from collections.abc import Callable
from socket import socket
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
from a2a_mcp.server.transports.ports import open_port, origin_of

LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")
GRACE_SECONDS: Final = 1
HEALTH: Final = "/healthz"


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
    server: MCPServer[Any], settings: ServerConfig, *, any_host: bool = False
) -> ASGIApp:
    """Return the ASGI application: the MCP endpoint and a health check.

    With `any_host` and no configured names, requests for any host name are accepted.
    """

    async def healthz(_: Request) -> Response:
        return JSONResponse({"ok": True})

    server.custom_route(HEALTH, ["GET"])(healthz)
    hosts = [pattern for host in LOOPBACK for pattern in (host, f"{host}:*")]
    origins = [f"{scheme}://{host}" for scheme in ("http", "https") for host in hosts]
    app = server.streamable_http_app(
        streamable_http_path=settings.path,
        host=settings.host,
        transport_security=TransportSecuritySettings(
            enable_dns_rebinding_protection=bool(settings.allowed_hosts) or not any_host,
            allowed_hosts=[*hosts, *settings.allowed_hosts],
            allowed_origins=[*origins, *settings.allowed_origins],
        ),
    )
    return _with_optional_slash(app, settings.path.rstrip("/"))


def _with_optional_slash(app: ASGIApp, path: str) -> ASGIApp:
    async def without_slash(scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("path") == f"{path}/":
            scope = {**scope, "path": path, "raw_path": path.encode()}
        await app(scope, receive, send)

    return without_slash


class _Server(uvicorn.Server):
    """Calls `ready` when it listens, and sets `closing` when it is about to end."""

    def __init__(
        self, config: uvicorn.Config, ready: Callable[[], None], closing: anyio.Event
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._closing = closing

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        self._closing.set()
        await super().shutdown(sockets)


async def serve_http(
    server: MCPServer[Any],
    settings: ServerConfig,
    ready: Callable[[str], None],
    closing: anyio.Event,
    *,
    any_host: bool = False,
    before: Callable[[ASGIApp], ASGIApp] = lambda app: app,
) -> None:
    """Serve until a signal comes; running calls then have GRACE_SECONDS to end.

    `ready` is called with the endpoint's URL once it is served. `closing` is set at the signal.
    `before` returns the application with what stands before it.

    Raises CannotListen.
    """
    sockets = await open_port(settings.host, settings.port)
    config = uvicorn.Config(
        before(application(server, settings, any_host=any_host)),
        log_config=None,  # the log is set up already, and masks secrets
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    url = origin_of(settings.host, sockets[0].getsockname()[1]) + settings.path
    await _Server(config, lambda: ready(url), closing).serve(sockets)
