"""Which tools a host is offered, by the configuration.

The order never changes: hosts cache prompts with it. A toolset is imported when it is offered.
"""

from __future__ import annotations

import mcp.types as t

from a2a_mcp.config.schema import ServerConfig
from a2a_mcp.server.tools.definitions import TABLE
from a2a_mcp.server.tools.rows import READ, Row
from a2a_mcp.server.tools.strict import StrictTool


def offered_tools(config: ServerConfig) -> list[StrictTool]:
    """Return the tools that the configuration offers; with `read_only` those that only read."""
    return [tool_of(row) for row in _rows(config) if row[2] is READ or not config.read_only]


def tool_of(row: Row) -> StrictTool:
    """Return one tool."""
    function, title, hints, output = row
    annotations = t.ToolAnnotations(title=title, **hints)
    return StrictTool.of(function, title=title, annotations=annotations, output=output)


def _rows(config: ServerConfig) -> tuple[Row, ...]:
    rows = TABLE
    if "push" in config.toolsets:
        from a2a_mcp.server.tools import push

        rows += push.TABLE
    if "registry" in config.toolsets:
        from a2a_mcp.server.tools import registry

        rows += registry.TABLE
    return rows
