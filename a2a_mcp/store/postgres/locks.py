"""Locks that one of all processes holds, until it frees them or its connection ends.

One connection of each process holds them, however many there are, and is closed with the last: a
lock that took a connection of the pool could wait for itself. A process that hangs keeps its locks,
for it may go on at any moment with what only one may do; one that has vanished loses them. Where
only the connection has broken the holder still works: `leases` holds on then.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Final

import anyio
from psycopg import AsyncConnection, OperationalError

from a2a_mcp.store.postgres.database import ANSWER_SECONDS, CONNECTION, Connection, unavailable

GONE: Final = (OperationalError, TimeoutError)
LOOK_SECONDS: Final = 0.1
# The server sees within half a minute that the machine of a holder is gone.
_SETTINGS: Final = (
    "SET tcp_keepalives_idle = 15",
    "SET tcp_keepalives_interval = 5",
    "SET tcp_keepalives_count = 3",
    "SET idle_session_timeout = 0",
)


class Locks:
    """The locks of the database at `url`, by name."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: Connection | None = None
        self._names: set[str] = set()
        self._turn = anyio.Lock()

    @asynccontextmanager
    async def held(self, name: str, seconds: float) -> AsyncIterator[None]:
        """Hold a lock; raises TimeoutError after `seconds`, and StoreUnavailable."""
        try:
            with anyio.fail_after(seconds):
                while not await self._enters(name):  # noqa: ASYNC110 - a lock announces nothing
                    await anyio.sleep(LOOK_SECONDS)
            try:
                yield
            finally:
                await self._leave(name)
        finally:
            await self._close_if_idle()

    async def _enters(self, name: str) -> bool:
        if name in self._names:  # the server would let the same connection in twice
            return False
        self._names.add(name)
        entered = False
        try:
            entered = await self._asked("SELECT pg_try_advisory_lock(%s)", name)
        except GONE as fault:
            raise unavailable() from fault
        finally:
            if not entered:
                self._names.discard(name)
        return entered

    async def _leave(self, name: str) -> None:
        with suppress(*GONE):  # with its connection the lock is gone
            await self._asked("SELECT pg_advisory_unlock(%s)", name)
        self._names.discard(name)

    async def _asked(self, question: str, name: str) -> bool:
        """Return the answer to a question about a lock; it is never cancelled half-way.

        Where none comes, because the server hangs, the connection is given up with all its locks.
        """
        with anyio.fail_after(ANSWER_SECONDS, shield=True):
            async with self._turn, AsyncExitStack() as undone:
                connection = await self._opened()
                undone.push_async_callback(connection.close)
                found = await connection.execute(question.encode(), (_number(name),))
                ((answer,),) = await found.fetchall()
                undone.pop_all()
        return bool(answer)

    async def _opened(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = await AsyncConnection.connect(self._url, **CONNECTION)
            for setting in _SETTINGS:
                await self._connection.execute(setting.encode())
        return self._connection

    async def _close_if_idle(self) -> None:
        with anyio.CancelScope(shield=True):
            async with self._turn:
                if self._connection and not self._names:
                    await self._connection.close()
                    self._connection = None


def _number(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
