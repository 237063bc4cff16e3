"""Sign-ins by a page of the bridge's own: whom each is for, and which browser may come back.

A link is for one owner. Who opens it proves to be that owner first, and only the browser in which
he did so comes back from the authorization server. Otherwise one person could send a link to
another, and would get the login of that person.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Final, TypeAlias

import anyio

from a2a_mcp.a2a.auth.oauth.authorization_code import CodeRequest

PATH: Final = "/sign-in"
MOST_TRIES: Final = 5

Query: TypeAlias = Mapping[str, str]


class Ticket:
    """One sign-in of an owner at an agent, while its person is on the way.

    `target` is the page of the authorization server; nobody is led there who has not proved to be
    the owner. `proof` is the sign-in by which that is proved, where one is under way.
    """

    def __init__(self, base: str, owner: str, agent: str) -> None:
        self.id = secrets.token_urlsafe(32)
        self.owner = owner
        self.agent = agent
        self.link = f"{base}/{self.id}"
        self.redirect_uri = f"{base}/callback"
        self.target = ""
        self.proof: CodeRequest | None = None
        self.tries = 0
        self.over = anyio.Event()
        self.succeeded = False
        self._accept: Callable[[Query], bool] = lambda _: False
        self._browser: str | None = None
        self._is_proved = False
        self._query: Query = {}
        self._came = anyio.Event()

    @property
    def cookie(self) -> str:
        """The end of the name of its cookie: a browser may be in several sign-ins."""
        return sha256(self.id.encode()).hexdigest()[:8]

    def lead(self, url: str, accept: Callable[[Query], bool]) -> str:
        """Return what the person opens; `accept` says which redirect belongs to the sign-in."""
        self.target, self._accept = url, accept
        return self.link

    def begin(self, proof: CodeRequest | None = None) -> str:
        """Return what the browser shows that goes on from now on; no other one does any more.

        Without `proof` the person in front of it has proved already to be the owner.
        """
        self._browser, self.proof, self._is_proved = secrets.token_urlsafe(32), proof, proof is None
        return self._browser

    def is_of(self, browser: str | None) -> bool:
        """Return whether a browser shows what it was given when it began."""
        if self._browser is None or browser is None:
            return False
        return secrets.compare_digest(self._browser.encode(), browser.encode())

    def take_proof(self) -> CodeRequest | None:
        """Return the proof that is under way, once."""
        taken, self.proof = self.proof, None
        return taken

    def prove(self, browser: str | None, owner: str | None) -> bool:
        """Return whether the person in front of a browser has proved to be the owner."""
        # The browser may have begun once more, in another place, while the proof was checked.
        self._is_proved = self.is_of(browser) and owner == self.owner
        return self._is_proved

    def take(self, query: Query) -> bool:
        """Take what the authorization server sends back; return whether it belongs here."""
        if not self._is_proved or self._came.is_set() or not self._accept(query):
            return False
        self._query = query
        self._came.set()
        return True

    def give_up(self) -> None:
        """End it: too many have tried to prove what they are not."""
        self._query = {"error": "access_denied", "error_description": "too many wrong tokens"}
        self._came.set()

    async def query(self) -> Query:
        """Return what the browser brings back."""
        await self._came.wait()
        return self._query


class Tickets:
    """The sign-ins under way by pages below `public_url`; they end with the process."""

    def __init__(self, public_url: str) -> None:
        self._base = public_url.rstrip("/") + PATH
        self._open: dict[str, Ticket] = {}

    @asynccontextmanager
    async def open(self, owner: str, agent: str) -> AsyncIterator[Ticket]:
        """Open a sign-in, and close it with the block."""
        ticket = Ticket(self._base, owner, agent)
        self._open[ticket.id] = ticket
        try:
            yield ticket
            ticket.succeeded = True
        finally:
            del self._open[ticket.id]
            ticket.over.set()

    def get(self, name: str) -> Ticket | None:
        """Return an open sign-in by its id."""
        return self._open.get(name)

    def __iter__(self) -> Iterator[Ticket]:
        return iter(list(self._open.values()))
