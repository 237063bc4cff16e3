"""Agents that callers have added while the bridge runs, beside those of the configuration.

They have a URL, a description and an owner, and never credentials. Names of the configuration come
first. Where they are kept, `store.registered` says.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from pydantic import ValidationError

from a2a_mcp.config.load import Config
from a2a_mcp.config.schema import AgentConfig
from a2a_mcp.errors import StoreUnavailable
from a2a_mcp.store.base import LOCAL_OWNER
from a2a_mcp.store.registered import KeptAgent, RegisteredPlace
from a2a_mcp.text.url_patterns import matches_any

MOST_OF_ONE_OWNER: Final = 50
LONGEST_NAME: Final = 64
MARK_CHARACTERS: Final = 6
NO_LONGER_ALLOWED: Final = "it was registered, and registrable no longer allows its URL"


class NameTaken(Exception):
    """Another agent has this name."""


@dataclass(frozen=True, slots=True)
class Registered:
    """An agent and the caller who has added it."""

    owner: str
    agent: AgentConfig


class RegisteredAgents:
    """The agents that callers of all processes have added, which share a `place`."""

    def __init__(self, place: RegisteredPlace) -> None:
        self._place = place
        self._known: dict[str, Registered] = {}  # by the name in one case of letters
        self._owners: dict[str, str] = {}

    async def look(self) -> None:
        """Let `changed` know what other processes have changed; without the place all stays."""
        with suppress(StoreUnavailable):
            await self._place.look()

    def changed(self, now: float) -> bool:
        """Take over which agents came and went; return whether any did.

        `now` is in monotonic seconds.
        """
        kept = self._place.news(now)
        if kept is None:
            return False
        found = filter(None, map(_checked, kept))
        self._known = {it.agent.name.casefold(): it for it in found}
        return True

    def joined(self, config: Config) -> Config:
        """Return the configuration with the added agents after its own."""
        taken = {name.casefold() for name in (*config.agents, *config.catalogs, *config.faults)}
        mine = [it for key, it in self._known.items() if key not in taken]
        self._owners = {it.agent.name: it.owner for it in mine}
        if not mine:
            return config
        agents = config.agents.joined(it.agent for it in mine if _is_allowed(it, config))
        faults = dict.fromkeys(self._owners.keys() - agents.keys(), NO_LONGER_ALLOWED)
        return replace(config, agents=agents, faults={**config.faults, **faults})

    def owner_of(self, name: str) -> str | None:
        """Return the caller who has added an agent; None for one of the configuration."""
        return self._owners.get(name)

    def of_owner(self, owner: str) -> list[AgentConfig]:
        """Return the agents that a caller has added."""
        return [it.agent for it in self._known.values() if it.owner == owner]

    @staticmethod
    def name_for(owner: str, name: str) -> str:
        """Return a name as an agent of a caller has it: over HTTP with a mark of the caller.

        Otherwise a name that is taken would tell each caller what another one has added.
        """
        if owner == LOCAL_OWNER:
            return name
        mark = f"-{hashlib.sha256(owner.encode()).hexdigest()[:MARK_CHARACTERS]}"
        return name if name.endswith(mark) else f"{name[: LONGEST_NAME - len(mark)]}{mark}"

    async def add(self, owner: str, agent: AgentConfig) -> None:
        """Keep an agent; raises NameTaken, StoreUnavailable, OSError where it cannot be stored."""
        kept = KeptAgent(owner, agent.name, agent.url or "", agent.description)
        if not await self._place.add(kept):
            raise NameTaken

    async def remove(self, name: str) -> None:
        """Remove an agent; raises OSError and StoreUnavailable."""
        await self._place.remove(name)


def _is_allowed(registered: Registered, config: Config) -> bool:
    return matches_any(registered.agent.url or "", config.server.registrable)


def _checked(kept: KeptAgent) -> Registered | None:
    """Return an agent as the configuration has it; None for one that it would not take."""
    known = {"name": kept.name, "url": kept.url, "description": kept.description}
    try:
        return Registered(kept.owner, AgentConfig.model_validate(known))
    except ValidationError:
        return None
