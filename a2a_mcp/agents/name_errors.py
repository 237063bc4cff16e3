"""The errors of a name that leads to no agent, with the names that may be meant. Values only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Final

from a2a_mcp.errors import AmbiguousAgent, NotAllowed, UnknownAgent

SHOWN_NAMES: Final = 10
SIMILARITY: Final = 0.6


def none_configured() -> UnknownAgent:
    """Return the error where there is no agent at all."""
    return UnknownAgent(
        "No A2A agent is configured.",
        "Ask the user to give this server an agent: a URL as argument, A2A_AGENTS=name=url in its "
        "environment, or a table [agents.NAME] with url in agents.toml.",
    )


def unknown_agent(name: str, known: Mapping[str, str], usable: Sequence[str]) -> UnknownAgent:
    """Return the error for a name; `known` are all names, by their form in one case of letters."""
    if not known:
        return none_configured()
    close = get_close_matches(name.casefold(), list(known), n=1, cutoff=SIMILARITY)
    meant = f" Did you mean {known[close[0]]!r}?" if close else ""
    message = f"There is no agent named {name[:80]!r}.{meant}"
    if not usable:
        return UnknownAgent(message, "No agent is usable; agent_info says why.")
    nearest = get_close_matches(name, usable, n=SHOWN_NAMES, cutoff=0.0)
    return UnknownAgent(
        message, f"Agents: {_some(nearest, of=len(usable))}. agent_info lists them all."
    )


def name_one_of(names: Sequence[str]) -> AmbiguousAgent:
    """Return the error of a call that names no agent where there are several."""
    return AmbiguousAgent(
        "Name the agent: there is more than one.",
        f"Call again with agent= one of: {_some(names, of=len(names))}.",
    )


def only_looks(name: str) -> NotAllowed:
    """Return the error of a change at an agent of which the caller may only see tasks."""
    return NotAllowed(
        f"This caller may only look at tasks of {name!r}; nothing was sent.",
        "Tell the user, or use another agent.",
        agent=name,
    )


def _some(names: Sequence[str], of: int) -> str:
    shown = ", ".join(names[:SHOWN_NAMES])
    return shown if of <= SHOWN_NAMES else f"{shown} and {of - SHOWN_NAMES} more"
