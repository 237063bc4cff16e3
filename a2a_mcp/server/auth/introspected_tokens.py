"""Callers known by tokens that only their identity provider can read: it is asked for each.

A token goes to the provider that issues such tokens, and nowhere else. What is answered is checked
as the claims of a JWT are; only the signature is the provider's own affair.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from mcp.server.auth.provider import AccessToken

from a2a_mcp.a2a.auth.oauth.metadata import is_same_issuer
from a2a_mcp.config.issuers import IssuerTable
from a2a_mcp.server.auth.claims import LEEWAY_SECONDS, caller_of, texts
from a2a_mcp.server.auth.introspection import Introspection

TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""What a bearer token may be (RFC 6750, 2.1); nothing else is worth a question."""
KINDS: Final = frozenset({"bearer", "at+jwt", "jwt"})
"""Providers call refresh tokens and id tokens active as well, where they do not forget to."""


class IntrospectedTokens:
    """Verifies the tokens of the issuer `name`; `resource` is the audience by default."""

    def __init__(
        self,
        name: str,
        table: IssuerTable,
        resource: str,
        provider: Introspection,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.name = name
        self.scopes = table.scopes
        self._table = table
        self._audiences = frozenset(table.audiences or [resource])
        self._provider = provider
        self._clock = clock

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return what the provider says of a token's caller; None if it is not valid here.

        Raises ProviderDown.
        """
        if not TOKEN.fullmatch(token):
            return None
        claims = await self._provider.claims(token)
        is_valid = claims["active"] and self._is_for_us(claims) and self._is_now(claims)
        return caller_of(token, claims, self.name, self._table) if is_valid else None

    def _is_for_us(self, claims: Mapping[str, Any]) -> bool:
        """Return whether an access token is for this bridge, as far as the provider says it."""
        issuer, audience = claims.get("iss", self._table.url), claims.get("aud")
        kinds = [claims[name] for name in ("token_type", "typ") if claims.get(name) is not None]
        return (
            isinstance(issuer, str)
            and is_same_issuer(issuer, self._table.url)
            and not self._audiences.isdisjoint(texts(audience) or [str(audience)])
            and all(isinstance(kind, str) and kind.lower() in KINDS for kind in kinds)
        )

    def _is_now(self, claims: Mapping[str, Any]) -> bool:
        now = self._clock()
        start, end = claims.get("nbf", now), claims.get("exp", now)
        return (
            is_time(start) and is_time(end) and start - LEEWAY_SECONDS <= now < end + LEEWAY_SECONDS
        )


def is_time(value: object) -> bool:
    """Return whether a claim is a point in time that can be compared."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12
