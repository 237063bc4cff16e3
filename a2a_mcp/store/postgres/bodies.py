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
from a2a_mcp.store.postgres.database import Database
from a2a_mcp.store.postgres.queries import rows
from a2a_mcp.store.postgres.records import BEGAN, NOW

log = logging.getLogger(__name__)

FOLDER: Final = "kept/"
LOOSE_SECONDS: Final = 3_600.0
"""How long an object may be without a row: longer than any write lasts."""

AWAY_SECONDS: Final = 30.0
"""How long nothing is written to object storage that failed: each try may take as long again."""

AT_ONCE: Final = 200
"""Objects that are removed together."""

SLICE: Final = 2_000
"""Notes that are looked at together: there is one for each object, also of those that stay."""

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
    "SELECT max(name), coalesce(array_agg(name) FILTER (WHERE "
    f"noted < {BEGAN} - {LOOSE_SECONDS} AND NOT EXISTS "
    "(SELECT 1 FROM kept WHERE kept.object = slice.name)), '{}') FROM "
    "(SELECT name, noted FROM objects WHERE name > %(after)s ORDER BY name LIMIT %(most)s) AS slice"
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
        after: str | None = ""
        while after is not None:
            after, loose = await self._loose(after)
            for at in range(0, len(loose), AT_ONCE):
                if not await self.remove(loose[at : at + AT_ONCE]):
                    return

    async def remove(self, names: Sequence[str]) -> bool:
        """Remove objects whose rows are gone; return False where that is left for a sweep."""
        if self._objects is None:
            return False
        try:
            await self._objects.delete([FOLDER + name for name in names])
        except StoreUnavailable:
            return False
        await self._forget(list(names))
        return True

    async def _loose(self, after: str) -> tuple[str | None, list[str]]:
        """Return names without a row among the next ones, and after which to go on, if any."""
        values = {"after": after, "most": SLICE, "now": None}
        ((last, loose),) = await self._database.run(lambda it: rows(it, _LOOSE, values))
        return last, loose

    async def _forget(self, names: list[str]) -> None:
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


def _inline(body: bytes) -> Body:
    return {"body": body, "object": None, "object_bytes": 0}


def _digest(body: bytes) -> str:
    return sha256(body).hexdigest()
