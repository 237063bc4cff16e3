"""What a credential command prints: the credential, or JSON with it and with how long it lasts.

The forms are those of gcloud, az, the metadata servers of both clouds, Kubernetes' exec plugins,
and OAuth's own. Pure.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from a2a_mcp.a2a.auth.oauth.token import Token
from a2a_mcp.config.values import one_line

TOKENS: Final = ("access_token", "accessToken", "token", "id_token", "idToken")
NESTS: Final = ("credential", "status")
LIVES: Final = ("expires_in", "expiresIn")
MOMENTS: Final = ("expires_on", "expiration_time")
DATES: Final = ("expiry", "token_expiry", "expirationTimestamp", "expiresOn", "expires_at")


def read_output(text: str, now: float) -> Token:
    """Return the credential in an output at `now`, in Unix seconds; raises ValueError for none.

    It lasts until it is refused where the output does not say how long.
    """
    document = _document(text)
    if document is None:
        line = one_line(text)
        return Token(line, now, _until(now, _claims(line).get("exp")))
    access = next(str(document[name]) for name in TOKENS if document.get(name))
    return Token(one_line(access), now, _life(document, now))


def _document(text: str) -> Mapping[str, Any] | None:
    """Return the object that holds the token; None where the output is no such JSON."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        found = json.loads(text)
    except ValueError:
        return None
    inner = (found.get(name) for name in NESTS)
    candidates = [found, *(each for each in inner if isinstance(each, dict))]
    return next((it for it in candidates if any(isinstance(it.get(n), str) for n in TOKENS)), None)


def _life(document: Mapping[str, Any], now: float) -> float | None:
    """Return the seconds that a token lasts. A time in words comes last: it may be local."""
    forms: list[tuple[tuple[str, ...], Callable[[Any], float | None]]] = [
        (LIVES, _number),
        (MOMENTS, lambda value: _until(now, value)),
        (DATES, lambda value: _until(now, _moment(value))),
    ]
    for names, read in forms:
        for name in names:
            if (life := read(document.get(name))) is not None:
                return life
    return None


def _until(now: float, moment: object) -> float | None:
    end = _number(moment)
    return None if end is None else end - now


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _moment(value: object) -> float | None:
    """Return a date as Unix seconds; one without a zone is local, as az writes it."""
    if not isinstance(value, str):
        return None
    try:
        return datetime.fromisoformat(value).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _claims(token: str) -> Mapping[str, Any]:
    """Return what a JWT says of itself, unchecked; nothing for another kind of token."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        claims = json.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return {}
    return claims if isinstance(claims, dict) else {}
