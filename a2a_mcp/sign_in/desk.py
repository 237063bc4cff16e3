"""Where the tickets of sign-ins lie while their people are on the way; here in the memory.

Pages and the call that waits may be in two processes. So each reads a ticket when it needs it, and
changes it only if nobody else did meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol, TypeAlias

import anyio

from a2a_mcp.sign_in.ticket import Ticket

MOST_OVER: Final = 64
"""Tickets that are over and still tell their last page how it ended."""

Change: TypeAlias = Callable[[Ticket], Ticket | None]
Condition: TypeAlias = Callable[[Ticket], bool]


class Desk(Protocol):
    """The tickets, by their names; every method may raise StoreUnavailable."""

    async def add(self, ticket: Ticket) -> None:
        """Lay a new ticket down."""

    async def get(self, name: str) -> Ticket | None:
        """Return a ticket; None for one that nobody waits for any more."""

    async def change(self, name: str, change: Change) -> Ticket | None:
        """Return a ticket after `change`; None where it is gone, or where `change` returns None."""

    async def wait(self, name: str, until: Condition, *, holds: bool = False) -> Ticket | None:
        """Return a ticket once it fulfils a condition; None as soon as it is gone.

        The process that `holds` a ticket, because it ends the sign-in, keeps it there by waiting.
        """

    async def find(self, owner: str, agent: str) -> Ticket | None:
        """Return the ticket of a sign-in that another process leads the same owner through."""

    async def close(self) -> None:
        """Close what was opened."""


class MemoryDesk(Desk):
    """The tickets of one process; they end with it."""

    def __init__(self) -> None:
        self._tickets: dict[str, Ticket] = {}
        self._changed = anyio.Event()

    async def add(self, ticket: Ticket) -> None:
        """Lay a new ticket down."""
        over = [name for name, each in self._tickets.items() if each.is_over]
        for name in over[:-MOST_OVER]:
            del self._tickets[name]
        self._tickets[ticket.name] = ticket

    async def get(self, name: str) -> Ticket | None:
        """Return a ticket."""
        return self._tickets.get(name)

    async def change(self, name: str, change: Change) -> Ticket | None:
        """Return a ticket after a change."""
        ticket = self._tickets.get(name)
        changed = change(ticket) if ticket else None
        if changed:
            self._tickets[name] = changed
            self._changed.set()
            self._changed = anyio.Event()
        return changed

    async def wait(self, name: str, until: Condition, *, holds: bool = False) -> Ticket | None:
        """Return a ticket once it fulfils a condition."""
        while (ticket := self._tickets.get(name)) and not until(ticket):
            await self._changed.wait()
        return ticket

    async def find(self, owner: str, agent: str) -> Ticket | None:
        """Return None: no other process has any."""

    async def close(self) -> None:
        """Nothing was opened."""
