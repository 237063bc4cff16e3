"""Where an agent may be called: what its configuration and its card say together (DESIGN 7). Pure.

Configured URLs and configured cards are trusted as destinations, what a fetched card says is not:
no origin comes from there. This module brings in httpx with `a2a.guard`.
"""

from __future__ import annotations

from a2a_mcp.a2a.card import FoundCard
from a2a_mcp.a2a.http.origins import Origin, origin_of
from a2a_mcp.a2a.versions.table import Interface, Pins
from a2a_mcp.config.schema import AgentConfig


def place(config: AgentConfig, found: FoundCard | None) -> str:
    """Where the agent is: as configured, else as its configured card says."""
    if config.url or not (found and found.card.interfaces):
        return config.url or ""
    return found.card.interfaces[0].url


def base(config: AgentConfig, found: FoundCard) -> str:
    """The URL that relative interface URLs belong to."""
    if config.card is None:
        return found.url
    return config.url or found.card.interfaces[0].url if found.card.interfaces else ""


def allowed(config: AgentConfig, found: FoundCard) -> frozenset[Origin]:
    """The origins that may be called: configured ones, and those of a configured card."""
    urls = [config.url, *config.allowed_origins]
    if config.card is not None:
        urls += [interface.url for interface in found.card.interfaces]
    return frozenset(origin_of(url) for url in urls if url and "://" in url)


def trusts(config: AgentConfig, found: FoundCard, interface: Interface) -> bool:
    """Whether an interface that was stored earlier may still be called."""
    return origin_of(interface.url) in allowed(config, found)


def pins(config: AgentConfig) -> Pins:
    """What the configuration fixes of the choice of an interface."""
    return Pins(config.version, config.binding, config.tenant)
