"""A small HTTP server beside the one of MCP: it takes no signals, and ends when it is cancelled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from socket import socket
from typing import Final

import anyio
import uvicorn
from starlette.types import ASGIApp

MOST_CONNECTIONS: Final = 200


async def listen(app: ASGIApp, sockets: list[socket]) -> None:
    """Serve until cancelled."""
    server = _Server(_settings(app))
    async with anyio.create_task_group() as group:
        group.start_soon(_serve, server, sockets)
        try:
            await anyio.sleep_forever()
        finally:
            server.should_exit = True


def _settings(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        lifespan="off",
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=1,
    )


async def _serve(server: uvicorn.Server, sockets: list[socket]) -> None:
    # A cancelled uvicorn leaves its sockets open, so it is ended only by should_exit.
    with anyio.CancelScope(shield=True):
        await server.serve(sockets)


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: the process ends as its host wants."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Install no signal handlers."""
        yield
