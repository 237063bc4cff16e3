"""What a model reads about push configurations. Nothing is decided here."""

from __future__ import annotations

from typing import Final

CONFIGS: Final = "Push configurations of"
NO_CONFIGS: Final = "No push configuration shown of"
TASK_HAS_ENDED: Final = "The task has ended, so the agent will hardly post anything more."
NOT_IN_CARD: Final = "its card says so, nothing was sent"
NOT_SUPPORTED: Final = "The agent {agent!r} posts no notifications: {reason}."
NOT_SUPPORTED_NEXT: Final = "Call subscribe with the task_id to wait for the task."
TARGET_UNREACHABLE: Final = (
    "The agent {agent!r} is on another network and cannot reach this private webhook_url. "
    "Nothing was sent."
)
TARGET_NOT_ALLOWED_NEXT: Final = (
    "Use another webhook_url, or ask the user to allow it in the configuration."
)


def target_not_allowed(allowed: tuple[str, ...]) -> str:
    """Say which webhook URLs may be used."""
    if not allowed:
        return "No webhook_url is allowed: push_targets is empty. Nothing was sent."
    return f"This webhook_url is not allowed, only {', '.join(allowed)}. Nothing was sent."


def removed(config_id: str) -> str:
    """Say that a push configuration was removed."""
    return f"{config_id} was removed."
