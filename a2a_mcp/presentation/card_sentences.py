"""What is said of an agent's extended card. Nothing is decided here."""

from __future__ import annotations

from typing import Final

ADDS: Final = "the extended card adds {what}"
ADDS_NOTHING: Final = "the extended card adds nothing"
NO_CREDENTIALS: Final = "the extended card is not asked for, because no credentials are set"
PUBLIC_SHOWN: Final = "The public card is shown, and calls work as before."
NOT_ALLOWED: Final = (
    f"The agent refused its extended card: the credentials do not suffice for it. {PUBLIC_SHOWN}"
)
MISSING: Final = f"The card announces an extended card, but the agent has none. {PUBLIC_SHOWN}"
OTHER_INTERFACES: Final = (
    "The extended card names other interfaces than the public one; they are not used."
)


def failed(reason: str) -> str:
    """Say why an extended card was not read."""
    return f"The agent's extended card is not used: {reason.rstrip('.')}. {PUBLIC_SHOWN}"
