"""Offer the view to hosts that say they render views.

`list_tasks` names the page as its view. The page may call only the tools that it needs. All other
tools are marked for the model alone, so that the host refuses a call of them from the page. A host
that renders no views gets the same list of tools as without the view.
"""

from __future__ import annotations

from typing import Any, Final

import mcp.types as t
from mcp.server import MCPServer
from mcp.server.apps import EXTENSION_ID, client_supports_apps

from a2a_mcp.server.apps import page
from a2a_mcp.server.call import RequestCtx
from a2a_mcp.server.sdk_private import lowlevel_server
from a2a_mcp.server.serving import Serving

LIST: Final = "tools/list"
READ: Final = "resources/read"
SHOWN: Final = "list_tasks"
CALLED: Final = frozenset({"get_task", "cancel_task"})
"""What the page calls besides the tool that it shows."""


def offer_view(server: MCPServer[Serving], *, cancels: bool) -> None:
    """Let `server` offer the view beside what it serves already."""
    lowlevel = lowlevel_server(server)
    lists, reads = lowlevel.get_request_handler(LIST), lowlevel.get_request_handler(READ)
    assert lists  # noqa: S101 - every server has both
    assert reads  # noqa: S101

    async def list_tools(ctx: RequestCtx, params: t.PaginatedRequestParams) -> Any:
        result = await lists.handler(ctx, params)
        if isinstance(result, t.ListToolsResult) and client_supports_apps(ctx):
            return _with_view(result)
        return result

    async def read_resource(ctx: RequestCtx, params: t.ReadResourceRequestParams) -> Any:
        if str(params.uri) != page.URI:
            return await reads.handler(ctx, params)
        return t.ReadResourceResult(contents=[page.contents(cancels=cancels)])

    lowlevel.add_request_handler(LIST, t.PaginatedRequestParams, list_tools)
    lowlevel.add_request_handler(READ, t.ReadResourceRequestParams, read_resource)
    lowlevel.extensions[EXTENSION_ID] = {}


def _with_view(result: t.ListToolsResult) -> t.ListToolsResult:
    """Return a list for hosts that render views; a cache may not give it to any other."""
    tools = [tool.model_copy(update={"meta": _meta(tool)}) for tool in result.tools]
    return result.model_copy(update={"tools": tools, "cache_scope": "private"})


def _meta(tool: t.Tool) -> dict[str, Any] | None:
    if tool.name == SHOWN:
        return {**(tool.meta or {}), "ui": {"resourceUri": page.URI}}
    if tool.name in CALLED:
        return tool.meta
    return {**(tool.meta or {}), "ui": {"visibility": ["model"]}}
