"""One connection to an agent through a proxy, as httpx makes it.

This is the only module that reaches private attributes of httpx and of httpcore below it. A test
names them, and the version of httpx that has them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

from a2a_mcp.a2a.http.causes import is_of_tls, proxy_unreachable
from a2a_mcp.a2a.http.limits import KEEP_SECONDS

if TYPE_CHECKING:
    from ssl import SSLContext

    import httpcore


class ProxiedConnection(httpx.AsyncHTTPTransport):
    """One connection at a time, for one call at a time; `verify` says whom it trusts with TLS."""

    def __init__(self, verify: SSLContext, proxy: str) -> None:
        kept = httpx.Limits(keepalive_expiry=KEEP_SECONDS)
        super().__init__(verify=verify, proxy=proxy, trust_env=False, limits=kept)
        # httpx keeps its pool in this attribute and has no parameter for another one.
        self._pool: Any = _Single(self._pool)
        self._proxy = proxy

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return its response, to be closed; raises the errors of httpx."""
        if request.url.scheme not in ("http", "https"):
            raise httpx.UnsupportedProtocol("the URL is none of http or https")
        try:
            return await super().handle_async_request(request)
        except httpx.ConnectError as error:
            if is_of_tls(error):
                raise
            raise proxy_unreachable(self._proxy, error) from error


class _Single:
    """Stands in for a pool: it makes connections as that pool would."""

    def __init__(self, pool: httpcore.AsyncConnectionPool) -> None:
        self._pool = pool
        self._connection: httpcore.AsyncConnectionInterface | None = None

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        origin = request.url.origin
        if self._connection is None or not _takes(self._connection, origin):
            await self.aclose()
            self._connection = self._pool.create_connection(origin)
        return await self._connection.handle_async_request(request)

    async def aclose(self) -> None:
        if self._connection:
            await self._connection.aclose()


def _takes(connection: httpcore.AsyncConnectionInterface, origin: httpcore.Origin) -> bool:
    """Return whether a connection is still open, free, and leads to `origin`."""
    if not connection.can_handle_request(origin):
        return False
    return connection.is_available() and not connection.has_expired()
