"""A call of a tool: what it is given, what it returns, and what the calls share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import mcp.types as t
from mcp.server.context import ServerRequestContext
from mcp.server.mcpserver import Context

from a2a_mcp.server.serving import Serving

if TYPE_CHECKING:
    from a2a_mcp.server.app import App

Ctx: TypeAlias = Context[Serving, Any]
"""The context of a call of a tool."""

RequestCtx: TypeAlias = ServerRequestContext[Serving, Any]
"""The context of any request."""

Result: TypeAlias = t.CallToolResult | t.InputRequiredResult


def app_of(ctx: Ctx) -> App:
    """Return what the calls share."""
    return ctx.request_context.lifespan_context.app
