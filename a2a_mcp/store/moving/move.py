"""The move itself: what is missing at the target is written, and then everything is compared.

It keeps no notes of how far it came. What a killed move has written is found at the target when it
runs again, and so is what a bridge has changed since: then only that is written.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeAlias

from a2a_mcp.store.moving.places import Place, Row, Table

Pairs: TypeAlias = list[tuple[Row, Row | None]]
"""Rows of the source, each with the one that stands in its place at the target."""

Tell: TypeAlias = Callable[[str, int, int], None]
"""Hears of which table how many rows are done, and how many there are."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What has become of one table.

    `digest` is over all rows of the source in their order, and `found` over the same rows as they
    were read back from the target. Both are empty where nothing was written.
    """

    title: str
    rows: int
    written: int
    equal: int
    digest: str = ""
    found: str = ""

    @property
    def is_whole(self) -> bool:
        """Return whether each row of the source stands at the target."""
        return self.equal == self.rows and self.digest == self.found


async def look(table: Table, source: Place, target: Place) -> Moved:
    """Return how many rows would be written; nothing is."""
    rows = there = 0
    async for pairs in _paired(source, target):
        rows += len(pairs)
        there += sum(table.is_there(row, found) for row, found in pairs)
    return Moved(table.title, rows, rows - there, there)


async def move(table: Table, source: Place, target: Place, tell: Tell) -> Moved:
    """Write what is missing at the target, then compare every row."""
    total = await source.count()
    done = written = 0
    async for pairs in _paired(source, target):
        missing = [row for row, found in pairs if not table.is_there(row, found)]
        if missing:
            await target.write(missing)
        done, written = done + len(pairs), written + len(missing)
        tell(table.title, done, total)
    return await _compared(table, source, target, written)


async def _compared(table: Table, source: Place, target: Place, written: int) -> Moved:
    digest, found_digest = hashlib.sha256(), hashlib.sha256()
    rows = equal = 0
    async for pairs in _paired(source, target):
        for row, found in pairs:
            is_there = table.is_there(row, found)
            rows, equal = rows + 1, equal + is_there
            digest.update(table.digest(row))
            found_digest.update(_digest_of(table, row, found))
    return Moved(table.title, rows, written, equal, digest.hexdigest(), found_digest.hexdigest())


def _digest_of(table: Table, row: Row, found: Row | None) -> bytes:
    """Return the digest of what stands at the target; a later row there stands for this one."""
    if found is None:
        return b""
    return table.digest(row if table.is_later(found, row) else found)


async def _paired(source: Place, target: Place) -> AsyncIterator[Pairs]:
    async with aclosing(source.batches()) as batches:
        async for rows in batches:
            yield list(zip(rows, await target.find(rows), strict=True))
