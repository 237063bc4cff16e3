"""Who is calling: the owner of the tasks that a request may see, and what it has shown."""

from __future__ import annotations

import time
from typing import Final

from mcp.server.auth.middleware.auth_context import get_access_token

from a2a_mcp.agents.subject import Subject

STATIC: Final = "static"
"""The client of tokens that the configuration lists: no identity provider knows them."""
LOCAL_OWNER: Final = "local"


def owner() -> str:
    """Return the owner of the current call: over HTTP as its token says, else "local"."""
    token = get_access_token()
    return str((token.claims or {})["owner"]) if token else LOCAL_OWNER


def subject(of: str) -> Subject | None:
    """Return the token of the current call, if an identity provider gave it to this owner.

    Work that goes on in the background has the call that began it: its token may have ended.
    """
    token = get_access_token()
    if token is None or token.client_id == STATIC or (token.claims or {})["owner"] != of:
        return None
    if token.expires_at is not None and token.expires_at <= time.time():
        return None
    return Subject(token.token, token.expires_at)
