"""What is said of an agent's extended card and of its pin. Nothing is decided here."""

from __future__ import annotations

from typing import Final

ADDS: Final = "the extended card adds {what}"
ADDS_NOTHING: Final = "the extended card adds nothing"
NO_CREDENTIALS: Final = "the extended card is not asked for, because no credentials are set"
PIN_ONLY: Final = "the extended card is not asked for, because the card is pinned"
PUBLIC_SHOWN: Final = "The public card is shown, and calls work as before."
NOT_ALLOWED: Final = (
    f"The agent refused its extended card: the credentials do not suffice for it. {PUBLIC_SHOWN}"
)
MISSING: Final = f"The card announces an extended card, but the agent has none. {PUBLIC_SHOWN}"
OTHER_INTERFACES: Final = (
    "The extended card names other interfaces than the public one; they are not used."
)

NOT_PINNED: Final = "The card of the agent {agent!r} is not pinned."
NOT_PINNED_NEXT: Final = "Set pin = true for it in agents.toml, and the next card is pinned."


def held_back(agent: str) -> str:
    """Say that a changed card is not used, and who may let it in; the changes follow."""
    return (
        "its card has changed, and the pinned one is used until a person agrees by "
        f"a2a-mcp agents pin {agent}; the new card changes what follows"
    )


def pinned(agent: str, changes: list[str]) -> str:
    """Say that a card was pinned, and what it changes."""
    what = f" It changes {'; '.join(changes)}." if changes else " It changes nothing."
    return f"The card of {agent!r} is pinned as it is now.{what}"


def failed(reason: str) -> str:
    """Say why an extended card was not read."""
    return f"The agent's extended card is not used: {reason.rstrip('.')}. {PUBLIC_SHOWN}"
