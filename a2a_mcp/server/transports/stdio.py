"""Serving one host over stdin and stdout, so that state is saved whichever way it ends.

The SDK's own runner skips the end of the lifespan on SIGTERM and hangs on SIGINT, because a thread
that reads stdin cannot be interrupted. So signals are handled here, and the process ends itself
once the lifespan has ended.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

import anyio
from anyio.lowlevel import checkpoint, current_token
from mcp.server import MCPServer
from mcp.server.stdio import stdio_server

from a2a_mcp.server.sdk_private import lowlevel_server

GRACE_SECONDS: Final = 1.5
SIGNALS: Final = tuple(
    getattr(signal, name)
    for name in ("SIGTERM", "SIGINT", "SIGBREAK")  # Windows: Ctrl-C and Ctrl-Break
    if hasattr(signal, name)
)


async def serve_stdio(server: MCPServer[Any], closed: anyio.Event, closing: anyio.Event) -> None:
    """Serve until stdin closes or a signal comes.

    `closing` is set as soon as the end is near, before running calls are cancelled. The caller sets
    `closed` when the lifespan has ended.
    """
    lowlevel = lowlevel_server(server)
    async with anyio.create_task_group() as group:
        serving = anyio.CancelScope()
        group.start_soon(_end_on_signal, serving, closed, closing)
        with serving:
            async with stdio_server() as (read, write):
                incoming: Any = _ClosingStream(read, closing)
                await lowlevel.run(incoming, write, lowlevel.create_initialization_options())
        group.cancel_scope.cancel()


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


async def _end_on_signal(
    serving: anyio.CancelScope, closed: anyio.Event, closing: anyio.Event
) -> None:
    with _received_signals() as (received, came):
        await came.wait()
        closing.set()
        await checkpoint()  # lets the tasks that wait for `closing` run first
        serving.cancel()
        with anyio.move_on_after(GRACE_SECONDS):
            await closed.wait()
        os._exit(128 + received[0])  # the thread that reads stdin cannot be joined


@contextmanager
def _received_signals() -> Iterator[tuple[list[int], anyio.Event]]:
    """Yield the signals received, and an event that the first one sets.

    Event loops on Windows take no handlers of signals, so Python's own are set, everywhere alike.
    """
    received: list[int] = []
    came = anyio.Event()
    loop: Any = current_token().native_token

    def note(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        loop.call_soon_threadsafe(came.set)  # a handler runs between any two instructions

    before = {number: signal.signal(number, note) for number in SIGNALS}
    try:
        yield received, came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
