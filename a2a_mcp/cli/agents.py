"""`a2a-mcp agents`: list the agents, and change agents.toml without losing comments."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

import anyio
from cyclopts import App, Parameter

from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.agents.registry import Registry
from a2a_mcp.bridge.describe_agents import describe_agent
from a2a_mcp.cli import adding, agents_file
from a2a_mcp.cli.exit_codes import DONE, FAILED
from a2a_mcp.cli.hosts.installation import Change
from a2a_mcp.cli.init import report
from a2a_mcp.cli.options import USUAL, AsJson, ConfigFile, Description, Given, Name, Url
from a2a_mcp.cli.startup import Started, start
from a2a_mcp.cli.terminal import print_json, print_rows
from a2a_mcp.config.load import Config
from a2a_mcp.errors import BridgeError
from a2a_mcp.store.base import LOCAL_OWNER
from a2a_mcp.store.logins import Logins

agents: Final = App(name="agents", default_parameter=Parameter(negative=()))

Agent: TypeAlias = Annotated[str, Parameter(name="NAME", help="the agent's name")]


@agents.default
@agents.command(name="list")
def list_agents(*, options: Given = USUAL, as_json: AsJson = False) -> int:
    """List the agents of the configuration; none is contacted."""
    config = start(options, quiet=True).config
    rows = [_row(config, name) for name in [*config.agents, *config.faults]]
    if as_json:
        print_json(rows)
    elif rows:
        print_rows(["NAME", "STATE", "URL", "DESCRIPTION"], [list(row.values()) for row in rows])
    else:
        print("No agent is configured. Add one: a2a-mcp agents add URL")
    return DONE


def _row(config: Config, name: str) -> dict[str, str]:
    if name in config.faults:
        return _cells(name, "faulty", "", config.faults[name])
    agent = config.agents[name]
    state = "enabled" if agent.enabled else "disabled"
    if name == config.default_agent:
        state += ", default"
    return _cells(name, state, agent.url or str(agent.card), agent.description or "")


def _cells(name: str, state: str, url: str, description: str) -> dict[str, str]:
    return {"name": name, "state": state, "url": url, "description": description}


@agents.command
def add(
    url: Annotated[Url, Parameter(help="the agent's URL or its card's, or NAME=URL")],
    *,
    name: Name = None,
    description: Description = None,
    config: ConfigFile = None,
) -> int:
    """Add an agent: its card is fetched, and proposes what is written."""
    return report(adding.add(agents_file.place(config), url, name, description))


@agents.command
def remove(name: Agent, *, config: ConfigFile = None) -> int:
    """Remove an agent."""
    return _written(agents_file.removed(agents_file.place(config), name), f"Removed {name!r}")


@agents.command
def enable(name: Agent, *, config: ConfigFile = None) -> int:
    """Let an agent be used again."""
    change = agents_file.with_value(agents_file.place(config), name, "enabled", None)
    return _written(change, f"Enabled {name!r}")


@agents.command
def disable(name: Agent, *, config: ConfigFile = None) -> int:
    """Leave an agent in the file, but do not use it."""
    change = agents_file.with_value(agents_file.place(config), name, "enabled", False)
    return _written(change, f"Disabled {name!r}")


@agents.command
def show(name: Agent, *, options: Given = USUAL, as_json: AsJson = False) -> int:
    """Contact one agent and show what a model is told of it."""
    return anyio.run(_show, start(options, quiet=True), name, as_json)


async def _show(started: Started, name: str, as_json: bool) -> int:
    config = started.config
    logins = Logins(started.state_folder, config.server.state_key)
    registry = Registry(config, state_folder=started.state_folder, logins=logins)
    known = registry.resolve(name)
    problem = None
    try:
        await registry.connection(known, LOCAL_OWNER).prepare()
    except (A2AError, BridgeError) as error:
        problem = error.message
    finally:
        await registry.aclose()
    view = describe_agent(registry, known, problem)
    if as_json:
        print_json(view.structured())
    else:
        print(config.secrets.mask(view.prose()))
    return FAILED if problem else DONE


agents.command("a2a_mcp.cli.pin:pin", name="pin", help="Agree to how a pinned card has changed.")


def _written(change: Change, done: str) -> int:
    if not change.is_one:
        print(f"{change.file} stays as it is")
        return DONE
    kept = change.write()
    print(f"{done}: {change.file}")
    print(f"The file as it was: {kept}")
    return DONE
