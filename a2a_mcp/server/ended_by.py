"""Work that an event ends, such as the coming end of the server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio


@asynccontextmanager
async def ended_by(event: anyio.Event) -> AsyncIterator[None]:
    """Cancel what runs within the block as soon as `event` is set; nothing may be raised there."""
    async with anyio.create_task_group() as group:
        group.start_soon(_cancel_at, event, group.cancel_scope)
        yield
        group.cancel_scope.cancel()


async def _cancel_at(event: anyio.Event, scope: anyio.CancelScope) -> None:
    await event.wait()
    scope.cancel()
