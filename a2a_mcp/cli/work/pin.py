"""A person agrees to how an agent's card has changed."""

from __future__ import annotations

import anyio

from a2a_mcp.agents.registry import Registry
from a2a_mcp.bridge.pin_card import pin_card
from a2a_mcp.cli.exit_codes import DONE
from a2a_mcp.cli.start_options import Options
from a2a_mcp.cli.startup import Started, start


def pin(name: str, options: Options) -> int:
    """Pin an agent's card as it is now, and say what it changes."""
    print(anyio.run(_pinned, start(options, quiet=True), name))
    return DONE


async def _pinned(started: Started, name: str) -> str:
    registry = Registry(started.config, state_folder=started.state_folder)
    try:
        return await pin_card(registry, name)
    finally:
        await registry.aclose()
