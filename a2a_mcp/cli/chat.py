"""`a2a-mcp chat AGENT`: a conversation with an agent, line by line."""

from __future__ import annotations

from a2a_mcp.cli.options import USUAL, AgentName, Given


def chat(agent: AgentName, /, *, options: Given = USUAL) -> int:
    """Talk with an agent in one conversation; an empty line ends it."""
    from a2a_mcp.cli.work.chat import talk

    return talk(agent, options)
