"""The connections of one agent, without a pool: a call looks at the one connection that it uses.

httpx's pool looks at all its connections for every call, and for each at all again: with 64 of them
that takes longer than the rest of the call, and a twentieth of it with one. What was used last is
used next, so that few are kept open. It knows no URL, and never has more connections than it may.
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
        # httpx keeps its way to connections here and gives no other place to put one's own.
        self._pool: Any = _Single(self._pool)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and give its answer, to be closed; raises the errors of httpx."""
        if request.url.scheme not in ("http", "https"):
            raise httpx.UnsupportedProtocol("the URL is none of http or https")
        return await super().handle_async_request(request)


class _Single:
    """In the place of a pool: it makes connections as that pool would, through proxies too."""

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
    """Whether a connection is open still, and leads there."""
    fit = connection.can_handle_request(origin) and connection.is_available()
    return fit and not connection.has_expired()


class AgentConnections:
    """At most `most` lanes, each for one connection; `make` makes one.

    Who finds none free waits for `seconds`. `clock` gives monotonic seconds.
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
        self._places = anyio.Semaphore(most, fast_acquire=True)
        self._lanes = {make()}  # one that cannot be made is known at once
        self._free = deque((clock(), lane) for lane in self._lanes)

    async def take(self) -> AgentConnection:
        """Give a lane to its caller alone, until `give_back`; raises httpx.PoolTimeout."""
        try:
            self._places.acquire_nowait()
        except anyio.WouldBlock:
            try:
                with anyio.fail_after(self._seconds):
                    await self._places.acquire()
            except TimeoutError as error:
                raise httpx.PoolTimeout("no connection is free") from error
        if self._free:
            return self._free.pop()[1]
        lane = self._make()
        self._lanes.add(lane)
        return lane

    async def give_back(self, lane: AgentConnection) -> None:
        """Take a lane back whose answer is read or closed, and close what is no longer needed."""
        now = self._clock()
        self._free.append((now, lane))
        self._places.release()
        while self._free and now - self._free[0][0] > KEEP_SECONDS:
            old = self._free.popleft()[1]
            self._lanes.discard(old)
            with anyio.CancelScope(shield=True):
                await old.aclose()

    async def aclose(self) -> None:
        """Close all connections, also those in use; a later call opens another."""
        for lane in list(self._lanes):
            await lane.aclose()
