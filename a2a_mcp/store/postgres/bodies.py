# ruff: noqa: S608 - statements are made of words of this module alone; values are bound
"""Where the bytes of kept results are: in the row, or beyond a size in object storage.

An object's name is noted before the object is written, and the object is written before the row
that names it. A row goes before its object, and that before the note. So whatever stops it midway,
no row names an object that was never there, and an object without a row is found by its note. A
name is used once: nobody can remove what another replica writes again at that moment.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

import anyio.to_thread

from a2a_mcp.errors import StoreUnavailable
from a2a_mcp.store.objects import Objects
from a2a_mcp.store.postgres.database import Connection, Database
from a2a_mcp.store.postgres.queries import rows
from a2a_mcp.store.postgres.records import NOW

log = logging.getLogger(__name__)

FOLDER: Final = "kept/"
LOOSE_SECONDS: Final = 3_600.0
"""How long an object may be without a row: longer than any write lasts."""

AWAY_SECONDS: Final = 30.0
"""How long nothing is written to object storage that failed: each try may take as long again."""

AT_ONCE: Final = 200
NOT_CONFIGURED: Final = (
    "This result is in object storage, and [server.store] of this server has no `files`."
)

Body = Mapping[str, Any]
"""The columns of a row that hold its bytes, or say where they are."""

# The digest of what is kept is the beginning of its object's name.
_STAYS: Final = (
    "SELECT 1 FROM kept WHERE owner = %(owner)s AND agent = %(agent)s AND task_id = %(task_id)s "
    "AND state = %(state)s AND (results > %(results)s OR (results = %(results)s AND %(digest)s = "
    "CASE WHEN body = '' THEN left(object, 64) ELSE encode(sha256(body), 'hex') END))"
)
_NOTE: Final = f"INSERT INTO objects (name, noted) VALUES (%(name)s, {NOW})"
_LOOSE: Final = (
    f"SELECT name FROM objects WHERE noted < {NOW} - {LOOSE_SECONDS} AND NOT EXISTS "
    f"(SELECT 1 FROM kept WHERE kept.object = objects.name) ORDER BY noted LIMIT {AT_ONCE}"
)
_FORGET: Final = "DELETE FROM objects WHERE name = ANY(%(names)s)"


class Bodies:
    """The bytes of results: those larger than `inline_bytes` in `objects`, if there are any.

    `clock` is in monotonic seconds.
    """

    def __init__(
        self,
        database: Database,
        objects: Objects | None,
        inline_bytes: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._objects = objects
        self._inline_bytes = inline_bytes
        self._clock = clock
        self._again = float("-inf")

    async def place(self, values: Mapping[str, Any], body: bytes) -> Body | None:
        """Write what belongs into object storage; return what belongs into the row.

        Return None where a row of `values` would change nothing. A result that cannot be written to
        object storage stays in its row, so that it is not lost. Raises StoreUnavailable.
        """
        if self._objects is None or len(body) <= self._inline_bytes:
            return _inline(body)
        if self._clock() < self._again:
            return _inline(body)
        digest = await anyio.to_thread.run_sync(_digest, body)
        if await self._stays({**values, "digest": digest}):
            return None
        name = f"{digest}-{secrets.token_hex(8)}"
        note = {"name": name, "now": None}
        await self._database.run(lambda it: it.execute(_NOTE.encode(), note))
        try:
            await self._objects.put(FOLDER + name, body)
        except StoreUnavailable:
            self._again = self._clock() + AWAY_SECONDS
            return _inline(body)
        return {"body": b"", "object": name, "object_bytes": len(body)}

    async def fetch(self, body: bytes, name: str | None) -> bytes | None:
        """Return a row's bytes, None where its object is gone. Raises StoreUnavailable."""
        if body or name is None:
            return body
        return await fetched(self._objects, name)

    async def sweep(self) -> None:
        """Remove objects that no row names; those that cannot be removed now go the next time.

        Raises StoreUnavailable where the database is away.
        """
        if self._objects is None:
            return
        while names := await self._database.run(_loose):
            if not await self.remove(names):
                return

    async def remove(self, names: Sequence[str]) -> bool:
        """Remove objects whose rows are gone; return False where that is left for a sweep."""
        if self._objects is None:
            return False
        try:
            await self._objects.delete([FOLDER + name for name in names])
        except StoreUnavailable:
            return False
        await self._forget(names)
        return True

    async def _forget(self, names: Sequence[str]) -> None:
        await self._database.run(lambda it: it.execute(_FORGET.encode(), {"names": names}))

    async def _stays(self, values: Mapping[str, Any]) -> bool:
        return bool(await self._database.run(lambda it: rows(it, _STAYS, dict(values))))


async def fetched(objects: Objects | None, name: str) -> bytes | None:
    """Return the bytes of a result in object storage, None if they are gone.

    Raises StoreUnavailable, also where there is no object storage.
    """
    if objects is None:
        raise StoreUnavailable(NOT_CONFIGURED, "Tell the operator of this server.")
    found = await objects.get(FOLDER + name)
    if found is None:
        log.warning("a kept result is no more in the object storage: %s%s", FOLDER, name)
    return found


async def _loose(connection: Connection) -> Sequence[str]:
    return [name for (name,) in await rows(connection, _LOOSE, {"now": None})]


def _inline(body: bytes) -> Body:
    return {"body": body, "object": None, "object_bytes": 0}


def _digest(body: bytes) -> str:
    return sha256(body).hexdigest()
