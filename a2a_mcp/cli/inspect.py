"""`a2a-mcp inspect AGENT`: an agent through a model's eyes, for the agent's author."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from cyclopts import Parameter

from a2a_mcp.cli.options import USUAL, AgentName, AsJson, Given

AsHtml: TypeAlias = Annotated[bool, Parameter(name="--html", help="print a page for a browser")]


def inspect(
    agent: AgentName, /, *, as_json: AsJson = False, as_html: AsHtml = False, options: Given = USUAL
) -> int:
    """Send each skill's first example, and report what a model sees and what it may misread."""
    from a2a_mcp.cli.work.inspect import inspect_agent

    return inspect_agent(agent, as_json=as_json, as_html=as_html, options=options)
