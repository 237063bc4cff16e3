# ruff: noqa: S608 - statements are made of words of this module alone; values are bound
"""What holds on where the connection of a lock has broken, while its holder still works.

The server then frees the lock, though a token may be on its way: were it used a second time, the
login would be lost. So a holder also writes a row, and the next one waits until the row is gone or
old. Only a holder that was killed leaves one behind, and so makes others wait.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final
from uuid import uuid4

import anyio

from a2a_mcp.errors import StoreUnavailable
from a2a_mcp.store.postgres.database import Database
from a2a_mcp.store.postgres.queries import rows
from a2a_mcp.store.postgres.records import NOW

LEASE_SECONDS: Final = 60.0
"""Longer than a renewal takes, with a database that is away for a moment."""

LOOK_SECONDS: Final = 0.1

_TAKE: Final = (
    "INSERT INTO leases (name, holder, until) "
    f"VALUES (%(name)s, %(holder)s, {NOW} + {LEASE_SECONDS}) "
    "ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until "
    f"WHERE leases.until < {NOW} RETURNING 1"
)
_FREE: Final = "DELETE FROM leases WHERE name = %(name)s AND holder = %(holder)s RETURNING 1"


class Leases:
    """The table `leases`; only who has the lock of a name asks for its lease."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def held(self, name: str, seconds: float) -> AsyncIterator[None]:
        """Hold a lease; raises TimeoutError after `seconds`, and StoreUnavailable."""
        values = {"name": name, "holder": uuid4().hex, "now": None}
        with anyio.fail_after(seconds):
            while not await self._asked(_TAKE, values):  # noqa: ASYNC110 - a row announces nothing
                await anyio.sleep(LOOK_SECONDS)
        try:
            yield
        finally:
            with suppress(StoreUnavailable):  # it ends by itself
                await self._asked(_FREE, values)

    async def _asked(self, statement: str, values: dict[str, Any]) -> bool:
        return bool(await self._database.run(lambda it: rows(it, statement, values)))
