"""What an authorization server repeats of what it was sent: hidden before anybody reads it. Pure.

Some say in an error which token or secret they refuse, and an error is logged and shown to a model.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final
from urllib.parse import quote, quote_plus

OPEN_FIELDS: Final = frozenset(
    {
        "audience",
        "client_assertion_type",
        "client_id",
        "grant_type",
        "redirect_uri",
        "requested_token_use",
        "resource",
        "scope",
        "subject_token_type",
        "token_type_hint",
    }
)
"""The fields of a form that are no secrets; every other one is."""

SHORTEST_SECRET: Final = 6
"""Characters; hiding shorter ones would hide ordinary words."""

HIDDEN: Final = "***"


def secrets_in(form: Mapping[str, str], headers: Mapping[str, str]) -> list[str]:
    """Return what of a request nobody but the server may read."""
    credentials = (value.partition(" ")[2] for value in headers.values())
    fields = (value for name, value in form.items() if name not in OPEN_FIELDS)
    return [secret for secret in (*credentials, *fields) if len(secret) >= SHORTEST_SECRET]


def hidden(text: str, secrets: Collection[str]) -> str:
    """Return a text without these secrets, as they are and as a form writes them."""
    for secret in secrets:
        for spelling in (secret, quote(secret, safe=""), quote_plus(secret)):
            text = text.replace(spelling, HIDDEN)
    return text
