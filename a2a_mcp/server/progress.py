"""Progress notifications: an agent's words while a call waits, at most five a second.

The count always increases; what was held back is sent when the call ends, so the last word is never
lost. Nothing is sent, or even worded, when the host did not ask for progress.
"""

from __future__ import annotations

import time
from typing import Any, Final

from mcp.server.mcpserver import Context

from a2a_mcp.views import UpdateView

INTERVAL: Final = 0.2


class Progress:
    """The progress of one call."""

    def __init__(self, context: Context[Any, Any]) -> None:
        self._context = context
        self._count = 0
        self._last = float("-inf")
        self._held: UpdateView | None = None

    async def __call__(self, update: UpdateView) -> None:
        """Send an update, or hold it back while the last one is fresh."""
        now = time.monotonic()
        if now - self._last < INTERVAL:
            self._held = update
            return
        self._last = now
        await self._send(update)

    async def flush(self) -> None:
        """Send what was held back last."""
        if self._held:
            await self._send(self._held)

    async def _send(self, update: UpdateView) -> None:
        self._held = None
        self._count += 1
        await self._context.report_progress(self._count, None, update.text or update.state)


def progress_of(context: Context[Any, Any]) -> Progress | None:
    """Give the progress of a call, or None when the host did not ask for it."""
    meta = context.request_context.meta
    return Progress(context) if meta and meta.get("progress_token") is not None else None
