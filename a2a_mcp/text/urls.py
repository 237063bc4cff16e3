"""What a URL says by itself, without any network. Pure."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final
from urllib.parse import urlsplit

SAFE: Final = ("https", "grpcs")

Address = IPv4Address | IPv6Address


def is_private_link(url: str) -> bool:
    """Return whether nobody between can read what is sent to `url`: TLS, or this machine."""
    if urlsplit(url).scheme in SAFE or _is_localhost(url):
        return True
    address = _address(url)
    return address is not None and (address.is_loopback or address.is_unspecified)


def is_private_place(url: str) -> bool:
    """Return whether the host of `url` is known to be this machine or a private network's."""
    address = _address(url)
    return _is_localhost(url) or (address is not None and not address.is_global)


def _is_localhost(url: str) -> bool:
    host = _host(url)
    return host == "localhost" or host.endswith(".localhost")


def _address(url: str) -> Address | None:
    try:
        return ip_address(_host(url))
    except ValueError:
        return None


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").removesuffix(".")
