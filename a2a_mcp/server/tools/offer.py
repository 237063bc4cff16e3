"""Which tools a host is offered, by the configuration.

The order never changes: hosts cache prompts with it. A toolset is imported when it is offered.
"""

from __future__ import annotations

from typing import Final

import mcp.types as t

from a2a_mcp.config.schema import ServerConfig
from a2a_mcp.server.tools.definitions import TABLE
from a2a_mcp.server.tools.rows import READ, Row
from a2a_mcp.server.tools.strict import StrictTool

TENANT: Final = "tenant"


def offered_tools(config: ServerConfig, *, tenants: bool = False) -> list[StrictTool]:
    """Return the tools that the configuration offers; with `read_only` those that only read.

    A tenant can be named only where an agent has `tenants`.
    """
    tools = [tool_of(row) for row in _rows(config) if row[2] is READ or not config.read_only]
    if not tenants:
        for tool in tools:
            tool.parameters["properties"].pop(TENANT, None)
    return tools


def tool_of(row: Row) -> StrictTool:
    """Return one tool."""
    function, title, hints, output = row
    annotations = t.ToolAnnotations(title=title, **hints)
    return StrictTool.of(function, title=title, annotations=annotations, output=output)


def _rows(config: ServerConfig) -> tuple[Row, ...]:
    rows = TABLE
    if config.tools == "skills":
        from a2a_mcp.server.tools.skills import GOING_ON

        rows = tuple(GOING_ON.get(row[0].__name__, row) for row in rows)
    if "push" in config.toolsets:
        from a2a_mcp.server.tools import push

        rows += push.TABLE
    if "registry" in config.toolsets:
        from a2a_mcp.server.tools import registry

        rows += registry.TABLE
    return rows
