"""`a2a-mcp --http`: serves MCP over streamable HTTP, in one process or in several."""

from __future__ import annotations

import argparse
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from socket import socket
from typing import Final

import anyio

from a2a_mcp.a2a.auth.static import reveal
from a2a_mcp.cli.serve_parts import begin_telemetry, end_startup, event_loop, webhooks
from a2a_mcp.cli.startup import Started
from a2a_mcp.config import load
from a2a_mcp.config.admin import AdminTable
from a2a_mcp.config.schema import ServerConfig
from a2a_mcp.server.auth.desks import open_desk
from a2a_mcp.server.auth.entrance import entrance
from a2a_mcp.server.lifespan import create_server
from a2a_mcp.server.readiness import Readiness
from a2a_mcp.server.transports.admin import admin
from a2a_mcp.server.transports.http import Ending, check_exposure, serve_http
from a2a_mcp.server.transports.ports import open_port, origin_of
from a2a_mcp.server.transports.workers import Worker, check_workers, start_workers
from a2a_mcp.sign_in.desk import Desk

ON_COMMAND_LINE: Final = ("host", "port", "path", "workers")


@dataclass(frozen=True, slots=True)
class Place:
    """Where hosts find the bridge; with `any_host` by any name."""

    settings: ServerConfig
    sockets: list[socket]
    any_host: bool

    def print_url(self) -> None:
        """Tell the person at the terminal."""
        port = self.sockets[0].getsockname()[1]
        url = origin_of(self.settings.host, port) + self.settings.path
        print(f"a2a-mcp: {url}", file=sys.stderr, flush=True)


def run_http(options: argparse.Namespace, started: Started) -> int:
    """Serve until a signal comes; return the exit code. Raises ConfigError and CannotListen."""
    settings = _settings(options, started.config.server)
    check_exposure(settings, allow_unauthenticated=options.allow_unauthenticated)
    check_workers(settings)
    sockets = anyio.run(open_port, settings.host, settings.port)
    place = Place(settings, sockets, options.allow_unauthenticated)
    if settings.workers == 1:
        return _run(started, place, None)
    place.print_url()  # who connects before a worker serves waits in the queue of the socket
    worker = start_workers(settings.workers)
    return worker if isinstance(worker, int) else _run(started, place, worker)


def _settings(options: argparse.Namespace, configured: ServerConfig) -> ServerConfig:
    """Return the configured settings with those of the command line in their place."""
    given = {name: getattr(options, name) for name in ON_COMMAND_LINE}
    return load.server_with(
        configured, {name: value for name, value in given.items() if value is not None}
    )


def _run(started: Started, place: Place, worker: Worker | None) -> int:
    # uvloop takes connections by itself, so that one worker would get them all.
    options = event_loop() if worker is None else {}
    return anyio.run(_serve, started, place, worker, backend_options=options)


async def _serve(started: Started, place: Place, worker: Worker | None) -> int:
    settings = place.settings
    begin_telemetry(over_http=settings.admin is not None)
    if settings.store:
        from a2a_mcp.server.stores import check_shared

        await check_shared(started.config)
    hooks = webhooks(started, over_http=True)
    tokens = {name: await reveal(token) for name, token in settings.tokens.items()}
    desk = open_desk(settings, started.state_folder)
    door = entrance(settings, tokens, desk)
    readiness = Readiness(door.providers)
    ending = Ending(anyio.Event(), readiness, settings.drain_seconds, worker)
    server = create_server(
        started.config,
        started.state_folder,
        reloader=started.reloader,
        closing=ending.closing,
        webhooks=hooks,
        door=door,
        began=readiness.begin,
        **door.options,
    )
    for further in (hooks, door.pages):
        if further:
            further.mount(server)
    end_startup()
    ready = _say_nothing if worker else place.print_url
    async with admin(_admin_of(settings, worker), readiness), _closing(desk):
        return await serve_http(
            server,
            settings,
            place.sockets,
            ready,
            ending,
            any_host=place.any_host,
            before=door.before,
        )


@asynccontextmanager
async def _closing(desk: Desk | None) -> AsyncIterator[None]:
    try:
        yield
    finally:
        if desk:
            with anyio.CancelScope(shield=True):
                await desk.close()


def _admin_of(settings: ServerConfig, worker: Worker | None) -> AdminTable | None:
    """Return where operators look at this process: each worker has a port of its own."""
    table = settings.admin
    if table is None or worker is None or not table.port:
        return table
    return table.model_copy(update={"port": table.port + worker.number})


def _say_nothing() -> None:
    """Leave the URL to the process that watches the workers."""
