"""`a2a-mcp check`: contacts every configured agent and tells a person how it is.

Its reader sits at the terminal and can change the configuration: what is to do is said to them, and
which file was read.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, TextIO

import anyio

from a2a_mcp.a2a.errors import (
    A2AError,
    AgentUnreachable,
    AuthenticationRequired,
    InvalidAgentResponse,
    NoCommonInterface,
    UrlRefused,
)
from a2a_mcp.agents.registry import Registry
from a2a_mcp.bridge.describe_agents import describe_agent
from a2a_mcp.config.load import Config
from a2a_mcp.errors import BridgeError, CredentialUnavailable

ADVICE: Final[tuple[tuple[type[A2AError | BridgeError], str], ...]] = (
    (AuthenticationRequired, "Set `auth` for this agent in agents.toml."),
    (AgentUnreachable, "See whether the agent runs, its URL is right, and no proxy is in between."),
    (InvalidAgentResponse, "Give the URL of the agent, or of its card."),
    (NoCommonInterface, "Ask who runs it to offer JSON-RPC or HTTP+JSON of A2A 0.1 to 1.0."),
    (CredentialUnavailable, "Run that command by hand, and mend it or its line in agents.toml."),
    (UrlRefused, "If you trust that address, add its origin to the agent's `allowed_origins`."),
)


async def report(config: Config, out: TextIO) -> int:
    """Write a paragraph an agent to `out`; gives 0, or 1 when one cannot be used."""
    registry = Registry(config)
    names = registry.names()
    failures: dict[str, A2AError | BridgeError] = {}

    async def contact(name: str) -> None:
        try:
            await registry.connection(name).prepare()
        except (A2AError, BridgeError) as error:
            failures[name] = error

    async with anyio.create_task_group() as group:
        for name in names:
            group.start_soon(contact, name)
    for name in names:
        failure = failures.get(name)
        view = describe_agent(registry, name, _problem(failure) if failure else None)
        advice = [f"What to do: {step}" for kind, step in ADVICE if isinstance(failure, kind)]
        if advice:
            view = replace(view, next_step=None)  # which is for a model
        out.write("\n".join([config.secrets.mask(view.prose()), *advice]) + "\n\n")
    for name, reason in config.faults.items():
        out.write(f"{name} [disabled]\nProblem: {reason}\n\n")
    usable = len(names) - len(failures)
    lines = await _summary(config, usable, len(names) + len(config.faults))
    out.write("\n".join(lines) + "\n")
    await registry.aclose()
    return 0 if usable and not failures and not config.faults else 1


def _problem(error: A2AError | BridgeError) -> str:
    if isinstance(error, AgentUnreachable) and error.url:
        return f"{error.message} ({error.url})"
    return error.message


async def _summary(config: Config, usable: int, known: int) -> list[str]:
    """Say how many can be used, which are switched off, and what was read."""
    source = config.source
    is_there = source is not None and await anyio.Path(source).exists()
    off = [name for name, agent in config.agents.items() if not agent.enabled]
    lines = [f"Note: {note}" for note in config.notes]
    if off:
        lines.append(f"Switched off: {', '.join(off)}.")
    if is_there:
        lines.append(f"Read: {source}")
    if known:
        return [*lines, f"{usable} of {known} agents can be used."]
    if off:
        return [*lines, "No agent can be used."]
    where = f"{'' if is_there else 'a new '}{source}" if source else "an agents.toml (--config)"
    return [
        *lines,
        "No A2A agent is configured. Give the URL of one (a2a-mcp check https://agent.example), or "
        f"set A2A_AGENTS=name=url, or write a table [agents.NAME] with url into {where}.",
    ]
