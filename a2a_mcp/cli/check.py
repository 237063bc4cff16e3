"""`a2a-mcp check`: is each agent there, and if not, why."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from a2a_mcp.cli.agent_names import agent_names
from a2a_mcp.cli.options import USUAL, AsJson, Given

NAMES_OR_URLS = Annotated[
    str,
    Parameter(
        name="AGENT",
        help="an agent's name, its URL or its card's, or NAME=URL",
        completer=agent_names,
    ),
]
Deep = Annotated[bool, Parameter(help="send each agent a harmless message as well")]


def check(
    *agents: NAMES_OR_URLS, deep: Deep = False, as_json: AsJson = False, options: Given = USUAL
) -> int:
    """Contact every agent, say how each is and what to do; return 1 if one cannot be used."""
    from a2a_mcp.cli.work.check import check_agents

    return check_agents(agents, deep=deep, as_json=as_json, options=options)
