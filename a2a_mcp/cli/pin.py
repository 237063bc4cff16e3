"""`a2a-mcp agents pin NAME`: a person agrees to how an agent's card has changed."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import anyio
from cyclopts import Parameter

from a2a_mcp.agents.registry import Registry
from a2a_mcp.bridge.pin_card import pin_card
from a2a_mcp.cli.exit_codes import DONE
from a2a_mcp.cli.options import USUAL, Given
from a2a_mcp.cli.startup import Started, start

Agent: TypeAlias = Annotated[str, Parameter(name="NAME", help="the agent's name")]


def pin(name: Agent, *, options: Given = USUAL) -> int:
    """Pin an agent's card as it is now, and say what it changes."""
    print(anyio.run(_pinned, start(options, quiet=True), name))
    return DONE


async def _pinned(started: Started, name: str) -> str:
    registry = Registry(started.config, state_folder=started.state_folder)
    try:
        return await pin_card(registry, name)
    finally:
        await registry.aclose()
