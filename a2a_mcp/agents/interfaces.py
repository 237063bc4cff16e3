"""Which interfaces of one agent are used: the card's, corrected by what calls have shown.

It makes no request. Corrections outlive the process in an `InterfaceOverrides` store.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from a2a_mcp.a2a.card import FoundCard
from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.a2a.interface_text import from_text, to_text
from a2a_mcp.a2a.interfaces import (
    Choice,
    Interface,
    choose,
    corrected,
    preferred,
)
from a2a_mcp.agents.health import Health
from a2a_mcp.agents.origins import allowed_origins, base_url, pins
from a2a_mcp.agents.transports import speaks_grpc
from a2a_mcp.config.schema import AgentConfig
from a2a_mcp.store.base import InterfaceOverrides

log = logging.getLogger(__name__)


class InterfaceChoice:
    """The interfaces of the agent that `config` describes; `current` is the last choice made.

    Without `overrides` corrections are forgotten when the process ends.
    """

    def __init__(
        self, config: AgentConfig, health: Health, overrides: InterfaceOverrides | None
    ) -> None:
        self.current: Choice | None = None
        self._config = config
        self._health = health
        self._overrides = overrides

    def forget(self) -> None:
        """Drop the choice, because the card has changed."""
        self.current = None

    async def of(self, found: FoundCard) -> Choice:
        """Return the interfaces that may be used, best first; raises A2AError when none may."""
        if self.current is None:
            self.current = corrected(self._choose(found), await self._stored())
            self._health.detour = None
            self._log(self.current)
        return self.current

    def refusal(self, found: FoundCard) -> str | None:
        """Return why no interface of a card can be used; None where one can be."""
        if self.current:
            return None
        try:
            self._choose(found)
        except A2AError as error:
            return error.message
        return None

    def _choose(self, found: FoundCard) -> Choice:
        return choose(
            found.card,
            base=base_url(self._config, found),
            allowed=allowed_origins(self._config, found),
            pins=pins(self._config),
            speaks_grpc=speaks_grpc(),
        )

    async def learn(self, interface: Interface) -> None:
        """Use an interface, other than the first, over which the agent took a message.

        If its version differs from the card's, this is kept in the store. If the card lists it and
        only the first was out of reach, it is used until the card changes.
        """
        if self.current is None:
            return
        interface = replace(interface, conversation=None)
        first = self.current.interfaces[0]
        self.current = corrected(self.current, [interface])
        if self.current.interfaces[0] != interface:
            self.current = preferred(self.current, interface)
            self._health.detour = f"{first} took no message; {interface} did and is used"
            log.warning("agent %s: %s", self._config.name, self._health.detour)
            return
        log.warning("agent %s: %s", self._config.name, self.current.interfaces[0].note)
        if self._overrides:
            await self._overrides.set_interface_override(
                self._config.name, interface.url, to_text(interface)
            )

    async def _stored(self) -> list[Interface]:
        """Return the corrections of earlier runs; none where the configuration pins the version."""
        if self._overrides is None or self._config.version:
            return []
        texts = await self._overrides.interface_overrides(self._config.name)
        return [interface for text in texts if (interface := from_text(text))]

    def _log(self, choice: Choice) -> None:
        """Log what is used, and for the card's author what differs from the card."""
        log.info("agent %s: uses %s", self._config.name, choice.interfaces[0])
        for note in dict.fromkeys(item.note for item in choice.interfaces if item.note):
            log.warning("agent %s: %s", self._config.name, note)
