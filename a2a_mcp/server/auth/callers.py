"""Who calls over HTTP: tokens of the configuration and of identity providers, each looked up once.

A verified token is remembered for a short time, so that a check costs next to nothing and a person
whose rights change is noticed within a minute. A refusal is never remembered.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from mcp.server.auth.provider import AccessToken

from a2a_mcp.server.auth.claims import has_scope
from a2a_mcp.server.auth.errors import ScopeMissing, TokenRefused
from a2a_mcp.server.auth.issued_tokens import issuer_of
from a2a_mcp.server.auth.shared_checks import SharedChecks
from a2a_mcp.server.auth.static_tokens import StaticTokens

KEPT_SECONDS: Final = 60.0
MOST_KEPT: Final = 10_000


class Tokens(Protocol):
    """The tokens of one issuer, by its name; each needs all `scopes`."""

    name: str

    @property
    def scopes(self) -> Sequence[str]:
        """The scopes."""
        ...

    async def caller(self, token: str) -> AccessToken:
        """Return what a token says of its caller; raises TokenRefused and ProviderDown."""
        ...


class _Kept(NamedTuple):
    until: float
    token: AccessToken


class Callers:
    """Verifies bearer tokens; `issuers` are by their URL. `clock` returns Unix seconds.

    `opaque` takes the tokens that name no issuer.
    """

    def __init__(
        self,
        static: StaticTokens,
        issuers: Mapping[str, Tokens],
        clock: Callable[[], float],
        opaque: Tokens | None = None,
    ) -> None:
        self._static = static
        self._issuers = dict(issuers)
        self._clock = clock
        self._opaque = opaque
        self._kept: dict[bytes, _Kept] = {}
        self._checks = SharedChecks()

    @property
    def scopes(self) -> list[str]:
        """The scopes that a sign-in must ask for, of all issuers."""
        return list(
            dict.fromkeys(scope for issuer in self._issuers.values() for scope in issuer.scopes)
        )

    async def caller(self, token: str) -> AccessToken:
        """Return what a token says of its caller.

        Raises TokenRefused, ScopeMissing and ProviderDown.
        """
        name = hashlib.sha256(token.encode("utf-8", "replace")).digest()
        kept = self._kept.get(name)
        if kept and kept.until > self._clock():
            return kept.token
        found = await self._static.verify_token(token)
        if found is None:
            found = await self._checks.once(name, lambda: self._issued(token))
        self._keep(name, found)
        return found

    async def _issued(self, token: str) -> AccessToken:
        issuer = self._issuer(token)
        found = await issuer.caller(token)
        missing = [scope for scope in issuer.scopes if not has_scope(found.scopes, scope)]
        if missing:
            raise ScopeMissing(found, missing)
        return found

    def _issuer(self, token: str) -> Tokens:
        """Return who may have issued a token; raises TokenRefused."""
        named = issuer_of(token)
        if named is None:
            if self._opaque is None:
                raise TokenRefused("it is no token of the configuration, and no JWT")
            return self._opaque
        issuer = self._issuers.get(named)
        if issuer is None:
            raise TokenRefused("its issuer is not configured", f"it names {named}")
        return issuer

    def _keep(self, name: bytes, token: AccessToken) -> None:
        now = self._clock()
        if len(self._kept) >= MOST_KEPT:
            self._kept = {key: kept for key, kept in self._kept.items() if kept.until > now}
            while len(self._kept) >= MOST_KEPT:
                del self._kept[next(iter(self._kept))]
        until = min(now + KEPT_SECONDS, token.expires_at or now + KEPT_SECONDS)
        self._kept[name] = _Kept(until, token)
