"""`a2a-mcp agents`: list the agents, and change agents.toml without losing comments."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from cyclopts import App, Parameter

from a2a_mcp.cli.agent_names import agent_names
from a2a_mcp.cli.options import USUAL, AsJson, ConfigFile, Description, Given, Name, Url

agents: Final = App(name="agents", default_parameter=Parameter(negative=()))

Agent: TypeAlias = Annotated[
    str, Parameter(name="NAME", help="the agent's name", completer=agent_names)
]


@agents.default
@agents.command(name="list")
def list_agents(*, options: Given = USUAL, as_json: AsJson = False) -> int:
    """List the agents of the configuration; none is contacted."""
    from a2a_mcp.cli.work import agents as work

    return work.list_agents(options, as_json=as_json)


@agents.command
def add(
    url: Annotated[Url, Parameter(name="URL", help="the agent's URL or its card's, or NAME=URL")],
    /,
    *,
    name: Name = None,
    description: Description = None,
    config: ConfigFile = None,
) -> int:
    """Add an agent: its card is fetched, and proposes what is written."""
    from a2a_mcp.cli.work import agents as work

    return work.add(url, name, description, config)


@agents.command
def remove(name: Agent, /, *, config: ConfigFile = None) -> int:
    """Remove an agent."""
    from a2a_mcp.cli.work import agents as work

    return work.remove(name, config)


@agents.command
def enable(name: Agent, /, *, config: ConfigFile = None) -> int:
    """Let an agent be used again."""
    from a2a_mcp.cli.work import agents as work

    return work.switch(name, config, on=True)


@agents.command
def disable(name: Agent, /, *, config: ConfigFile = None) -> int:
    """Leave an agent in the file, but do not use it."""
    from a2a_mcp.cli.work import agents as work

    return work.switch(name, config, on=False)


@agents.command
def show(name: Agent, /, *, options: Given = USUAL, as_json: AsJson = False) -> int:
    """Contact one agent and show its description as a model gets it."""
    from a2a_mcp.cli.work import agents as work

    return work.show(name, options, as_json=as_json)


@agents.command
def pin(name: Agent, /, *, options: Given = USUAL) -> int:
    """Agree to how a pinned card has changed: pin it as it is now."""
    from a2a_mcp.cli.work.pin import pin as work

    return work(name, options)
