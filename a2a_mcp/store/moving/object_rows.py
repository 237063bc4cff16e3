"""Kept results of a database as rows with their bytes, also where these are in object storage.

They are only read there. What is moved into a database goes into its rows; the bridges put large
results into object storage as they come.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from a2a_mcp.errors import StoreUnavailable
from a2a_mcp.store.moving.places import Place, Row
from a2a_mcp.store.objects import Objects
from a2a_mcp.store.postgres.bodies import fetched

GONE = "A kept result is not in the object storage any more: {name}."
GONE_NEXT = (
    "Bring it back from a backup, or remove its row (DELETE FROM kept WHERE object = '{name}'); "
    "then run the same command again."
)


class ObjectRows(Place):
    """The results of a `place` that gives the name of an object where the bytes are in one."""

    def __init__(self, place: Place, objects: Objects | None) -> None:
        self._place = place
        self._objects = objects

    async def count(self) -> int:
        """Return how many results there are."""
        return await self._place.count()

    async def batches(self) -> AsyncGenerator[list[Row], None]:
        """Yield all results, some at a time."""
        async with aclosing(self._place.batches()) as batches:
            async for rows in batches:
                yield [await self._whole(row) for row in rows]

    async def find(self, rows: Sequence[Row]) -> list[Row | None]:
        """Return for each row the result of the same task."""
        found = await self._place.find(rows)
        return [row and await self._whole(row) for row in found]

    async def write(self, rows: Sequence[Row]) -> None:
        """Write results into the rows of the database."""
        await self._place.write(rows)

    async def _whole(self, row: Row) -> Row:
        *key, body = row
        if bytes(body[:1]) == b"{":
            return row
        name = bytes(body).decode()
        found = await fetched(self._objects, name)
        if found is None:
            raise StoreUnavailable(GONE.format(name=name), GONE_NEXT.format(name=name))
        return (*key, found)
