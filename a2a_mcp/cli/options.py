"""The arguments and options that commands share, as their parser fills them in.

A command's own module imports nothing that its work needs, so that its `--help` answers at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, TypeAlias

from cyclopts import Parameter

from a2a_mcp.cli.agent_names import agent_names
from a2a_mcp.cli.start_options import Options

Given: TypeAlias = Annotated[Options, Parameter(name="*")]
USUAL: Final = Options()

Url: TypeAlias = str
AgentName: TypeAlias = Annotated[
    str, Parameter(name="AGENT", help="the agent's name", completer=agent_names)
]
OfAgent: TypeAlias = Annotated[
    str | None,
    Parameter(name="--agent", metavar="AGENT", help="only of this agent", completer=agent_names),
]
TaskId: TypeAlias = Annotated[str, Parameter(name="TASK", help="the task's id")]
ConfigFile: TypeAlias = Annotated[
    Path | None,
    Parameter(
        name="--config", metavar="FILE", help="agents.toml ($A2A_MCP_CONFIG, else the user's)"
    ),
]
Name: TypeAlias = Annotated[
    str | None, Parameter(metavar="NAME", help="its name; without it, the card's")
]
Description: TypeAlias = Annotated[
    str | None,
    Parameter(metavar="TEXT", help="what it is for, in words that your model trusts"),
]
AsJson: TypeAlias = Annotated[
    bool, Parameter(name="--json", help="print JSON for a script instead of text")
]
