"""MCP tasks (`io.modelcontextprotocol/tasks`, SEP-2663) as the SDK's server is given them.

Only what describes the extension is imported here; a client that does not declare it never sees a
task, and most declare none.
"""

from __future__ import annotations

from collections.abc import Sequence

import mcp.types as t
from mcp.server.context import CallNext, HandlerResult
from mcp.server.extension import Extension, MethodBinding

from a2a_mcp.server.call import RequestCtx
from a2a_mcp.server.tasks_extension.wire import (
    IDENTIFIER,
    VERSION,
    StartedTask,
    TaskParams,
    UpdateParams,
    Wire,
)


class McpTasks(Extension):
    """The extension; it keeps no state."""

    identifier = IDENTIFIER

    def methods(self) -> Sequence[MethodBinding]:
        """Return the three methods, bound to the protocol version that has them."""
        versions = frozenset({VERSION})
        return [
            MethodBinding("tasks/get", TaskParams, _get, versions),
            MethodBinding("tasks/update", UpdateParams, _update, versions),
            MethodBinding("tasks/cancel", TaskParams, _cancel, versions),
        ]

    async def intercept_tool_call(
        self, params: t.CallToolRequestParams, ctx: RequestCtx, call_next: CallNext
    ) -> HandlerResult:
        """Return the task of a call whose tool has started one, else the tool's own result."""
        result = await call_next(ctx)
        if not isinstance(result, StartedTask):
            return result
        from a2a_mcp.server.tasks_extension.detailed_task import working_task

        return {"resultType": "task", **working_task(ctx.lifespan_context.app, result.job)}


async def _get(ctx: RequestCtx, params: TaskParams) -> Wire:
    from a2a_mcp.server.other_requests import noted
    from a2a_mcp.server.tasks_extension import methods

    return await noted(ctx, params, methods.get)


async def _update(ctx: RequestCtx, params: UpdateParams) -> Wire:
    from a2a_mcp.server.other_requests import noted
    from a2a_mcp.server.tasks_extension import methods

    return await noted(ctx, params, methods.update)


async def _cancel(ctx: RequestCtx, params: TaskParams) -> Wire:
    from a2a_mcp.server.other_requests import noted
    from a2a_mcp.server.tasks_extension import methods

    return await noted(ctx, params, methods.cancel)
