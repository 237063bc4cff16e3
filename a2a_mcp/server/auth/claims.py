"""What the claims of a verified token say of its caller. Pure.

They are a provider's, and differ in form between providers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mcp.server.auth.provider import AccessToken

from a2a_mcp.config.issuers import IssuerTable
from a2a_mcp.server.auth.errors import TokenRefused

LEEWAY_SECONDS: Final = 30
"""How far a clock here and one at a provider may differ."""
MOST_BYTES_OF_AN_OWNER: Final = 200


def caller_of(
    token: str, claims: Mapping[str, Any], issuer: str, table: IssuerTable
) -> AccessToken:
    """Return the caller whom verified claims of an issuer name.

    Raises TokenRefused where they name nobody.
    """
    owner = claim(claims, table.owner_claim)
    if not is_owner(owner):
        raise TokenRefused(f"its claim {table.owner_claim} names no owner")
    end = claims.get("exp")
    # Sessions and sealed states are bound to these three, so none may be of one client: a
    # person has another client id in each host, and after each sign-in.
    return AccessToken(
        token=token,
        client_id=issuer,
        subject=owner,
        claims={
            "iss": issuer,
            "owner": f"{issuer}:{owner}",
            "client": client(claims),
            "groups": texts(claim(claims, table.groups_claim)),
        },
        scopes=scopes(claims),
        expires_at=None if end is None else int(end) + LEEWAY_SECONDS,
    )


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


def has_scope(given: Sequence[str], needed: str) -> bool:
    """Return whether a token has a scope that was asked for.

    Entra ID is asked for one below the address of the application, and names it in tokens, which
    are for that application alone, by its last part.
    """
    return needed in given or ("://" in needed and needed.rpartition("/")[2] in given)


def texts(value: object) -> list[str]:
    """Return the texts in a list; none where it is no list."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
