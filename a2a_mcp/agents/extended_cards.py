"""The extended cards of one agent: what it tells callers with credentials beyond its public card.

Each belongs to the credentials that it was shown for, so it is never given to a caller with others,
and is not stored. It is shown and decides nothing: where calls go and how they authenticate stays
with the public card.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

import anyio

from a2a_mcp.a2a.auth.static import Attachment
from a2a_mcp.a2a.card import FoundCard
from a2a_mcp.a2a.card_model import AgentCard
from a2a_mcp.a2a.errors import A2AError

AGAIN_SECONDS: Final = 86_400.0
"""How long an answer counts while the public card stays the same."""
MOST_KEPT: Final = 100
"""Credentials whose answers are kept; a token that is renewed counts as another one."""


class ExtendedCard(NamedTuple):
    """The extended card, or the error in its place."""

    found: FoundCard | None = None
    error: A2AError | None = None


class _Kept(NamedTuple):
    answer: ExtendedCard
    public: AgentCard
    asked_at: float


class ExtendedCards:
    """The extended cards of one agent, each asked for when it is first wanted.

    `public` returns the public card of an agent that may be asked, `attach` the credentials of the
    caller, `fetch` the card that they show, checked.
    """

    def __init__(
        self,
        public: Callable[[], FoundCard | None],
        attach: Callable[[], Awaitable[Attachment]],
        fetch: Callable[[], Awaitable[FoundCard]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._public = public
        self._attach = attach
        self._fetch = fetch
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._asking = anyio.Lock()

    async def get(self, *, refresh: bool = False) -> ExtendedCard | None:
        """Return the answer to the caller's credentials; None where none is asked for.

        An error of the agent is in the answer. Raises CredentialUnavailable.
        """
        public = self._announcing()
        if public is None:
            return None
        name = _name_of(await self._attach())
        async with self._asking:
            known = None if refresh else self._fresh(name, public)
            return known or await self._asked(name, public)

    async def known(self) -> ExtendedCard | None:
        """Return the same as far as it is known: nothing is fetched."""
        public = self._announcing() if self._kept else None
        return self._fresh(_name_of(await self._attach()), public) if public else None

    def _announcing(self) -> AgentCard | None:
        """Return the public card, if it announces an extended one."""
        found = self._public()
        announces = found is not None and found.card.capabilities.extended_agent_card
        return found.card if found and announces else None

    def _fresh(self, name: str, public: AgentCard) -> ExtendedCard | None:
        kept = self._kept.get(name)
        if kept is None or kept.public != public:
            return None
        return kept.answer if self._clock() - kept.asked_at < AGAIN_SECONDS else None

    async def _asked(self, name: str, public: AgentCard) -> ExtendedCard:
        answer = await self._answer()
        self._kept.pop(name, None)
        while len(self._kept) >= MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[name] = _Kept(answer, public, self._clock())
        return answer

    async def _answer(self) -> ExtendedCard:
        try:
            return ExtendedCard(found=await self._fetch())
        except A2AError as error:
            return ExtendedCard(error=error)


def _name_of(attachment: Attachment) -> str:
    """Return what tells credentials apart, without keeping them."""
    said = json.dumps([attachment.headers, attachment.params], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()
