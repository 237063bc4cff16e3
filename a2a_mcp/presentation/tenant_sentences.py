"""What is said of a tenant that a call names. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

NOT_ALLOWED_NEXT: Final = "Call again with one of them, or without tenant."
OF_OTHER: Final = "A task and a conversation stay with the tenant with which they began."
OF_OTHER_NEXT: Final = "Call again without tenant, or start a new task."


def not_allowed(agent: str, allowed: Sequence[str]) -> str:
    """Return that an agent has no such tenant, and which it has."""
    if not allowed:
        return f"Calls of the agent {agent!r} cannot name a tenant; nothing was sent."
    return f"The tenants of the agent {agent!r} are {', '.join(allowed)}; nothing was sent."
