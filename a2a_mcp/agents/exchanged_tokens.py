"""Tokens for one agent that callers get for their own: each for the caller that has shown one.

They are kept in memory, for one owner, and no longer than what they were got for. Work that goes on
without its caller uses a token as long as it lasts, and then waits for the caller.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

import anyio

from a2a_mcp.a2a.auth.oauth.errors import OAuthRefused
from a2a_mcp.a2a.auth.oauth.exchange import exchange_grant
from a2a_mcp.a2a.auth.oauth.settings import Exchange
from a2a_mcp.a2a.auth.oauth.token import Token
from a2a_mcp.a2a.card import FoundCard
from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.agents import credential_faults as faults
from a2a_mcp.agents.subject import Subject
from a2a_mcp.agents.tokens import AgentTokens
from a2a_mcp.errors import CredentialUnavailable

AGAIN_SECONDS: Final = 5.0
MOST_KEPT: Final = 4
"""Tokens of one owner: each host of a person shows another."""

OF_CALLER: Final = frozenset({"invalid_grant", "interaction_required", "invalid_request"})
"""Refusals that the caller's own token may be the reason of."""


class ExchangedTokens:
    """The tokens of one owner; `asker` knows the token server, `subject` what the owner shows."""

    def __init__(
        self,
        asker: AgentTokens,
        kind: Exchange,
        subject: Callable[[], Subject | None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._asker = asker
        self._kind = kind
        self._subject = subject
        self._clock = clock
        self._lock = anyio.Lock()
        self._tokens: dict[str, Token] = {}
        self._failures: dict[str, tuple[float, CredentialUnavailable | A2AError]] = {}
        self._renewed_at = float("-inf")

    def at_hand(self) -> str | None:
        """Return a token if there is a fresh one; it asks nobody."""
        token = self._usable(self._subject(), None)
        return token.access if token else None

    async def get(self, found: FoundCard | None, refused: str | None = None) -> str:
        """Return a token, another one than `refused` if that may help.

        Raises CredentialUnavailable, and A2AError where the server does not answer.
        """
        subject = self._subject()
        if token := self._usable(subject, refused):
            return token.access
        if subject is None:
            raise faults.no_caller()
        async with self._lock:
            if token := self._usable(subject, refused):
                return token.access
            self._raise_recent_failure(subject)
            return (await self._obtain(found, subject, refused)).access

    def _usable(self, subject: Subject | None, refused: str | None) -> Token | None:
        """Return a fresh token of a caller; without a caller, the newest of its owner."""
        tokens: Iterable[Token | None] = (
            [self._tokens.get(subject.name)] if subject else reversed(self._tokens.values())
        )
        fresh = [token for token in tokens if token and token.is_fresh(self._clock())]
        if refused is not None and abs(self._clock() - self._renewed_at) > AGAIN_SECONDS:
            fresh = [token for token in fresh if token.access != refused]
        return fresh[0] if fresh else None

    def _raise_recent_failure(self, subject: Subject) -> None:
        at, error = self._failures.get(subject.name, (float("-inf"), None))
        if error and abs(self._clock() - at) < AGAIN_SECONDS:
            raise error from None

    async def _obtain(
        self, found: FoundCard | None, subject: Subject, refused: str | None
    ) -> Token:
        try:
            token = await self._exchange(found, subject)
        except (CredentialUnavailable, A2AError) as error:
            self._failures = {subject.name: (self._clock(), error)}
            raise
        self._tokens.pop(subject.name, None)
        self._tokens = dict([*self._tokens.items(), (subject.name, token)][-MOST_KEPT:])
        if refused is not None:
            self._renewed_at = self._clock()
        self._asker.mask(token)
        return token

    async def _exchange(self, found: FoundCard | None, subject: Subject) -> Token:
        authorization = await self._asker.authorization(found)
        grant = exchange_grant(self._kind, subject.token, authorization.scope)
        async with self._asker.server(authorization.endpoints) as server:
            try:
                return self._as_long_as(subject, await server.token(grant))
            except OAuthRefused as refusal:
                if refusal.error in OF_CALLER:
                    raise faults.not_exchanged(refusal) from None
                raise

    def _as_long_as(self, subject: Subject, token: Token) -> Token:
        """Return a token that ends with the caller's own at the latest."""
        if subject.expires_at is None:
            return token
        left = max(subject.expires_at - token.got_at, 0.0)
        return replace(token, life=left if token.life is None else min(token.life, left))
