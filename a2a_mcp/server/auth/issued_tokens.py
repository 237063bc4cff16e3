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
from a2a_mcp.server.auth.provider import Provider

LEEWAY_SECONDS: Final = 30
TYPES: Final = frozenset({"at+jwt", "application/at+jwt", "jwt"})
"""An id token or a logout token is no access token (RFC 9068)."""
NEEDED: Final = ("exp", "iss", "aud", "sub")
MOST_BYTES_OF_AN_OWNER: Final = 200


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
        owner = claim(claims, self._table.owner_claim)
        return self._access_token(token, claims, owner) if is_owner(owner) else None

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

    def _access_token(self, token: str, claims: Mapping[str, Any], owner: str) -> AccessToken:
        # Sessions and sealed states are bound to these three, so none may be of one client: a
        # person has another client id in each host, and after each sign-in.
        return AccessToken(
            token=token,
            client_id=self.name,
            subject=owner,
            claims={
                "iss": self.name,
                "owner": f"{self.name}:{owner}",
                "client": client(claims),
                "groups": texts(claim(claims, self._table.groups_claim)),
            },
            scopes=scopes(claims),
            expires_at=int(claims["exp"]) + LEEWAY_SECONDS,
        )


def issuer_of(token: str) -> str | None:
    """Return the issuer that a token names; nothing is verified. None for what is no JWT."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError):
        return None
    found = claims.get("iss")
    return found if isinstance(found, str) else None


def claim(claims: Mapping[str, Any], path: str) -> Any:
    """Return a claim by its path with dots; a claim whose own name has dots comes first."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for name in path.split("."):
        if not isinstance(found, Mapping) or name not in found:
            return None
        found = found[name]
    return found


def client(claims: Mapping[str, Any]) -> str | None:
    """Return the client that a token was given to."""
    found = claims.get("client_id") or claims.get("azp")
    return found if isinstance(found, str) else None


def is_owner(value: object) -> bool:
    """Return whether a claim can name an owner: a short text without control characters."""
    return (
        isinstance(value, str)
        and value.isprintable()
        and 0 < len(value.encode("utf-8", "replace")) <= MOST_BYTES_OF_AN_OWNER
    )


def scopes(claims: Mapping[str, Any]) -> list[str]:
    """Return the scopes of a token: a text with spaces, or a list (`scp`)."""
    found = claims.get("scope") or claims.get("scp")
    return found.split() if isinstance(found, str) else texts(found)


def texts(value: object) -> list[str]:
    """Return the texts in a list; none where it is no list."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _is_access_token(head: Mapping[str, Any]) -> bool:
    kind, name = head.get("typ", "at+jwt"), head.get("kid")
    return (
        head.get("alg") in ALGORITHMS
        and isinstance(kind, str)
        and kind.lower() in TYPES
        and (name is None or isinstance(name, str))
    )
