"""Why an interface of an agent is used, in a few words for the agent's user. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from a2a_mcp.a2a.interfaces import Choice, Interface
from a2a_mcp.config.schema import AgentConfig

PINNING: Final = ("endpoint", "version", "binding")
"""The keys of an agent's table that fix its interface."""

LEARNED: Final = "learned: the first did not answer"
RECOGNIZED: Final = "its card tells what it speaks"
ONLY: Final = "the only one of its card that both speak"
NEWEST: Final = "the newest version both speak"
PREFERRED: Final = "the preferred binding of the newest version both speak"
FIRST: Final = "the first of its card"


def why_used(agent: AgentConfig, choice: Choice, used: Interface) -> str:
    """Return why `used`, over which an agent has answered, was chosen."""
    first, *others = choice.interfaces
    if used != first:
        return LEARNED
    if pinned := [key for key in PINNING if getattr(agent, key)]:
        return f"configured: {', '.join(pinned)}"
    return _why_first(first, others)


def _why_first(first: Interface, others: Sequence[Interface]) -> str:
    """Return why an interface of a card stands before the others that can be used."""
    if first.dialect.card_hint is not None:
        return RECOGNIZED
    if not others:
        return ONLY
    beside = [it.dialect for it in others if it.dialect.version == first.dialect.version]
    if any(it.binding != first.dialect.binding for it in beside):
        return PREFERRED
    return FIRST if beside else NEWEST
