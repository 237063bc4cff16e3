"""The MCP server that offers the tools of skills beside its own.

A client learns of a changed list by the change feed: since 2026-07-28 on a stream that it opens,
before that in the session that has listed the tools.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

import mcp.types as t
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.shared.exceptions import MCPError
from mcp.types.version import is_version_at_least

from a2a_mcp.bridge.offered_skills import OfferedSkill
from a2a_mcp.presentation import skill_sentences
from a2a_mcp.presentation.skill_names import SEPARATOR
from a2a_mcp.server.call import RequestCtx, Result
from a2a_mcp.server.resources.subscriptions import session_stream
from a2a_mcp.server.sdk_private import lowlevel_server, promise_tool_changes
from a2a_mcp.server.serving import Serving
from a2a_mcp.server.tools.definitions import TABLE
from a2a_mcp.server.tools.offer import tool_of
from a2a_mcp.server.tools.skills import listed, tool_of_skill
from a2a_mcp.server.tools.strict import StrictTool, error_result

STREAMS_SINCE: Final = "2026-07-28"
SEND_TASK: Final = 1
LIST: Final = "tools/list"


class SkillServer(MCPServer[Serving]):
    """A server whose tools are its own and those of the skills that are offered now."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._send_task = tool_of(TABLE[SEND_TASK])
        self._made: dict[OfferedSkill, StrictTool] = {}
        promise_tool_changes(self)
        lowlevel_server(self).add_request_handler(LIST, t.PaginatedRequestParams, self._list)

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Serving, Any] | None = None
    ) -> Result:
        """Call one of the server's own tools, or that of a skill."""
        if context is None or SEPARATOR not in name:
            return await super().call_tool(name, arguments, context)
        app = context.request_context.lifespan_context.app
        skill = await app.skills.find(name) if app.skills else None
        if skill is None:
            words = skill_sentences.NOT_OFFERED.format(name=name[:80])
            return error_result(words, skill_sentences.NOT_OFFERED_NEXT)
        result: Result = await self._tool(skill).run(arguments, context, convert_result=True)
        return result

    async def _list(self, ctx: RequestCtx, _: t.PaginatedRequestParams) -> t.ListToolsResult:
        app = ctx.lifespan_context.app
        offered = await app.skills.current() if app.skills else ()
        if not is_version_at_least(ctx.protocol_version, STREAMS_SINCE):
            with suppress(MCPError):  # it has as many streams as are allowed
                session_stream(app, ctx.session).tool_changes = True
        self._made = {skill: self._tool(skill) for skill in offered}
        tools = [listed(tool, app.mask) for tool in self._made.values()]
        found = [*await self.list_tools(), *tools]
        return t.ListToolsResult(tools=found, ttl_ms=0, cache_scope="public")

    def _tool(self, skill: OfferedSkill) -> StrictTool:
        tool = self._made.get(skill)
        if tool is None:
            tool = self._made[skill] = tool_of_skill(skill, self._send_task)
        return tool
