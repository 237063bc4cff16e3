"""Agents that callers have registered, in a state folder, as rows."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Sequence
from dataclasses import astuple
from pathlib import Path

from a2a_mcp.errors import StoreUnavailable
from a2a_mcp.store.moving.places import Place, Row
from a2a_mcp.store.registered import KeptAgent, RegisteredFolder


class RegisteredRows(Place):
    """The files of a folder; a name in any case of letters is one name."""

    def __init__(self, state_folder: Path) -> None:
        self._folder = state_folder

    async def count(self) -> int:
        """Return how many there are."""
        return len(self._all())

    async def batches(self) -> AsyncGenerator[list[Row], None]:
        """Yield all at once: they are few."""
        yield list(self._all().values())

    async def find(self, rows: Sequence[Row]) -> list[Row | None]:
        """Return for each the agent of the same name."""
        known = self._all()
        return [known.get(_name(row)) for row in rows]

    async def write(self, rows: Sequence[Row]) -> None:
        """Write a file for each whose name is free."""
        place = RegisteredFolder(self._folder)
        try:
            for owner, name, url, description in rows:
                await place.add(KeptAgent(owner, name, url, description))
        except OSError as fault:
            raise StoreUnavailable(
                f"Agents cannot be written to {self._folder} ({fault.strerror}).",
                "See to the folder, and run the same command again.",
            ) from fault

    def _all(self) -> dict[str, Row]:
        agents = RegisteredFolder(self._folder).news(math.inf) or []
        return {agent.name.casefold(): astuple(agent) for agent in agents}


def _name(row: Row) -> str:
    return str(row[1]).casefold()
