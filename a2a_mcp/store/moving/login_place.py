"""Logins as rows, sealed as they are: one is opened only to see that it opens, and its age."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import NamedTuple

from a2a_mcp.store.logins import login_of, seal_name
from a2a_mcp.store.moving.places import Place, Row
from a2a_mcp.store.sealing import Seal

NEVER = -math.inf
"""When the token of a login came that cannot be opened."""


class Openable(NamedTuple):
    """How many logins there are, and how many of them the state key opens."""

    all: int
    opening: int


async def openable(logins: Place) -> Openable:
    """Return how many logins of a place with their ages can be opened."""
    ages = [row[-1] async for rows in logins.batches() for row in rows]
    return Openable(len(ages), sum(age > NEVER for age in ages))


class LoginRows(Place):
    """The logins at another place, each with the time at which its token came."""

    def __init__(self, place: Place, seal: Seal) -> None:
        self._place = place
        self._seal = seal

    async def count(self) -> int:
        """Return how many logins there are."""
        return await self._place.count()

    async def batches(self) -> AsyncGenerator[list[Row], None]:
        """Yield all logins."""
        async with aclosing(self._place.batches()) as batches:
            async for rows in batches:
                yield list(map(self._with_age, rows))

    async def find(self, rows: Sequence[Row]) -> list[Row | None]:
        """Return for each login the one of the same owner and agent."""
        found = await self._place.find(rows)
        return [self._with_age(row) if row else None for row in found]

    async def write(self, rows: Sequence[Row]) -> None:
        """Write logins."""
        await self._place.write(rows)

    def _with_age(self, row: Row) -> Row:
        owner, agent, sealed = row
        text = self._seal.unseal(bytes(sealed), seal_name(owner, agent))
        return owner, agent, bytes(sealed), login_of(text).token.got_at if text else NEVER
