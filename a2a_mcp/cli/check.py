"""`a2a-mcp check`: contacts every configured agent and reports its state to a person.

The reader sits at the terminal and can change the configuration, so the advice is theirs to follow
and the file that was read is named.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TextIO

import anyio

from a2a_mcp.a2a.errors import A2AError, AgentUnreachable
from a2a_mcp.agents.registry import Registry
from a2a_mcp.bridge.describe_agents import describe_agent
from a2a_mcp.cli.advice import Failure, advice
from a2a_mcp.cli.exit_codes import DONE, FAILED
from a2a_mcp.cli.options import USUAL, Given, Urls
from a2a_mcp.cli.startup import start
from a2a_mcp.config.load import Config
from a2a_mcp.errors import BridgeError
from a2a_mcp.store.logins import Logins


def check(*urls: Urls, options: Given = USUAL) -> int:
    """Contact every agent, report on stdout, and return the exit code. Raises ConfigError."""
    started = start(options, urls, quiet=True)
    return anyio.run(report, started.config, sys.stdout, started.state_folder)


async def report(config: Config, out: TextIO, state_folder: Path | None = None) -> int:
    """Write one paragraph per agent and a summary to `out`.

    Pins of cards and logins are in `state_folder`. Return 0 if every agent can be used, else 1.
    """
    logins = Logins(state_folder, config.server.state_key) if state_folder else None
    registry = Registry(config, state_folder=state_folder, logins=logins)
    try:
        await registry.discover()
        config = registry.config
        failures = await _contact_all(registry)
        names = registry.names()
        out.writelines(_paragraph(registry, name, failures.get(name)) for name in names)
    finally:
        await registry.aclose()
    out.writelines(_disabled(name, reason) for name, reason in config.faults.items())
    usable = len(names) - len(failures)
    lines = await _summary(config, usable, len(names) + len(config.faults))
    out.write("\n".join(lines) + "\n")
    all_usable = usable > 0 and not failures and not config.faults
    return DONE if all_usable else FAILED


async def _contact_all(registry: Registry) -> dict[str, Failure]:
    """Contact all agents at once; return the failures by agent name."""
    failures: dict[str, Failure] = {}

    async def contact(name: str) -> None:
        try:
            await registry.connection(name).prepare()
        except (A2AError, BridgeError) as error:
            failures[name] = error

    async with anyio.create_task_group() as group:
        for name in registry.names():
            group.start_soon(contact, name)
    return failures


def _paragraph(registry: Registry, name: str, failure: Failure | None) -> str:
    view = describe_agent(registry, name, _problem(failure) if failure else None)
    step = _advice(registry, name, failure)
    if step:
        view = replace(view, next_step=None)  # a next step is meant for a model
    described = registry.config.secrets.mask(view.prose())
    return described + (f"\nWhat to do: {step}" if step else "") + "\n\n"


def _advice(registry: Registry, name: str, failure: Failure | None) -> str | None:
    if failure is None:
        return None
    return advice(failure, has_credential=registry.agent(name).has_credentials)


def _disabled(name: str, reason: str) -> str:
    return f"{name} [disabled]\nProblem: {reason}\n\n"


def _problem(error: Failure) -> str:
    if isinstance(error, AgentUnreachable) and error.url:
        return f"{error.message} ({error.url})"
    return error.message


async def _summary(config: Config, usable: int, known: int) -> list[str]:
    """Return the last lines: notes, disabled agents, the file that was read, the count."""
    file_exists = config.source is not None and await anyio.Path(config.source).exists()
    switched_off = config.agents.switched_off()
    lines = [f"Note: {note}" for note in config.notes]
    if switched_off:
        lines.append(f"Switched off: {', '.join(switched_off)}.")
    if file_exists:
        lines.append(f"Read: {config.source}")
    if known:
        return [*lines, f"{usable} of {known} agents can be used."]
    if switched_off:
        return [*lines, "No agent can be used."]
    return [*lines, _how_to_configure(config, file_exists=file_exists)]


def _how_to_configure(config: Config, *, file_exists: bool) -> str:
    where = "an agents.toml (--config)"
    if config.source:
        where = str(config.source) if file_exists else f"a new {config.source}"
    return (
        "No A2A agent is configured. Give the URL of one (a2a-mcp check https://agent.example), or "
        f"set A2A_AGENTS=name=url, or write a table [agents.NAME] with url into {where}."
    )
