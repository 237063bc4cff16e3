"""Which proxy the environment names for a URL.

It reads the environment and opens nothing.
"""

from __future__ import annotations

from urllib.request import getproxies, proxy_bypass

import httpx

from a2a_mcp.a2a.http.origins import is_loopback


def environment_proxy(url: str) -> str | None:
    """Return the proxy that the environment names for a URL; None for this machine's own URLs."""
    target = httpx.URL(url)
    if is_loopback(target.host) or proxy_bypass(target.host):
        return None
    proxies = getproxies()
    return proxies.get(target.scheme) or proxies.get("all")
