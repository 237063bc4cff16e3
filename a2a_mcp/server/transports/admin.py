"""The listener for operators: `/readyz`, `/status`, `/status.json` and `/metrics`.

It asks nobody who they are. On loopback a request must name this machine, because a page in a
browser could otherwise read it through a name of its own (DNS rebinding).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeAlias

import anyio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from a2a_mcp.config.admin import AdminTable
from a2a_mcp.server.readiness import Readiness
from a2a_mcp.server.status import status
from a2a_mcp.server.status_page import page
from a2a_mcp.server.transports.http import LOOPBACK, READY, ready_answer
from a2a_mcp.server.transports.ports import CannotListen, open_port
from a2a_mcp.server.transports.side_listener import listen
from a2a_mcp.telemetry.providers import prometheus_page

Handler: TypeAlias = Callable[[Request], Awaitable[Response]]

METRICS: Final = "/metrics"
METRICS_MISSING: Final = 'metrics need the extra: in the clone, uv tool install ".[telemetry]"\n'
HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
}


@asynccontextmanager
async def admin(table: AdminTable | None, readiness: Readiness) -> AsyncIterator[None]:
    """Serve operators within the block, where a table says so; raises CannotListen."""
    if table is None:
        yield
        return
    try:
        sockets = await open_port(table.host, table.port)
    except CannotListen as error:
        why = str(error).partition(";")[0]
        raise CannotListen(f"server.admin: {why}; set another host or port there") from None
    async with anyio.create_task_group() as group:
        group.start_soon(listen, application(table, readiness), sockets)
        yield
        group.cancel_scope.cancel()


def application(table: AdminTable, readiness: Readiness) -> Starlette:
    """Return the application of the listener."""

    async def shown(request: Request) -> Response:
        found = await status(readiness)
        if request.url.path.endswith(".json"):
            return JSONResponse(found, headers=HEADERS)
        return HTMLResponse(page(found), headers=HEADERS)

    routes = {READY: ready_answer(readiness, tells=True), METRICS: _metrics}
    routes |= dict.fromkeys(("/status", "/status.json"), shown)
    is_local = table.host in (*LOOPBACK, "::1")
    served = {path: _for_this_machine(it) if is_local else it for path, it in routes.items()}
    return Starlette(routes=[Route(path, answer) for path, answer in served.items()])


def _for_this_machine(answer: Handler) -> Handler:
    async def guarded(request: Request) -> Response:
        if _names_this_machine(request.headers.get("host", "")):
            return await answer(request)
        return PlainTextResponse("Misdirected Request", 421)

    return guarded


async def _metrics(_: Request) -> Response:
    found = prometheus_page()
    if found is None:
        return PlainTextResponse(METRICS_MISSING, 404)
    page, media_type = found
    return Response(page, media_type=media_type, headers=HEADERS)


def _names_this_machine(host: str) -> bool:
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdecimal() else host) in LOOPBACK
