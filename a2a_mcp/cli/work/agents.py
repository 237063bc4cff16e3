"""List the agents, show one, and change agents.toml without losing comments."""

from __future__ import annotations

import sys
from pathlib import Path

import anyio

from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.agents.registry import Registry
from a2a_mcp.bridge.describe_agents import describe_agent
from a2a_mcp.cli import terminal
from a2a_mcp.cli.exit_codes import DONE, FAILED
from a2a_mcp.cli.for_person import for_person
from a2a_mcp.cli.hosts.installation import Change
from a2a_mcp.cli.start_options import Options
from a2a_mcp.cli.startup import Started, start
from a2a_mcp.cli.work import add as adding
from a2a_mcp.cli.work import agents_file
from a2a_mcp.config.load import Config
from a2a_mcp.errors import BridgeError
from a2a_mcp.store.base import LOCAL_OWNER
from a2a_mcp.store.card_pins import PinFolder
from a2a_mcp.store.login_folder import open_logins


def list_agents(options: Options, *, as_json: bool) -> int:
    """Print the agents of the configuration; return the exit code."""
    config = start(options, quiet=True).config
    rows = [_row(config, name) for name in [*config.agents, *config.faults]]
    if as_json:
        terminal.print_json(rows)
    elif rows:
        terminal.print_rows(
            ["NAME", "STATE", "URL", "DESCRIPTION"], [list(row.values()) for row in rows]
        )
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


def add(url: str, name: str | None, description: str | None, config: Path | None) -> int:
    """Add an agent; return the exit code. Raises ConfigError, A2AError."""
    return adding.report(adding.add(agents_file.place(config), url, name, description))


def remove(name: str, config: Path | None) -> int:
    """Remove an agent; return the exit code. Raises ConfigError."""
    return _written(agents_file.removed(agents_file.place(config), name), f"Removed {name!r}")


def switch(name: str, config: Path | None, *, on: bool) -> int:
    """Enable or disable an agent; return the exit code. Raises ConfigError."""
    file, value = agents_file.place(config), None if on else False
    change = agents_file.with_value(file, name, "enabled", value)
    return _written(change, f"{'Enabled' if on else 'Disabled'} {name!r}")


def show(name: str, options: Options, *, as_json: bool) -> int:
    """Contact one agent and print its description for a model; return the exit code."""
    return anyio.run(_show, start(options, quiet=True), name, as_json)


async def _show(started: Started, name: str, as_json: bool) -> int:
    config = started.config
    logins = open_logins(started.state_folder, config.server)
    registry = Registry(config, pins=PinFolder(started.state_folder), logins=logins)
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
        terminal.print_json(view.structured())
    else:
        told = config.secrets.mask(for_person(view.prose(), known))
        print(terminal.wrapped(told, sys.stdout))
    return FAILED if problem else DONE


def _written(change: Change, done: str) -> int:
    if not change.is_one:
        print(f"{change.file} stays as it is")
        return DONE
    kept = change.write()
    print(f"{done}: {change.file}")
    print(f"The file as it was: {kept}")
    return DONE
