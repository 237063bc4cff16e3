"""The place of sign-ins under way that several processes share; what is in it is sealed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

DEAD_SECONDS: Final = 30.0
"""How long a ticket stays after the last word of the process that holds it."""


@dataclass(frozen=True, slots=True)
class KeptTicket:
    """A sealed ticket; `version` changes with it."""

    name: str
    version: int
    sealed: bytes = field(repr=False)


class TicketPlace(Protocol):
    """Where tickets are kept by their names; methods raise StoreUnavailable."""

    async def add(self, name: str, owner: str, agent: str, sealed: bytes) -> None:
        """Keep a new ticket; those of processes that are dead go."""

    async def get(self, name: str) -> KeptTicket | None:
        """Return a ticket that a living process holds, or held a moment ago."""

    async def of(self, owner: str, agent: str) -> Sequence[KeptTicket]:
        """Return the tickets of an owner at an agent, the newest first."""

    async def replace(self, name: str, version: int, sealed: bytes) -> bool:
        """Put a ticket in the place of the one of a version; return False if that is gone."""

    async def hold(self, name: str) -> None:
        """Say that the process lives that holds a ticket."""

    async def close(self) -> None:
        """Close what was opened."""
