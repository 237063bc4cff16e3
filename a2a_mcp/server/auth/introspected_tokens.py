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
from a2a_mcp.server.auth.errors import TokenRefused
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

    async def caller(self, token: str) -> AccessToken:
        """Return what the provider says of a token's caller; raises TokenRefused, ProviderDown."""
        if not TOKEN.fullmatch(token):
            raise TokenRefused("it is malformed")
        claims = await self._provider.claims(token)
        if not claims["active"]:
            raise TokenRefused("its issuer says that it is not active")
        self._check_kind(claims)
        self._check_audience(claims)
        self._check_times(claims)
        return caller_of(token, claims, self.name, self._table)

    def _check_kind(self, claims: Mapping[str, Any]) -> None:
        issuer = claims.get("iss", self._table.url)
        if not (isinstance(issuer, str) and is_same_issuer(issuer, self._table.url)):
            raise TokenRefused("its issuer is another")
        kinds = [claims[name] for name in ("token_type", "typ") if claims.get(name) is not None]
        if not all(isinstance(kind, str) and kind.lower() in KINDS for kind in kinds):
            raise TokenRefused("it is no access token", f"it is {kinds}")

    def _check_audience(self, claims: Mapping[str, Any]) -> None:
        audience = claims.get("aud")
        if self._audiences.isdisjoint(texts(audience) or [str(audience)]):
            raise TokenRefused("it is for another audience", f"aud is {audience}")

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        now = self._clock()
        start, end = claims.get("nbf", now), claims.get("exp", now)
        if not (is_time(start) and is_time(end)):
            raise TokenRefused("its times are none")
        if now >= end + LEEWAY_SECONDS:
            raise TokenRefused("it has expired", f"exp is {end}, now is {int(now)}")
        if now < start - LEEWAY_SECONDS:
            raise TokenRefused("it is not valid yet", f"nbf is {start}, now is {int(now)}")


def is_time(value: object) -> bool:
    """Return whether a claim is a point in time that can be compared."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12
