"""Serving one host over stdin and stdout, so that state is saved whichever way it ends.

The SDK's own runner skips the end of the lifespan on SIGTERM and hangs on SIGINT. So signals are
handled here. Where the event loop can wait for stdin and stdout, the process ends by its own
return. Elsewhere the SDK's streams serve, whose thread cannot be joined while it reads stdin; there
the process ends itself at a signal, once the lifespan has ended.
"""

from __future__ import annotations

import os
from contextlib import AbstractAsyncContextManager
from typing import Any

import anyio
from anyio.lowlevel import checkpoint
from mcp.server import MCPServer
from mcp.server.stdio import stdio_server

from a2a_mcp.server.sdk_private import lowlevel_server
from a2a_mcp.server.transports.first_words import can_wait_for
from a2a_mcp.server.transports.greeting import Greeting
from a2a_mcp.server.transports.signals import (
    GRACE_SECONDS,
    Signals,
    end_at_the_latest,
    received_signals,
)


async def serve_stdio(
    server: MCPServer[Any],
    closed: anyio.Event,
    closing: anyio.Event,
    greeting: Greeting | None = None,
) -> int:
    """Serve until the host closes stdin or stdout, or a signal comes; return the exit code.

    `closing` is set as soon as the end is near, before running calls are cancelled. The caller sets
    `closed` when the lifespan has ended. `greeting` is what the host has said already.
    """
    lowlevel = lowlevel_server(server)
    threadless = can_wait_for(0, 1)
    with received_signals() as signals:
        async with anyio.create_task_group() as group:
            serving = anyio.CancelScope()
            end = _end if threadless else _end_beside_a_thread
            group.start_soon(end, signals, serving, closed, closing)
            with serving:
                async with _streams(closing, greeting, threadless=threadless) as (read, write):
                    incoming: Any = _ClosingStream(read, closing)
                    await lowlevel.run(incoming, write, lowlevel.create_initialization_options())
            group.cancel_scope.cancel()
    return signals.exit_code


def _streams(
    closing: anyio.Event, greeting: Greeting | None, *, threadless: bool
) -> AbstractAsyncContextManager[tuple[Any, Any]]:
    if not threadless:
        return stdio_server()
    from a2a_mcp.server.transports.pipes import pipe_streams

    return pipe_streams(closing, greeting)


class _ClosingStream:
    """The stream of the host's messages, which also sets `closing` at its end."""

    def __init__(self, stream: Any, closing: anyio.Event) -> None:
        self._stream = stream
        self._closing = closing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    async def __aenter__(self) -> _ClosingStream:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stream.aclose()

    def __aiter__(self) -> _ClosingStream:
        return self

    async def __anext__(self) -> Any:
        try:
            return await self._stream.__anext__()
        except StopAsyncIteration:
            self._closing.set()
            await checkpoint()  # lets the tasks that wait for `closing` run first
            raise


async def _end(
    signals: Signals, serving: anyio.CancelScope, _closed: anyio.Event, closing: anyio.Event
) -> None:
    await signals.came.wait()
    end_at_the_latest(GRACE_SECONDS, signals.received[0])
    await _cancel(serving, closing)


async def _end_beside_a_thread(
    signals: Signals, serving: anyio.CancelScope, closed: anyio.Event, closing: anyio.Event
) -> None:
    await signals.came.wait()
    await _cancel(serving, closing)
    with anyio.move_on_after(GRACE_SECONDS):
        await closed.wait()
    os._exit(signals.exit_code)  # the thread that reads stdin cannot be joined


async def _cancel(serving: anyio.CancelScope, closing: anyio.Event) -> None:
    closing.set()
    await checkpoint()  # lets the tasks that wait for `closing` run first
    serving.cancel()
