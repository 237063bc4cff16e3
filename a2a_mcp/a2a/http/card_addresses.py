"""Where the URL of a card's interface leads, and what to do where it may not lead there.

Configured URLs are trusted as destinations; a URL out of a card is not: it never adds an origin.
What is certainly meant otherwise is corrected, with a note for the card's author. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from a2a_mcp.a2a.errors import Delivery, UrlRefused
from a2a_mcp.a2a.http.origins import (
    PORTS,
    Origin,
    is_loopback,
    is_private_name,
    origin_of,
    parse,
    plain,
    quoted,
)

# `127.0.0.1:9000/a2a`, `localhost:9000`, `[::1]:9000`: a host with its port, and no scheme.
WITH_PORT: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):\d{1,5}(?=[/?#]|$)")
CARD_PATH: Final = re.compile(r"(/\.well-known/agent(-card)?|/agent)\.json$")


@dataclass(frozen=True, slots=True)
class Settled:
    """A URL that may be called; `note` says how it differs from what the card says."""

    url: str
    note: str | None = None


def settle(url: str, *, base: str, allowed: AbstractSet[Origin]) -> Settled:
    """Return where a card's interface URL leads.

    `base` is the URL the card came from; relative URLs are resolved against it. A loopback name
    with the configured port means the configured host, and http means https where only that
    differs. Raises UrlRefused for any other origin that is not in `allowed`.
    """
    absolute, note = _absolute(url, base)
    origin, home = origin_of(absolute), origin_of(base)
    if origin in allowed:
        return Settled(absolute, note)
    if is_downgrade(origin, home):
        return Settled(upgraded(absolute, home), f"the card says {origin}; https is called instead")
    if is_loopback(origin.host) and origin.port == home.port:
        moved = parse(absolute).copy_with(scheme=home.scheme, host=parse(base).host)
        return Settled(str(moved), f"the card says {origin}; {home} is called instead")
    raise UrlRefused(
        f"the card sends calls to {origin}, which is not {home}; {_advice(absolute, home)}",
        delivery=Delivery.NEVER,
        url=str(origin),
    )


def is_downgrade(origin: Origin, home: Origin) -> bool:
    """Return whether an origin is `home` but for http in place of https.

    Servers behind a proxy that ends TLS name themselves so. Calling them as they say would send
    credentials in clear text.
    """
    if (origin.scheme, home.scheme) != ("http", "https") or origin.host != home.host:
        return False
    return origin.port in (home.port, PORTS["http"])


def upgraded(url: str, home: Origin) -> str:
    """Return an http URL with the scheme and port of its https `home`."""
    return str(parse(url).copy_with(scheme=home.scheme, port=home.port))


def without_card_path(url: str) -> str | None:
    """Return the base URL where `url` is that of a card; None where it is not."""
    parsed = parse(url)
    path = parsed.path
    if not CARD_PATH.search(path):
        return None
    return str(parsed.copy_with(path=CARD_PATH.sub("", path) or "/"))


def _absolute(url: str, base: str) -> tuple[str, str | None]:
    """Return a card's URL with scheme and host, and a note where it is not a correct URL."""
    if "://" in url:
        return url, None
    if _names_host(url, base):
        scheme = origin_of(base).scheme
        return f"{scheme}://{url}", f"the card says {quoted(url)}; {scheme}:// is put before it"
    return str(parse(url, base=parse(base))), None


def _names_host(url: str, base: str) -> bool:
    """Return whether a URL without scheme begins with a host, and not with a relative path."""
    first = re.split(r"[/?#]", url, maxsplit=1)[0]
    return bool(WITH_PORT.match(url)) or first.lower() in ("localhost", origin_of(base).host)


def _advice(url: str, home: Origin) -> str:
    """Return what the person who configured the agent may do.

    Never to leave https: an http origin is not proposed for an agent that is called over https.
    """
    origin = origin_of(url)
    endpoint = f'endpoint = "{home}{parse(plain(url)).path}"'
    is_plain = (origin.scheme, home.scheme) == ("http", "https")
    if is_plain or origin.host == home.host or is_private_name(origin.host):
        step = f"that address comes from the card: if the agent is at {home}, set {endpoint} for it"
        return step if is_plain else f'{step}; else add "{origin}" to allowed_origins of this agent'
    return (
        f'if that is right, add "{origin}" to allowed_origins of this agent; if its card is wrong, '
        "set endpoint for it"
    )
