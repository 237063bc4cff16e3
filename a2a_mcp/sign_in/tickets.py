"""Sign-ins by pages below the bridge's public URL: their links, and who waits for them."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import anyio

from a2a_mcp.a2a.auth.oauth.authorization_code import Expected
from a2a_mcp.a2a.auth.oauth.errors import OAuthRefused
from a2a_mcp.errors import StoreUnavailable
from a2a_mcp.sign_in.desk import Change, Desk
from a2a_mcp.sign_in.ticket import Query, Ticket, name_of

PATH: Final = "/sign-in"


class Way:
    """The way of one browser, by the page of a ticket and back to `redirect_uri`."""

    def __init__(self, desk: Desk, ticket: Ticket, base: str) -> None:
        self.redirect_uri = f"{base}/callback"
        self._desk = desk
        self._ticket = ticket
        self._base = base

    async def lead(self, url: str, expected: Expected) -> str:
        """Return what the person opens; `expected` is the redirect that belongs to the sign-in."""
        await self._desk.change(self._ticket.name, lambda ticket: ticket.led(url, expected))
        return f"{self._base}/{self._ticket.id}"

    async def query(self) -> Query:
        """Return what the browser brings back; raises OAuthRefused where the ticket is gone."""
        name = self._ticket.name
        ticket = await self._desk.wait(name, lambda it: it.query is not None, holds=True)
        if ticket is None or ticket.query is None:
            raise OAuthRefused("expired", "the sign-in is not known any more")
        return ticket.query


class Tickets:
    """The sign-ins under way by pages below `public_url`."""

    def __init__(self, public_url: str, desk: Desk) -> None:
        self._base = public_url.rstrip("/") + PATH
        self._desk = desk

    @property
    def redirect_uri(self) -> str:
        """Where every browser comes back to."""
        return f"{self._base}/callback"

    @asynccontextmanager
    async def open(self, owner: str, agent: str) -> AsyncIterator[Way]:
        """Open a sign-in, and close it with the block."""
        ticket = Ticket(secrets.token_urlsafe(32), owner, agent)
        await self._desk.add(ticket)
        succeeded = False
        try:
            yield Way(self._desk, ticket, self._base)
            succeeded = True
        finally:
            with anyio.CancelScope(shield=True), suppress(StoreUnavailable):  # it goes by itself
                await self._desk.change(ticket.name, lambda it: it.ended(succeeded=succeeded))

    async def find(self, owner: str, agent: str) -> Ticket | None:
        """Return the sign-in of an owner at an agent through which another process leads him."""
        return await self._desk.find(owner, agent)

    def link(self, ticket: Ticket) -> str:
        """Return what the person opens."""
        return f"{self._base}/{ticket.id}"

    async def decline(self, owner: str, agent: str) -> None:
        """End the sign-in through which another process leads an owner, as he does not want it."""
        if ticket := await self.find(owner, agent):
            await self.change(ticket, Ticket.declined)

    async def by_link(self, link_id: str) -> Ticket | None:
        """Return the sign-in of a link, unless it is over."""
        return await self.named(name_of(link_id))

    async def named(self, name: str) -> Ticket | None:
        """Return a sign-in, unless it is over."""
        ticket = await self._desk.get(name)
        return None if ticket is None or ticket.is_over else ticket

    async def change(self, ticket: Ticket, change: Change) -> Ticket | None:
        """Return a sign-in after a step; None where it is over or `change` returns None."""
        return await self._desk.change(ticket.name, lambda it: None if it.is_over else change(it))

    async def succeeded(self, ticket: Ticket) -> bool:
        """Wait until a sign-in is over, and return whether the person is signed in."""
        ended = await self._desk.wait(ticket.name, lambda it: it.is_over)
        return bool(ended and ended.succeeded)
