"""Tickets that several processes of the bridge see: sealed, in a place that they share.

A browser comes to any of them. The one that holds a ticket says now and then that it lives; the
tickets of a dead process are gone after a while.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import anyio

from a2a_mcp.errors import StoreUnavailable
from a2a_mcp.sign_in.desk import Change, Condition, Desk
from a2a_mcp.sign_in.ticket import Ticket, ticket_of
from a2a_mcp.store import tickets
from a2a_mcp.store.logins import LoginKey
from a2a_mcp.store.tickets import KeptTicket, TicketPlace

if TYPE_CHECKING:
    from a2a_mcp.store.sealing import Seal

LOOK_SECONDS: Final = 0.25
LONGEST_SECONDS: Final = 1.0
GROWTH: Final = 1.25
"""A person takes minutes, and each look is a statement: the pauses become longer."""

BEAT_SECONDS: Final = 5.0
MOST_CHANGES: Final = 20
"""How often a change is made again because another process was first."""


class SharedDesk(Desk):
    """The tickets at a place, sealed with a key."""

    def __init__(self, place: TicketPlace, key: LoginKey) -> None:
        self._place = place
        self._key = key
        self._made: Seal | None = None

    async def add(self, ticket: Ticket) -> None:
        """Lay a new ticket down."""
        sealed = (await self._seal()).seal(ticket.text(), _bound_to(ticket.name))
        await self._place.add(ticket.name, ticket.owner, ticket.agent, sealed)

    async def get(self, name: str) -> Ticket | None:
        """Return a ticket."""
        kept = await self._place.get(name)
        return await self._opened(kept) if kept else None

    async def change(self, name: str, change: Change) -> Ticket | None:
        """Return a ticket after a change, made again where another process was first."""
        for _ in range(MOST_CHANGES):
            kept = await self._place.get(name)
            ticket = await self._opened(kept) if kept else None
            changed = change(ticket) if ticket else None
            if kept is None or changed is None:
                return None
            sealed = (await self._seal()).seal(changed.text(), _bound_to(name))
            if await self._place.replace(name, kept.version, sealed):
                return changed
        return None

    async def wait(self, name: str, until: Condition, *, holds: bool = False) -> Ticket | None:
        """Return a ticket once it fulfils a condition; meanwhile say that this process lives.

        A place that is away for a moment ends no sign-in: the ticket outlives it.
        """
        said = seen = anyio.current_time()
        pause = LOOK_SECONDS
        while True:
            try:
                ticket = await self.get(name)
                seen = anyio.current_time()
                if ticket is None or until(ticket):
                    return ticket
                if holds and seen - said > BEAT_SECONDS:
                    await self._place.hold(name)
                    said = seen
            except StoreUnavailable:
                if anyio.current_time() - seen > tickets.DEAD_SECONDS:
                    raise
            await anyio.sleep(pause)
            pause = min(pause * GROWTH, LONGEST_SECONDS)

    async def find(self, owner: str, agent: str) -> Ticket | None:
        """Return the ticket of another process for the same owner and agent."""
        for kept in await self._place.of(owner, agent):
            ticket = await self._opened(kept)
            if ticket and not ticket.is_over and ticket.target:
                return ticket
        return None

    async def close(self) -> None:
        """Close the place."""
        await self._place.close()

    async def _opened(self, kept: KeptTicket) -> Ticket | None:
        """Return a ticket; None for one that was sealed with another key."""
        text = (await self._seal()).unseal(kept.sealed, _bound_to(kept.name))
        return ticket_of(text) if text else None

    async def _seal(self) -> Seal:
        if self._made is None:
            from a2a_mcp.store.sealing import Seal  # imports cryptography

            await self._key.prepare()
            self._made = Seal(self._new_key())
        return self._made

    def _new_key(self) -> bytes:
        try:
            return self._key.make()
        except OSError as error:
            raise StoreUnavailable(
                f"The key that seals sign-ins cannot be had: {error}",
                "Ask the user to check the state folder and logins in [server].",
            ) from error


def _bound_to(name: str) -> str:
    return f"sign-in\0{name}"
