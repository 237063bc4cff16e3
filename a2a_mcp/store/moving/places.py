"""What is moved, and from where to where: rows of a table at one of two places. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

Row: TypeAlias = tuple[Any, ...]
"""The values of a table's columns, the same at either place."""


@dataclass(frozen=True, slots=True)
class Statements:
    """How one engine reads, finds and writes rows; values are bound as `:column`.

    `name` is the table's. All of `write` are executed one after the other, each for all rows of a
    batch, in one transaction. `file` is SQLite's.
    """

    name: str
    read: str
    find: str
    write: tuple[str, ...]
    file: str = "tasks.db"


@dataclass(frozen=True, slots=True)
class Table:
    """A table that is moved; of two rows with different values of `later` the later one stays.

    `compared` are the columns that must be equal after the move. So many rows are read `at_once`.
    """

    title: str
    columns: tuple[str, ...]
    sqlite: Statements | None
    postgres: Statements
    later: str | None = None
    compared: tuple[str, ...] = ()
    at_once: int = 200

    def values(self, row: Row) -> dict[str, Any]:
        """Return a row's values by column."""
        return dict(zip(self.columns, row, strict=True))

    def digest(self, row: Row) -> bytes:
        """Return a digest of what must be equal of a row."""
        values = self.values(row)
        told = [values[name] for name in self.compared or self.columns]
        return hashlib.sha256(json.dumps(told, default=_hashed).encode()).digest()

    def is_there(self, row: Row, found: Row | None) -> bool:
        """Return whether a row is at the other place already: the same, or a later one."""
        if found is None:
            return False
        return self.is_later(found, row) or self.digest(found) == self.digest(row)

    def is_later(self, one: Row, other: Row) -> bool:
        """Return whether one row is later than another."""
        if self.later is None:
            return False
        at = self.columns.index(self.later)
        return bool(one[at] > other[at])


class Place(Protocol):
    """Where the rows of one table are; every method raises StoreUnavailable."""

    async def count(self) -> int:
        """Return how many rows there are."""

    def batches(self) -> AsyncGenerator[list[Row], None]:
        """Yield all rows, some at a time, in the order in which they are to be written."""

    async def find(self, rows: Sequence[Row]) -> list[Row | None]:
        """Return for each of some rows the one that stands here in its place, if there is one."""

    async def write(self, rows: Sequence[Row]) -> None:
        """Write some rows, each whole or not; it replaces the one that stands in its place."""


class Absent(Place):
    """A place that has not been made."""

    async def count(self) -> int:
        """Return 0."""
        return 0

    async def batches(self) -> AsyncGenerator[list[Row], None]:
        """Yield nothing."""
        nothing: list[list[Row]] = []
        for rows in nothing:
            yield rows

    async def find(self, rows: Sequence[Row]) -> list[Row | None]:
        """Find nothing."""
        return [None] * len(rows)

    async def write(self, rows: Sequence[Row]) -> None:
        """Refuse: what is absent is only looked at."""
        raise AssertionError("a place that is written to is made first")


def _hashed(value: object) -> str:
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    raise TypeError(f"{type(value).__name__} is no value of a row")
