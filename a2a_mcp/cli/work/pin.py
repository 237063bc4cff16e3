"""A person agrees to how an agent's card has changed."""

from __future__ import annotations

import anyio

from a2a_mcp.agents.registry import Registry
from a2a_mcp.bridge.pin_card import pin_card
from a2a_mcp.cli.exit_codes import DONE
from a2a_mcp.cli.start_options import Options
from a2a_mcp.cli.startup import Started, start
from a2a_mcp.server.stores import shared_places
from a2a_mcp.store.card_pins import PinFolder, PinPlace


def pin(name: str, options: Options) -> int:
    """Pin an agent's card as it is now, and say what it changes."""
    print(anyio.run(_pinned, start(options, quiet=True), name))
    return DONE


async def _pinned(started: Started, name: str) -> str:
    """Renew the pin that bridges share, and that of this folder where it has one as well."""
    own = PinFolder(started.state_folder)
    async with shared_places(started.config) as shared:
        if shared is None:
            return await _renewed(started, own, name)
        told = await _renewed(started, shared.pins, name)
    if await own.read(Registry(started.config).resolve(name)):
        await _renewed(started, own, name)
    return told


async def _renewed(started: Started, pins: PinPlace | None, name: str) -> str:
    registry = Registry(started.config, pins=pins)
    try:
        return await pin_card(registry, name)
    finally:
        await registry.aclose()
