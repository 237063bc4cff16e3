"""`a2a-mcp check`: contacts every configured agent and tells a person how it is."""

from __future__ import annotations

from typing import TextIO

import anyio

from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.config import Config
from a2a_mcp.errors import BridgeError
from a2a_mcp.info import describe_agent
from a2a_mcp.registry import NONE_CONFIGURED, Registry


async def report(config: Config, out: TextIO) -> int:
    """Write a paragraph an agent to `out`; gives 0, or 1 when one cannot be used."""
    registry = Registry(config)
    names = registry.names()
    problems: dict[str, str] = {}

    async def contact(name: str) -> None:
        try:
            await registry.connection(name).choice()
        except (A2AError, BridgeError) as error:
            problems[name] = error.message

    async with anyio.create_task_group() as group:
        for name in names:
            group.start_soon(contact, name)
    for name in names:
        view = describe_agent(registry, name, problems.get(name))
        out.write(config.secrets.mask(view.prose()) + "\n\n")
    for name, reason in config.faults.items():
        out.write(f"{name} [disabled]\nProblem: {reason}\n\n")
    if not names and not config.faults:
        out.write(" ".join(NONE_CONFIGURED) + "\n")
        return 1
    usable = len(names) - len(problems)
    out.write(f"{usable} of {len(names) + len(config.faults)} agents can be used.\n")
    await registry.aclose()
    return 0 if usable and not problems and not config.faults else 1
