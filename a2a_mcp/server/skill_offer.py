"""The skills that are offered as tools, the same for every caller: clients may cache the list.

They follow the cards that are known. Nothing is fetched for them but the card of an agent whose
tool is called before it is known, as after a restart.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.agents.registry import Registry
from a2a_mcp.bridge.offered_skills import OfferedSkill, offered_skills
from a2a_mcp.config.access import open_to_all
from a2a_mcp.errors import BridgeError
from a2a_mcp.presentation.skill_names import agent_part, agent_part_of
from a2a_mcp.server.change_feed import Streams
from a2a_mcp.store.base import LOCAL_OWNER


class SkillOffer:
    """The offer as it is now; `streams` hear when it changes."""

    def __init__(self, registry: Registry, streams: Streams) -> None:
        self._registry = registry
        self._streams = streams
        self._current: tuple[OfferedSkill, ...] = ()
        self._are_local_cards_read = False
        registry.on_change = self._look

    async def current(self) -> tuple[OfferedSkill, ...]:
        """Return the skills that are offered now; cards of the configuration are read for it."""
        self._registry.refresh()
        if not self._are_local_cards_read:
            self._are_local_cards_read = True
            await self._read_cards(filter(self._has_local_card, self._registry.config.agents))
        return self._current

    async def find(self, tool: str) -> OfferedSkill | None:
        """Return the skill of a tool; the card of its agent is fetched if it is not offered now."""
        part = agent_part_of(tool)
        if part is None:
            return None
        if tool not in {skill.tool for skill in self._current}:
            self._registry.refresh()
            agents = self._registry.config.agents.enabled()
            await self._read_cards(
                name for name in agents if agent_part(name) == part and self._is_for_all(name)
            )
        return next((skill for skill in self._current if skill.tool == tool), None)

    async def _read_cards(self, agents: Iterable[str]) -> None:
        """Read cards; an agent that cannot be reached is not offered, as one never called is."""
        for agent in list(agents):
            with suppress(A2AError, BridgeError):
                await self._registry.connection(agent, LOCAL_OWNER).card()

    def _look(self) -> None:
        """Offer what the cards say now, and tell it where that is something else than before."""
        offered = offered_skills(self._registry, self._is_for_all)
        if offered != self._current:
            self._current = offered
            self._streams.note_tools()

    def _is_for_all(self, agent: str) -> bool:
        """Return whether every caller may send to an agent, over one connection for all."""
        registry = self._registry
        is_added = registry.registered and registry.registered.owner_of(agent) is not None
        if is_added or registry.agent(agent).is_personal:
            return False
        return open_to_all(agent, registry.config.server.access, sending=True)

    def _has_local_card(self, agent: str) -> bool:
        """Return whether the configuration holds the card, and all that is needed to check it."""
        config = self._registry.agent(agent)
        is_there = config.enabled and config.card is not None and config.signature is None
        return is_there and self._is_for_all(agent)
