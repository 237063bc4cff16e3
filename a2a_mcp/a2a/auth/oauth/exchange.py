"""The grants by which a caller's own token becomes one for an agent. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from a2a_mcp.a2a.auth.oauth.settings import Exchange

TOKEN_EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - a name
ACCESS_TOKEN: Final = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a name
JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def exchange_grant(kind: Exchange, subject: str, scope: str | None) -> Mapping[str, str | None]:
    """Return the grant for a caller's token: of RFC 8693, or Entra's on-behalf-of."""
    if kind == "entra-obo":
        return {
            "grant_type": JWT_BEARER,
            "assertion": subject,
            "requested_token_use": "on_behalf_of",
            "scope": scope,
        }
    return {
        "grant_type": TOKEN_EXCHANGE,
        "subject_token": subject,
        "subject_token_type": ACCESS_TOKEN,
        "scope": scope,
    }
