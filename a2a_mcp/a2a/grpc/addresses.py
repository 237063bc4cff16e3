"""Where a gRPC interface is dialled: a host and a port, with TLS or without.

Cards name `host:port`, or a URL in one of several schemes. The library would dial names of other
kinds too (`unix:`, `xds:`), so nothing reaches it but an origin that was read here. Within the
bridge that origin is an http URL, without TLS, or an https URL. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Final

from a2a_mcp.a2a.errors import Delivery, UrlRefused
from a2a_mcp.a2a.http.card_addresses import Settled
from a2a_mcp.a2a.http.origins import (
    UNSPECIFIED,
    Origin,
    is_loopback,
    origin_of,
    parse,
    quoted,
)

SCHEMES: Final = {"grpcs": "https", "grpc+tls": "https", "grpc": "http", "grpc+insecure": "http"}
SPOKEN: Final = {"https": "grpcs", "http": "grpc"}
# `agent.example:50051`, `127.0.0.1:50051`, `[::1]:50051`
HOST_AND_PORT: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):\d{1,5}")


def is_grpc_url(url: str | None) -> bool:
    """Return whether a URL is of gRPC by its scheme."""
    return bool(url) and _scheme(url or "") in SCHEMES


def http_form(url: str) -> str:
    """Return a gRPC URL as the http URL of the same server; others stay as they are."""
    scheme = _scheme(url)
    return SCHEMES[scheme] + url[len(scheme) :] if scheme in SCHEMES else url


def grpc_form(origin: Origin) -> str:
    """Return the gRPC URL of an origin, port and all."""
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    return f"{SPOKEN[origin.scheme]}://{host}:{origin.port}"


def read(address: str) -> Origin:
    """Return what an address names; `host:port` is with TLS, except on this machine.

    Raises UrlRefused for anything that is no host with a port.
    """
    if HOST_AND_PORT.fullmatch(address):
        origin = origin_of(f"https://{address}")
        return replace(origin, scheme="http") if is_loopback(origin.host) else origin
    if _scheme(address) not in {*SCHEMES, *SPOKEN}:
        raise _refused(f"not a gRPC address: {quoted(address)}; host:port is needed")
    if _has_path(address) and is_grpc_url(address):
        raise _refused(f"a gRPC address has no path: {quoted(address)}; host:port is needed")
    return origin_of(http_form(address))


def settle(address: str, *, base: str, allowed: AbstractSet[Origin]) -> Settled:
    """Return where a card's gRPC interface is dialled, as `card_addresses.settle` does for others.

    Another port of the card's own host is allowed with TLS, whose certificate names the host, and
    on this machine. A loopback name in the card of another machine means that machine. Raises
    UrlRefused.
    """
    found, home = read(address), origin_of(base)
    origin = _meant(found, home)
    plain = replace(origin, scheme="http")
    if HOST_AND_PORT.fullmatch(address) and origin not in allowed and plain in allowed:
        origin = plain
    if origin not in allowed and not is_same_place(origin, home):
        raise _elsewhere(origin, home)
    return Settled(str(origin), _note(address, found, origin))


def is_same_place(origin: Origin, home: Origin) -> bool:
    """Return whether a gRPC server counts as the place where the card came from."""
    if is_loopback(origin.host):
        return is_loopback(home.host)
    return origin.host == home.host and origin.scheme == "https"


def _meant(found: Origin, home: Origin) -> Origin:
    if not is_loopback(found.host):
        return found
    if not is_loopback(home.host):
        return Origin("https", home.host, found.port)
    return replace(found, host=home.host) if found.host in UNSPECIFIED else found


def _note(address: str, found: Origin, origin: Origin) -> str | None:
    if found.host != origin.host:
        return f"the card says {quoted(address)}; {grpc_form(origin)} is called instead"
    if _has_path(address):
        return f"the card says {quoted(address)}; gRPC has no path, {grpc_form(origin)} is called"
    return None


def _elsewhere(origin: Origin, home: Origin) -> UrlRefused:
    needs = "" if origin.scheme == "https" else " (without TLS, so with allow_http = true)"
    return _refused(
        f"the card sends calls to {grpc_form(origin)}, which is not {home}; if that is right, add "
        f'"{grpc_form(origin)}" to allowed_origins of this agent{needs}; if its card is wrong, set '
        "endpoint for it",
        url=str(origin),
    )


def _refused(told: str, url: str | None = None) -> UrlRefused:
    return UrlRefused(told, delivery=Delivery.NEVER, url=url)


def _scheme(url: str) -> str:
    scheme, mark, _ = url.partition("://")
    return scheme.lower() if mark else ""


def _has_path(address: str) -> bool:
    if "://" not in address:
        return False
    parsed = parse(http_form(address))
    return parsed.path not in ("", "/") or bool(parsed.query or parsed.fragment)
