"""Callers known by tokens that the configuration lists.

A token only identifies the caller. It is never passed on to an agent.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from mcp.server.auth.provider import AccessToken

from a2a_mcp.server.caller import STATIC


class StaticTokens:
    """Verifies bearer tokens of the configuration; the table maps principals to tokens."""

    def __init__(self, tokens: Mapping[str, str]) -> None:
        self._tokens = dict(tokens)

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return the access token of the principal, None if there is none.

        All tokens are compared, each in constant time, so that timing says nothing about them.
        """
        found = None
        for principal, secret in self._tokens.items():
            if hmac.compare_digest(token.encode(), secret.encode()):
                found = principal
        if found is None:
            return None
        return AccessToken(
            token=token,
            client_id=STATIC,
            subject=found,
            scopes=[],
            claims={"iss": "static", "owner": f"token:{found}"},
        )
