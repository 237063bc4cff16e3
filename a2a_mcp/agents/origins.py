"""Where an agent may be called: what its configuration and its card allow together. Pure.

Configured URLs and configured cards are trusted as destinations. A fetched card is not: it never
adds an origin.
"""

from __future__ import annotations

from a2a_mcp.a2a.card import FoundCard
from a2a_mcp.a2a.http.origins import Origin, origin_of
from a2a_mcp.a2a.interfaces import Interface, Pins
from a2a_mcp.config.schema import AgentConfig


def agent_url(config: AgentConfig, found: FoundCard | None) -> str:
    """Return the configured URL, else that of the card's first interface, else an empty text."""
    if config.url or config.endpoint:
        return config.url or config.endpoint or ""
    if found and found.card.interfaces:
        return found.card.interfaces[0].url
    return ""


def base_url(config: AgentConfig, found: FoundCard) -> str:
    """Return the URL against which relative interface URLs are resolved."""
    return found.url if config.card is None else agent_url(config, found)


def allowed_origins(config: AgentConfig, found: FoundCard) -> frozenset[Origin]:
    """Return the origins that may be called: configured ones, and those of a configured card."""
    urls = [config.url, config.endpoint, *config.allowed_origins]
    if config.card is not None:
        urls += [interface.url for interface in found.card.interfaces]
    return frozenset(origin_of(url) for url in urls if url and "://" in url)


def is_allowed(config: AgentConfig, found: FoundCard, interface: Interface) -> bool:
    """Return whether an interface that was stored earlier may still be called."""
    if config.endpoint:
        return interface.url == config.endpoint
    return origin_of(interface.url) in allowed_origins(config, found)


def pins(config: AgentConfig) -> Pins:
    """Return what the configuration fixes when an interface is chosen."""
    return Pins(config.version, config.binding, config.tenant, config.endpoint)
