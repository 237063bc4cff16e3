"""Callers known by access tokens of one identity provider: JWTs that it signed for this bridge.

A token only identifies the caller. It is never passed on to an agent, and nothing of it is logged.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import jwt
from mcp.server.auth.provider import AccessToken

from a2a_mcp.a2a.signatures.keys import ALGORITHMS
from a2a_mcp.config.issuers import IssuerTable
from a2a_mcp.server.auth.claims import LEEWAY_SECONDS, caller_of
from a2a_mcp.server.auth.provider import Provider

TYPES: Final = frozenset({"at+jwt", "application/at+jwt", "jwt"})
"""An id token or a logout token is no access token (RFC 9068)."""
NEEDED: Final = ("exp", "iss", "aud", "sub")


class IssuedTokens:
    """Verifies the tokens of the issuer `name`; `resource` is the audience by default."""

    def __init__(self, name: str, table: IssuerTable, resource: str, provider: Provider) -> None:
        self.name = name
        self.scopes = table.scopes
        self._table = table
        self._audiences = list(table.audiences) or [resource]
        self._provider = provider

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return what a token says of its caller; None if it is not valid here.

        Raises ProviderDown.
        """
        try:
            head = jwt.get_unverified_header(token)
            if not _is_access_token(head):
                return None
            key = await self._provider.key(head.get("kid"))
            claims = self._claims(token, key.public) if key and key.algorithm == head["alg"] else {}
        except (jwt.PyJWTError, ValueError):
            return None
        return caller_of(token, claims, self.name, self._table)

    def _claims(self, token: str, key: jwt.PyJWK) -> dict[str, Any]:
        return jwt.decode(
            token,
            key,
            algorithms=list(ALGORITHMS),
            audience=self._audiences,
            issuer=self._table.url,
            leeway=LEEWAY_SECONDS,
            options={"require": list(NEEDED)},
        )


def issuer_of(token: str) -> str | None:
    """Return the issuer that a token names; nothing is verified. None for what is no JWT."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError):
        return None
    found = claims.get("iss")
    return found if isinstance(found, str) else None


def _is_access_token(head: Mapping[str, Any]) -> bool:
    kind, name = head.get("typ", "at+jwt"), head.get("kid")
    return (
        head.get("alg") in ALGORITHMS
        and isinstance(kind, str)
        and kind.lower() in TYPES
        and (name is None or isinstance(name, str))
    )
