"""Who listens to MCP tasks is told of each change (`notifications/tasks`), until they have ended.

A part of a `subscriptions/listen` stream; `listening` holds the rest. Each notification is what
tasks/get would have answered, so that nobody need ask again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import anyio
import mcp.types as t
from mcp.server.mcpserver import require_client_extension

from a2a_mcp.errors import BridgeError
from a2a_mcp.server.app import App, owner
from a2a_mcp.server.tasks_extension.methods import (
    ENDED,
    IDENTIFIER,
    Context,
    Wire,
    detailed,
    ways_of,
)

LOOK_SECONDS: Final = 1.0  # for what no event announces: what was said on the way, an answer
MOST_TASKS: Final = 100  # of one stream
SHOWN: Final = ("status", "statusMessage", "inputRequests")


class _Notification(t.Notification[Wire, str]):
    """One whose shape the SDK does not know."""

    method: str
    params: Wire


async def listened_to(ctx: Context) -> list[str]:
    """Give the tasks that a stream asks for and that the caller has; MCPError -32021."""
    asked = (ctx.params or {}).get("notifications")
    wanted = asked.get("taskIds") if isinstance(asked, Mapping) else None
    if not isinstance(wanted, list) or not wanted:
        return []
    require_client_extension(ctx, IDENTIFIER)
    named = dict.fromkeys(it for it in wanted[:MOST_TASKS] if isinstance(it, str))
    return [it for it in named if await _is_known(ctx, it)]


async def acknowledge(
    ctx: Context, honoured: t.SubscriptionFilter, task_ids: list[str], meta: Wire
) -> None:
    """Say what a stream will carry."""
    written = honoured.model_dump(by_alias=True, mode="json", exclude_none=True)
    tasks = {"taskIds": task_ids} if task_ids else {}
    params = {"notifications": {**written, **tasks}, "_meta": meta}
    await _send(ctx, "notifications/subscriptions/acknowledged", params)


async def tell(ctx: Context, task_ids: list[str], meta: Wire) -> None:
    """Tell of each change of the tasks until all have ended."""
    async with anyio.create_task_group() as group:
        for task_id in task_ids:
            group.start_soon(_tell, ctx, task_id, meta)


async def _tell(ctx: Context, task_id: str, meta: Wire) -> None:
    app, ways, told = ctx.lifespan_context, ways_of(ctx), None
    while True:
        try:
            job = await app.jobs.look(owner(), task_id)
        except BridgeError:  # the map has let it go
            return
        now = await detailed(app, job, ways)
        shown = [now.get(name) for name in SHOWN]
        if shown != told:
            told = shown
            await _send(ctx, "notifications/tasks", {**now, "_meta": meta})
        if now["status"] in ENDED:
            return
        await job.changed(LOOK_SECONDS)


async def _is_known(ctx: Context, task_id: str) -> bool:
    app: App = ctx.lifespan_context
    try:
        await app.bridge.router.find_task(owner(), task_id, None)
    except BridgeError:
        return False
    return True


async def _send(ctx: Context, method: str, params: Wire) -> None:
    said = _Notification(method=method, params=params)
    await ctx.session.send_notification(said, ctx.request_id)  # type: ignore[arg-type]  # not in its list
