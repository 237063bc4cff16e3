"""What a model reads about agents that it adds and removes. Nothing is decided here."""

from __future__ import annotations

from typing import Final

UNCHANGED: Final = "Nothing was changed."
NOT_ALLOWED_NEXT: Final = (
    "Use another agent, or ask the user to allow this URL in the configuration (registrable)."
)
PRIVATE: Final = "This URL leads into a private network: {reason}. " + UNCHANGED
BAD_VALUE: Final = "{name} cannot be used: {reason}. " + UNCHANGED
BAD_VALUE_NEXT: Final = "Correct it and call again."
TAKEN: Final = "The name {name!r} is taken by another agent. " + UNCHANGED
TAKEN_NEXT: Final = "Call register_agent again with another name."
NOT_YOURS: Final = (
    "The rules of this server let this caller work with no agent named {name!r}. " + UNCHANGED
)
NOT_YOURS_NEXT: Final = "Use another agent, or ask the user to allow this name (access)."
NO_CARD: Final = "The card of this agent cannot be used: {reason}. " + UNCHANGED
NO_CARD_NEXT: Final = (
    "Check the URL with the user: it is where the agent is, or the address of its card. An agent "
    "whose card needs credentials must be in the configuration."
)
NOT_STORED: Final = "The agent could not be stored: {reason}. " + UNCHANGED
NOT_STORED_NEXT: Final = "Tell the user; the state folder of this server must be writable."
TOO_MANY: Final = "You have registered {count} agents, as many as are allowed. " + UNCHANGED
TOO_MANY_NEXT: Final = "Call unregister_agent for one that is no longer needed."
CONFIGURED: Final = "{name!r} is in the configuration, which only the user can change. " + UNCHANGED
CONFIGURED_NEXT: Final = "Ask the user to remove it from the configuration."
REGISTERED: Final = "Registered as {name!r}. It is kept over restarts, for you alone."
THERE_ALREADY: Final = "This agent was there already, as {name!r}. " + UNCHANGED


def not_allowed(allowed: tuple[str, ...]) -> str:
    """Say which agents may be registered."""
    if not allowed:
        return f"No agent may be registered: registrable is empty. {UNCHANGED}"
    return f"This URL is not allowed, only {', '.join(allowed)}. {UNCHANGED}"


def removed(name: str, unfinished: int, kept: bool) -> str:
    """Say that an agent is gone, and what that means for the caller's tasks there."""
    told = f"{name!r} was removed."
    if unfinished:
        tasks = "1 unfinished task" if unfinished == 1 else f"{unfinished} unfinished tasks"
        told += f" {tasks} there can no longer be reached: the agent may still work on them."
    if kept:
        told += " Results that were seen stay readable with get_task."
    return told
