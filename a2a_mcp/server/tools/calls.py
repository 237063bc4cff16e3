"""What each tool does: it calls one use case and returns its result.

The tools are declared in `definitions`; this module is imported when a host first calls one.
"""

from __future__ import annotations

from typing import Any

import mcp.types as t

from a2a_mcp.a2a.model import TaskState
from a2a_mcp.bridge.list_tasks import TaskFilter
from a2a_mcp.bridge.send import SendRequest
from a2a_mcp.errors import NotAllowed
from a2a_mcp.files.file_argument import FileIn
from a2a_mcp.files.incoming import data_parts, to_parts
from a2a_mcp.presentation.artifact_request import ArtifactRequest, Unit
from a2a_mcp.presentation.task_view import TaskView
from a2a_mcp.server import results
from a2a_mcp.server.call import Ctx, Result, app_of
from a2a_mcp.server.caller import owner
from a2a_mcp.server.content_blocks import blocks_of
from a2a_mcp.server.elicitation.rounds import answered
from a2a_mcp.server.progress import progress_of
from a2a_mcp.server.task_results import result_of
from a2a_mcp.server.tasks_extension.sending import accepts_tasks, send_as_task
from a2a_mcp.server.tools.arguments import UNFINISHED
from a2a_mcp.server.tools.boundary import returns_errors


@returns_errors
async def agent_info(ctx: Ctx, *, agent: str | None, refresh: bool | None) -> t.CallToolResult:
    """Describe the agents, or one of them."""
    app = app_of(ctx)
    return results.of_view(await app.agents(agent, refresh=bool(refresh)), app.mask)


@returns_errors
async def send_task(
    ctx: Ctx,
    *,
    message: str,
    agent: str | None,
    task_id: str | None,
    context_id: str | None,
    data: Any,
    files: list[FileIn] | None,
    metadata: dict[str, Any] | None,
    wait_seconds: float | None,
    tenant: str | None,
) -> Result:
    """Send a message and return the answer, the question or the working task."""
    app = app_of(ctx)
    request = SendRequest(
        text=message,
        agent=agent,
        task_id=task_id,
        context_id=context_id,
        tenant=tenant,
        parts=data_parts(data) + (await to_parts(files, app.paths) if files else ()),
        metadata=metadata or {},
        wait_seconds=wait_seconds,
    )
    async with progress_of(ctx, app.mask) as progress:
        if wait_seconds is None and accepts_tasks(ctx.request_context):
            return await send_as_task(ctx, app, request, progress)
        return await answered(
            ctx, app, request, lambda each: app.bridge.send(owner(), each, progress)
        )


@returns_errors
async def get_task(
    ctx: Ctx, *, task_id: str, agent: str | None, history_length: int | None
) -> t.CallToolResult:
    """Read a task as it is now."""
    app = app_of(ctx)
    view = await app.bridge.get(owner(), task_id, agent, history_length)
    return await result_of(app, view)


@returns_errors
async def get_artifact(
    ctx: Ctx,
    *,
    task_id: str,
    artifact_id: str,
    agent: str | None,
    part: int | None,
    unit: Unit | None,
    offset: int | None,
    limit: int | None,
    pointer: str | None,
    search: str | None,
) -> t.CallToolResult:
    """Read one artifact."""
    app = app_of(ctx)
    wanted = ArtifactRequest(
        artifact_id, part, unit or "characters", offset or 0, limit, pointer, search
    )
    piece = await app.artifact_reader.read(owner(), task_id, agent, wanted)
    blocks = blocks_of(piece, app.mask, ctx.protocol_version)
    return t.CallToolResult(content=blocks)


@returns_errors
async def cancel_task(
    ctx: Ctx, *, task_id: str, agent: str | None, reason: str | None
) -> t.CallToolResult:
    """Ask the agent to stop a task."""
    app = app_of(ctx)
    view = await app.bridge.cancel(owner(), task_id, agent, reason)
    return await result_of(app, view)


@returns_errors
async def subscribe(
    ctx: Ctx,
    *,
    task_id: str | None,
    message: str | None,
    agent: str | None,
    context_id: str | None,
    wait_seconds: float | None,
    max_updates: int | None,
) -> Result:
    """Wait for a task and return what happened."""
    app = app_of(ctx)
    if (task_id is None) == (message is None):
        raise NotAllowed(
            "subscribe needs exactly one of task_id and message.", "Correct it and call again."
        )
    request = SendRequest(
        text=message or "",
        agent=agent,
        task_id=task_id,
        context_id=context_id,
        wait_seconds=wait_seconds,
    )
    async with progress_of(ctx, app.mask) as progress:

        async def follow(each: SendRequest) -> TaskView:
            return await app.bridge.subscribe(owner(), each, max_updates or 20, progress)

        return await answered(ctx, app, request, follow)


@returns_errors
async def list_tasks(
    ctx: Ctx,
    *,
    agent: str | None,
    context_id: str | None,
    state: str | None,
    updated_after: str | None,
    remote: bool | None,
    limit: int | None,
    cursor: str | None,
) -> t.CallToolResult:
    """List the tasks of the caller."""
    app = app_of(ctx)
    wanted = TaskFilter(
        agent=agent,
        context_id=context_id,
        state=TaskState(state) if state and state != UNFINISHED else None,
        unfinished=state == UNFINISHED,
        updated_after=updated_after,
        limit=limit or 20,
        cursor=cursor,
    )
    view = await app.lister.list(owner(), wanted, remote=bool(remote))
    return results.of_view(view, app.mask)
