"""A file that an agent's answer links to, read where the rules allow it.

A file at one of the agent's origins is read as any call is made. A file elsewhere is read only over
https, without credentials, from the public address that was checked: without a proxy, which would
look the name up again. No redirect is followed.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from collections.abc import Set as AbstractSet

import anyio

from a2a_mcp.a2a.auth.static import Attachment
from a2a_mcp.a2a.errors import AgentUnreachable, InvalidAgentResponse, UrlRefused
from a2a_mcp.a2a.http.card_addresses import settle
from a2a_mcp.a2a.http.origins import Origin, is_public, origin_of, plain
from a2a_mcp.a2a.http.responses import DownloadedFile
from a2a_mcp.a2a.http.transport import Transport


async def download(
    url: str,
    *,
    base: str,
    allowed: AbstractSet[Origin],
    own: Transport,
    attachment: Attachment,
    foreign: Callable[[], Transport],
) -> DownloadedFile:
    """Read a file; `own` and `attachment` are for the agent's `allowed` origins alone.

    Raises UrlRefused, AgentUnreachable, InvalidAgentResponse.
    """
    try:
        settled = settle(url, base=base, allowed=allowed)
    except UrlRefused:
        address = await public_address(origin_of(url), own.limits.connect_seconds)
        transport = foreign()
        try:
            received = await transport.file(url, Attachment(), address=address)
        finally:
            await transport.aclose()
    else:
        received = await own.file(settled.url, attachment)
    if received.status >= 300:
        raise InvalidAgentResponse(_refusal(received), url=plain(url))
    return received


def _refusal(received: DownloadedFile) -> str:
    if received.status < 400:
        return "it leads on to another address, which is not followed"
    return f"HTTP {received.status}"


async def public_address(origin: Origin, seconds: float) -> str:
    """Return an address of a host if all its addresses are public; raises UrlRefused."""
    if origin.scheme != "https":
        raise UrlRefused(f"{origin} is not the agent's own, and not https", url=str(origin))
    try:
        with anyio.fail_after(seconds):
            found = await anyio.getaddrinfo(
                origin.host, origin.port, type=socket.SocketKind.SOCK_STREAM
            )
    except (OSError, UnicodeError, TimeoutError):
        raise AgentUnreachable(f"no address for {origin.host}", url=str(origin)) from None
    addresses = [str(address[4][0]) for address in found]
    if not addresses or not all(map(is_public, addresses)):
        raise UrlRefused(f"{origin} is not on the public internet", url=str(origin))
    return addresses[0]
