"""An access token and how long it lasts. Pure.

A token is fresh as long as more of its life remains than a call may take to arrive.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, TypeGuard

from a2a_mcp.a2a.auth.oauth.errors import OAuthRefused
from a2a_mcp.a2a.model import JSON

MARGIN_SECONDS: Final = 30.0
MARGIN_PART: Final = 0.1
LONGEST_LIFE: Final = 366 * 86_400.0
LONGEST_TOKEN: Final = 16 * 1024
SET_BACK_SECONDS: Final = 60.0
TOKEN: Final = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class Token:
    """What an authorization server gave at `got_at`, in Unix seconds; it lasts `life` seconds.

    `life` None means that it lasts until a server refuses it.
    """

    access: str = field(repr=False)
    got_at: float
    life: float | None = None
    refresh: str | None = field(default=None, repr=False)
    scope: str | None = None

    def is_fresh(self, now: float) -> bool:
        """Return whether the token can be sent; not if the clock was set back since it came."""
        if self.life is None:
            return True
        age = now - self.got_at
        margin = min(MARGIN_SECONDS, self.life * MARGIN_PART)
        return -SET_BACK_SECONDS < age < self.life - margin

    def after(self, before: Token | None) -> Token:
        """Return the token with the earlier one's refresh token, where the server gave no new."""
        return replace(self, refresh=self.refresh or (before.refresh if before else None))


def read_token(body: JSON, now: float) -> Token:
    """Return the token in a server's answer; raises OAuthRefused where there is none."""
    answer = body if isinstance(body, Mapping) else {}
    access, kind = answer.get("access_token"), str(answer.get("token_type") or "bearer")
    if not _is_token(access):
        raise OAuthRefused("no_token", "its answer holds no token that can be sent in a header")
    if kind.lower() != "bearer":
        raise OAuthRefused("token_type", f"it gives tokens of the type {kind}, not bearer")
    refresh, scope = answer.get("refresh_token"), answer.get("scope")
    return Token(
        access,
        now,
        _life(answer.get("expires_in")),
        refresh if _is_token(refresh) else None,
        scope if isinstance(scope, str) else None,
    )


def _is_token(value: JSON) -> TypeGuard[str]:
    if not isinstance(value, str):
        return False
    return len(value) <= LONGEST_TOKEN and TOKEN.fullmatch(value) is not None


def _life(value: JSON) -> float | None:
    """Return the seconds that a token lasts; None where the server does not say it in earnest."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    return min(seconds, LONGEST_LIFE) if seconds > 0 else None
