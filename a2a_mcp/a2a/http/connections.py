"""The connections of one agent, without a pool: a call uses the one connection that it took.

httpx's pool looks at all its connections for every call. Measured against one server on the same
machine, in CPU time per call: 643 µs with httpx's pool and 503 µs here with one caller, 1,216 µs
and 379 µs with sixteen. The connection that was used last is used next, so that few are kept open.
It knows no URL, and never has more connections than it may.

This is the only module that reaches private attributes of httpx and of httpcore below it. A test
names them, and the version of httpx that has them.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import anyio
import httpx

if TYPE_CHECKING:
    from ssl import SSLContext

    import httpcore

KEEP_SECONDS: Final = 5.0  # a send must not meet a connection that the agent has just closed


class AgentConnection(httpx.AsyncHTTPTransport):
    """One connection at a time, for one call at a time; `verify` says whom it trusts with TLS."""

    def __init__(self, verify: SSLContext, proxy: str | None = None) -> None:
        kept = httpx.Limits(keepalive_expiry=KEEP_SECONDS)
        super().__init__(verify=verify, proxy=proxy, trust_env=False, limits=kept)
        # httpx keeps its pool in this attribute and has no parameter for another one.
        self._pool: Any = _Single(self._pool)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return its response, to be closed; raises the errors of httpx."""
        if request.url.scheme not in ("http", "https"):
            raise httpx.UnsupportedProtocol("the URL is none of http or https")
        return await super().handle_async_request(request)


class _Single:
    """Stands in for a pool: it makes connections as that pool would, through proxies too."""

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


class AgentConnections:
    """At most `most` connections, each for one call at a time; `make` makes one.

    A caller that finds none free waits for `seconds`. `clock` returns monotonic seconds.
    """

    def __init__(
        self,
        make: Callable[[], AgentConnection],
        most: int,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._make = make
        self._seconds = seconds
        self._clock = clock
        self._slots = anyio.Semaphore(most, fast_acquire=True)
        self._all = {make()}  # made at once, so that wrong settings raise here
        self._free = deque((clock(), connection) for connection in self._all)

    async def take(self) -> AgentConnection:
        """Return a connection for its caller alone, until `give_back`; raises httpx.PoolTimeout."""
        await self._acquire_slot()
        if self._free:
            return self._free.pop()[1]
        connection = self._make()
        self._all.add(connection)
        return connection

    async def _acquire_slot(self) -> None:
        try:
            self._slots.acquire_nowait()
        except anyio.WouldBlock:
            await self._wait_for_slot()

    async def _wait_for_slot(self) -> None:
        try:
            with anyio.fail_after(self._seconds):
                await self._slots.acquire()
        except TimeoutError as error:
            raise httpx.PoolTimeout("no connection is free") from error

    async def give_back(self, connection: AgentConnection) -> None:
        """Take a connection back whose response is closed, and close those not used for long."""
        now = self._clock()
        self._free.append((now, connection))
        self._slots.release()
        while self._free and now - self._free[0][0] > KEEP_SECONDS:
            old = self._free.popleft()[1]
            self._all.discard(old)
            with anyio.CancelScope(shield=True):
                await old.aclose()

    async def aclose(self) -> None:
        """Close all connections, also those in use; a later call opens another."""
        for connection in list(self._all):
            await connection.aclose()
