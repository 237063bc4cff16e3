"""What a URL leads to: its origin, and whether that is this machine or the public internet.

Origins are compared as the HTTP library will dial them, so that no spelling gets past. Which of a
card's URLs may be called is decided in `card_addresses`. Pure: nothing is resolved or fetched here.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

import httpx

from a2a_mcp.a2a.errors import Delivery, UrlRefused

PORTS: Final = {"http": 80, "https": 443}
LONGEST_TOLD: Final = 200
NAT64: Final = IPv6Network("64:ff9b::/96")
GLOBAL_UNICAST: Final = IPv6Network("2000::/3")  # all that is given out; much else wraps IPv4
PRIVATE_SUFFIXES: Final = (".internal", ".lan", ".local", ".localdomain", ".localhost", ".svc")
UNSPECIFIED: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 - names to recognise, not to bind


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, ASCII host and port: what a credential belongs to."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        default = PORTS.get(self.scheme) == self.port
        return f"{self.scheme}://{host}" + ("" if default else f":{self.port}")


def parse(url: str, *, base: httpx.URL | None = None) -> httpx.URL:
    """Read an http(s) URL, against `base` where given; raises UrlRefused.

    Refused are other schemes, relative URLs without a base, and user-info.
    """
    try:
        parsed = base.join(url) if base else httpx.URL(url)
        host = parsed.host  # not a plain member: it decodes the name, and fails for a bad one
    except (httpx.InvalidURL, ValueError):
        raise UrlRefused(f"not a URL: {quoted(url)}", delivery=Delivery.NEVER) from None
    if not 0 <= (parsed.port or 0) < 2**16:
        raise UrlRefused(f"not a URL: its port is {parsed.port}", delivery=Delivery.NEVER)
    if parsed.scheme not in PORTS or not host:
        raise UrlRefused(f"not an http or https URL: {quoted(url)}", delivery=Delivery.NEVER)
    if parsed.userinfo:
        raise UrlRefused("a URL with a user name or password in it", delivery=Delivery.NEVER)
    return parsed


def quoted(url: str) -> str:
    """Return a URL quoted for an error, whole or not at all: no mask knows half of a secret."""
    return repr(url) if len(url) <= LONGEST_TOLD else f"one of {len(url)} characters"


def plain(url: str) -> str:
    """Return a URL that may be shown: without query, fragment and user-info."""
    bare = url.partition("#")[0].partition("?")[0]
    scheme, mark, rest = bare.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}{mark}{authority.rpartition('@')[2]}{slash}{path}"


def origin_of(url: str) -> Origin:
    """Return the origin that a URL is dialled at; raises UrlRefused."""
    parsed = parse(url)
    host = parsed.raw_host.decode("ascii").lower().strip("[]").removesuffix(".")
    return Origin(parsed.scheme, host, parsed.port or PORTS[parsed.scheme])


def is_loopback(host: str) -> bool:
    """Return whether a host name or address means this machine, or "any address" of it."""
    if host == "localhost" or host.endswith(".localhost") or host in UNSPECIFIED:
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_public(address: str) -> bool:
    """Return whether an address is on the public internet; IPv4 within IPv6 is unwrapped first."""
    try:
        found = _unwrapped(ip_address(address))
    except ValueError:  # one with a scope, too: it is of a local link
        return False
    unicast = isinstance(found, IPv4Address) or found in GLOBAL_UNICAST
    return unicast and found.is_global and not found.is_multicast


def is_private_name(host: str) -> bool:
    """Return whether only a private network knows a host: `agent`, `agent.svc`, 10.0.0.1."""
    try:
        return not is_public(str(ip_address(host)))
    except ValueError:
        return "." not in host or host.endswith(PRIVATE_SUFFIXES)


def _unwrapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that an IPv6 address carries, else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in NAT64:
        return IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address.sixtofour or address
