"""Serving one host over stdin and stdout, with an end that saves the state.

The SDK's own runner skips the lifespan on SIGTERM and hangs on SIGINT, because a thread waits for
stdin and cannot be interrupted (mcp-server 6); so signals are handled here and the process ends
itself once the lifespan is through.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any, Final

import anyio
from mcp.server import MCPServer

GRACE_SECONDS: Final = 1.5


async def serve_stdio(server: MCPServer[Any], closed: anyio.Event) -> None:
    """Serve until stdin closes or a signal comes; `closed` is set by the lifespan's end."""
    async with anyio.create_task_group() as group:
        serving = anyio.CancelScope()
        if sys.platform != "win32":
            group.start_soon(_end_on_signal, serving, closed)
        with serving:
            await server.run_stdio_async()
        group.cancel_scope.cancel()


async def _end_on_signal(serving: anyio.CancelScope, closed: anyio.Event) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for number in signals:
            serving.cancel()
            with anyio.move_on_after(GRACE_SECONDS):
                await closed.wait()
            os._exit(128 + number)  # the thread that reads stdin cannot be joined
