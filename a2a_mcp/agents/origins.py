"""Where an agent may be called: what its configuration and its card allow together. Pure.

Configured URLs and configured cards are trusted as destinations. A fetched card is not: it never
adds an origin.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from a2a_mcp.a2a.card import FoundCard
from a2a_mcp.a2a.card_model import AgentInterface
from a2a_mcp.a2a.errors import UrlRefused
from a2a_mcp.a2a.grpc import addresses
from a2a_mcp.a2a.grpc.addresses import http_form, is_grpc_url
from a2a_mcp.a2a.http.origins import Origin, origin_of
from a2a_mcp.a2a.interfaces import Interface, Pins
from a2a_mcp.a2a.interfaces import is_grpc as lists_grpc
from a2a_mcp.config.schema import AgentConfig


def agent_url(config: AgentConfig, found: FoundCard | None) -> str:
    """Return the configured URL, else that of the card's first interface, else an empty text.

    A URL of gRPC is given as the http URL of the same server.
    """
    if config.url or config.endpoint:
        return http_form(config.url or config.endpoint or "")
    if found and found.card.interfaces:
        first = found.card.interfaces[0]
        return str(addresses.read(first.url)) if lists_grpc(first) else first.url
    return ""


def base_url(config: AgentConfig, found: FoundCard) -> str:
    """Return the URL against which relative interface URLs are resolved."""
    return found.url if config.card is None else agent_url(config, found)


def allowed_origins(config: AgentConfig, found: FoundCard) -> frozenset[Origin]:
    """Return the origins that may be called: configured ones, and those of a configured card."""
    urls = [config.url, config.endpoint, *config.allowed_origins]
    configured = frozenset(origin_of(http_form(url)) for url in urls if url)
    if config.card is None:
        return configured
    return configured.union(_listed_origins(found.card.interfaces))


def _listed_origins(interfaces: tuple[AgentInterface, ...]) -> Iterator[Origin]:
    """Yield the origins of a configured card's interfaces; relative URLs add none."""
    for interface in interfaces:
        if lists_grpc(interface):
            with suppress(UrlRefused):  # told when the interface is looked at
                yield addresses.read(interface.url)
        elif "://" in interface.url:
            yield origin_of(interface.url)


def is_allowed(config: AgentConfig, found: FoundCard, interface: Interface) -> bool:
    """Return whether an interface that was stored earlier may still be called."""
    is_grpc = interface.dialect.binding == "GRPC"
    if config.endpoint and not is_grpc:
        return interface.url == config.endpoint
    origin = origin_of(interface.url)
    if config.endpoint:
        return origin == origin_of(http_form(config.endpoint))
    if is_grpc:
        home = origin_of(base_url(config, found))
        return addresses.is_same_place(origin, home) or origin in allowed_origins(config, found)
    return origin in allowed_origins(config, found)


def pins(config: AgentConfig) -> Pins:
    """Return what the configuration fixes when an interface is chosen."""
    endpoint = http_form(config.endpoint) if config.endpoint else None
    binding = "GRPC" if is_grpc_url(config.endpoint) else config.binding
    return Pins(config.version, binding, config.tenant, endpoint)
