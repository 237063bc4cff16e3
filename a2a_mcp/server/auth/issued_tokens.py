"""Callers known by access tokens of one identity provider: JWTs that it signed for this bridge.

A token only identifies the caller. It is never passed on to an agent, and nothing of it is logged.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import jwt
from mcp.server.auth.provider import AccessToken

from a2a_mcp.a2a.signatures.keys import ALGORITHMS, Key
from a2a_mcp.config.issuers import IssuerTable
from a2a_mcp.server.auth.claims import LEEWAY_SECONDS, caller_of
from a2a_mcp.server.auth.errors import TokenRefused
from a2a_mcp.server.auth.provider import Provider

TYPES: Final = frozenset({"at+jwt", "application/at+jwt", "jwt"})
"""An id token or a logout token is no access token (RFC 9068)."""
NEEDED: Final = ("exp", "iss", "aud", "sub")
HEAD, CLAIMS, PARTS = 0, 1, 3  # of a JWT
NOW: Final = "now"
REASONS: Final[tuple[tuple[type[Exception], str, Sequence[str]], ...]] = (
    (jwt.InvalidSignatureError, "its signature is wrong", ()),
    (jwt.MissingRequiredClaimError, f"it lacks one of {', '.join(NEEDED)}", ()),
    (jwt.ExpiredSignatureError, "it has expired", ("exp", NOW)),
    (jwt.ImmatureSignatureError, "it is not valid yet", ("nbf", "iat", NOW)),
    (jwt.InvalidAudienceError, "it is for another audience", ("aud",)),
)
"""What is wrong, by the library's error, and the claims that an operator wants to see."""


class IssuedTokens:
    """Verifies the tokens of the issuer `name`; `resource` is the audience by default."""

    def __init__(self, name: str, table: IssuerTable, resource: str, provider: Provider) -> None:
        self.name = name
        self.scopes = table.scopes
        self._table = table
        self._audiences = list(table.audiences) or [resource]
        self._provider = provider

    async def caller(self, token: str) -> AccessToken:
        """Return what a token says of its caller; raises TokenRefused and ProviderDown."""
        try:
            claims = self._claims(token, await self._key(_part(token, HEAD)))
        except (jwt.PyJWTError, ValueError) as error:
            raise _refusal(error, token) from error
        return caller_of(token, claims, self.name, self._table)

    async def _key(self, head: Mapping[str, Any]) -> Key:
        """Return the key that signs tokens with this head; raises TokenRefused, ProviderDown."""
        kind, name = head.get("typ", "at+jwt"), head.get("kid")
        algorithm = str(head.get("alg"))
        if algorithm not in ALGORITHMS:
            raise TokenRefused("its algorithm is not taken")
        if not (isinstance(kind, str) and kind.lower() in TYPES):
            raise TokenRefused("it is no access token")
        key = await self._provider.key(name) if name is None or isinstance(name, str) else None
        if key is None or key.algorithm != algorithm:
            raise TokenRefused("its key is none of its issuer's")
        return key

    def _claims(self, token: str, key: Key) -> dict[str, Any]:
        return jwt.decode(
            token,
            key.public,
            algorithms=[key.algorithm],
            audience=self._audiences,
            issuer=self._table.url,
            leeway=LEEWAY_SECONDS,
            options={"require": list(NEEDED)},
        )


def issuer_of(token: str) -> str | None:
    """Return the issuer that a token names; nothing is verified. None for what is no JWT."""
    found = _part(token, CLAIMS).get("iss")
    return found if isinstance(found, str) else None


def _part(token: str, place: int) -> Mapping[str, Any]:
    """Return a part of a token, of which nothing is verified; an empty one of what is no JWT.

    The library takes four times as long to read one, and is asked once, to verify.
    """
    parts = token.split(".")
    if len(parts) != PARTS:
        return {}
    padded = parts[place] + "=" * (-len(parts[place]) % 4)
    try:
        found = json.loads(base64.b64decode(padded, b"-_", validate=True))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _refusal(error: Exception, token: str) -> TokenRefused:
    """Return the refusal of a token, with the claims that do not fit if its signature is right."""
    for kind, reason, names in REASONS:
        if isinstance(error, kind):
            return TokenRefused(reason, _shown(token, names) if names else "")
    return TokenRefused("it is malformed")


def _shown(token: str, names: Sequence[str]) -> str:
    claims = jwt.decode(token, options={"verify_signature": False}) | {NOW: int(time.time())}
    return ", ".join(f"{name} is {claims[name]}" for name in names if name in claims)
