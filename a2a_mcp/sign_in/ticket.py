"""One sign-in by a page of the bridge's own, as it stands; each step makes a new value.

A link is for one owner. Who opens it proves to be that owner first, and only the browser in which
he did so comes back from the authorization server. Otherwise one person could send a link to
another, and would get the login of that person.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from typing import Final, TypeAlias

from a2a_mcp.a2a.auth.oauth.authorization_code import CodeRequest, Expected

MOST_TRIES: Final = 5

Query: TypeAlias = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Ticket:
    """A sign-in of an owner at an agent; who knows `id` may open its page.

    `target` is the page of the authorization server, to which nobody is led who has not proved to
    be the owner. `proof` is the sign-in by which that is proved, where one is under way. `query` is
    what the browser brought back. `succeeded` is None until the sign-in is over.
    """

    id: str = field(repr=False)
    owner: str
    agent: str
    target: str = field(default="", repr=False)
    expected: Expected | None = field(default=None, repr=False)
    proof: CodeRequest | None = field(default=None, repr=False)
    browser: str | None = field(default=None, repr=False)
    is_proved: bool = False
    tries: int = 0
    query: Query | None = field(default=None, repr=False)
    succeeded: bool | None = None

    @property
    def name(self) -> str:
        """By what the ticket is found and its cookie is named: it opens no page."""
        return name_of(self.id)

    @property
    def is_over(self) -> bool:
        """Whether the sign-in has ended."""
        return self.succeeded is not None

    def led(self, url: str, expected: Expected) -> Ticket:
        """Return the ticket that leads to `url`, from where `expected` comes back."""
        return replace(self, target=url, expected=expected)

    def begun(self, browser: str, proof: CodeRequest | None = None) -> Ticket:
        """Return the ticket of the browser that goes on from now on; no other one does any more.

        Without `proof` the person in front of it has proved already to be the owner.
        """
        return replace(self, browser=browser, proof=proof, is_proved=proof is None)

    def is_of(self, browser: str | None) -> bool:
        """Return whether a browser shows what it was given when it began."""
        if self.browser is None or browser is None:
            return False
        return secrets.compare_digest(self.browser.encode(), browser.encode())

    def without_proof(self, proof: CodeRequest) -> Ticket | None:
        """Return the ticket after its proof was taken up; None where that happened before."""
        return replace(self, proof=None) if self.proof == proof else None

    def proved(self, browser: str | None, owner: str | None) -> Ticket | None:
        """Return the ticket whose browser is the owner's; None for another person or browser."""
        # The browser may have begun once more, in another place, while the proof was checked.
        is_owner = self.is_of(browser) and owner == self.owner
        return replace(self, is_proved=True) if is_owner else None

    def failed(self) -> Ticket:
        """Return the ticket after a wrong token; after too many of them nobody gets on by it."""
        after = replace(self, tries=self.tries + 1)
        return after._refused("too many wrong tokens") if after.tries >= MOST_TRIES else after

    def declined(self) -> Ticket | None:
        """Return the ticket after its owner declined; None where he has been through already."""
        return None if self.query else self._refused("the person does not want to sign in")

    def _refused(self, why: str) -> Ticket:
        """Return the ticket by which nobody gets on any more: who holds it ends the sign-in."""
        return replace(self, query={"error": "access_denied", "error_description": why})

    def taken(self, browser: str | None, query: Query) -> Ticket | None:
        """Return the ticket with what came back; None where that does not belong here."""
        is_waiting = self.is_proved and self.query is None and self.expected is not None
        if not is_waiting or not self.is_of(browser):
            return None
        fits = self.expected is not None and self.expected.accepts(query)
        return replace(self, query=dict(query)) if fits else None

    def ended(self, *, succeeded: bool) -> Ticket:
        """Return the ticket of a sign-in that is over: all that was secret in it is gone."""
        return Ticket(self.id, self.owner, self.agent, succeeded=succeeded)

    def text(self) -> bytes:
        """Return the ticket as JSON."""
        return json.dumps(asdict(self)).encode()


def name_of(link_id: str) -> str:
    """Return the name of the ticket with an id."""
    return sha256(link_id.encode()).hexdigest()


def ticket_of(text: bytes) -> Ticket:
    """Return the ticket that was written as `text`."""
    value = json.loads(text)
    expected, proof = value.pop("expected"), value.pop("proof")
    return Ticket(
        **value,
        expected=Expected(**expected) if expected else None,
        proof=CodeRequest(**proof) if proof else None,
    )
