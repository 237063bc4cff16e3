"""Who is calling: the owner of the tasks that a request may see."""

from __future__ import annotations

from typing import Final

from mcp.server.auth.middleware.auth_context import get_access_token

LOCAL_OWNER: Final = "local"


def owner() -> str:
    """Return the owner of the current call: over HTTP as its token says, else "local"."""
    token = get_access_token()
    return str((token.claims or {})["owner"]) if token else LOCAL_OWNER
