"""Progress notifications: an agent's words while a call waits, at most five a second.

The count always increases, as MCP requires. An update that was held back is sent when the call
ends, so the last one is never lost. Nothing is sent if the host did not ask for progress.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace
from types import TracebackType
from typing import Any, Final

import anyio
from mcp.server.mcpserver import Context

from a2a_mcp.presentation.task_view import UpdateView
from a2a_mcp.server.results import StreamMask, short_update

INTERVAL: Final = 0.2
KEPT_BEFORE: Final = 16_384  # characters sent before; their end may be the start of a secret


class Progress:
    """Sends the progress of one call, as long as its context is open."""

    def __init__(self, context: Context[Any, Any], mask: StreamMask) -> None:
        self._context = context
        self._mask = mask
        self._group = anyio.create_task_group()
        self._count = 0
        self._last = float("-inf")
        self._before = ""
        self._held: UpdateView | None = None
        self._sending: anyio.Event | None = None

    async def __aenter__(self) -> Progress:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Send the last update; an error of the call is raised as it is, not wrapped in a group."""
        if error is None:
            await self._send_held()
        self._group.cancel_scope.cancel()
        await self._group.__aexit__(None, None, None)

    async def __call__(self, update: UpdateView) -> None:
        """Send an update, or hold it back until INTERVAL has passed since the last one.

        A host may be slow to take one: what comes meanwhile is held back too.
        """
        update = self._masked(update)
        if self._held is not None:
            self._held = update
            return
        wait = self._last + INTERVAL - anyio.current_time()
        if wait > 0 or self._sending:
            self._held = update
            self._group.start_soon(self._send_later, wait)
        else:
            await self._send(update)

    def _masked(self, update: UpdateView) -> UpdateView:
        """Return an update with secrets masked, also one that began in an earlier update."""
        before, text = self._before, update.text
        self._before = (before + text)[-KEPT_BEFORE:]
        return replace(update, text=self._mask.pieces((before, text))[1])

    async def _send_later(self, wait: float) -> None:
        await anyio.sleep(max(wait, 0))
        await self._send_held()

    async def _send_held(self) -> None:
        """Send what is held back, after the update that is on its way."""
        while self._sending:
            await self._sending.wait()
        if self._held:
            await self._send(self._held)

    async def _send(self, update: UpdateView) -> None:
        self._held = None
        self._last = anyio.current_time()
        self._count += 1
        words = short_update(update.text) or update.state
        sending = self._sending = anyio.Event()
        try:
            await self._context.report_progress(self._count, None, words)
        finally:
            self._sending = None
            sending.set()


def progress_of(
    context: Context[Any, Any], mask: StreamMask
) -> AbstractAsyncContextManager[Progress | None]:
    """Return the context of a call's progress; it yields None if the host did not ask for it."""
    meta = context.request_context.meta
    if meta and meta.get("progress_token") is not None:
        return Progress(context, mask)
    return nullcontext()
