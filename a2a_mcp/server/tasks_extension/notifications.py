"""Notifications of MCP tasks (`notifications/tasks`), sent until the tasks have ended.

They are a part of a `subscriptions/listen` stream, which `resources.subscriptions` serves. Each
holds what tasks/get would return, so that the client need not poll.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import anyio
import mcp.types as t
from mcp.server.mcpserver import require_client_extension

from a2a_mcp.errors import BridgeError, CallsTooFast
from a2a_mcp.server.call import RequestCtx
from a2a_mcp.server.caller import owner
from a2a_mcp.server.elicitation.modes import modes_of
from a2a_mcp.server.tasks_extension.detailed_task import ENDED, detailed_task
from a2a_mcp.server.tasks_extension.wire import IDENTIFIER, Wire

LOOK_SECONDS: Final = 1.0  # the agent's words on the way, and answers, cause no event
MAX_TASKS: Final = 100  # per stream
COMPARED: Final = ("status", "statusMessage", "inputRequests")


class _Notification(t.Notification[Wire, str]):
    """A notification whose shape the SDK does not know."""

    method: str
    params: Wire


async def requested_tasks(ctx: RequestCtx) -> list[str]:
    """Return the tasks that a stream asks for and that the caller owns.

    Raises MCPError -32021 if the client does not declare the extension.
    """
    asked = (ctx.params or {}).get("notifications")
    wanted = asked.get("taskIds") if isinstance(asked, Mapping) else None
    if not isinstance(wanted, list) or not wanted:
        return []
    require_client_extension(ctx, IDENTIFIER)
    named = dict.fromkeys(task_id for task_id in wanted[:MAX_TASKS] if isinstance(task_id, str))
    return [task_id for task_id in named if await _is_known(ctx, task_id)]


async def acknowledge(
    ctx: RequestCtx, honoured: t.SubscriptionFilter, task_ids: list[str], meta: Wire
) -> None:
    """Send what a stream will carry."""
    written = honoured.model_dump(by_alias=True, mode="json", exclude_none=True)
    tasks = {"taskIds": task_ids} if task_ids else {}
    params = {"notifications": {**written, **tasks}, "_meta": meta}
    await _send(ctx, "notifications/subscriptions/acknowledged", params)


async def notify_until_ended(ctx: RequestCtx, task_ids: list[str], meta: Wire) -> None:
    """Send a notification for each change of the tasks, until all have ended."""
    async with anyio.create_task_group() as group:
        for task_id in task_ids:
            group.start_soon(_notify, ctx, task_id, meta)


async def _notify(ctx: RequestCtx, task_id: str, meta: Wire) -> None:
    app, modes, sent = ctx.lifespan_context.app, modes_of(ctx), None
    while True:
        try:
            job = await app.jobs.look(owner(), task_id, app.admit)
        except CallsTooFast as error:
            await anyio.sleep(error.seconds)
            continue
        except BridgeError:  # the task has been removed from the store
            return
        task = await detailed_task(app, job, modes)
        current = [task.get(name) for name in COMPARED]
        if current != sent:
            sent = current
            await _send(ctx, "notifications/tasks", {**task, "_meta": meta})
        if task["status"] in ENDED:
            return
        await job.changed(LOOK_SECONDS)


async def _is_known(ctx: RequestCtx, task_id: str) -> bool:
    app = ctx.lifespan_context.app
    try:
        await app.bridge.router.find_task(owner(), task_id, None)
    except BridgeError:
        return False
    return True


async def _send(ctx: RequestCtx, method: str, params: Wire) -> None:
    message = _Notification(method=method, params=params)
    # The SDK's type lists only the notifications that it knows.
    await ctx.session.send_notification(message, ctx.request_id)  # type: ignore[arg-type]
