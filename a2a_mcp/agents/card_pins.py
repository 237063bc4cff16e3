"""The pin of one agent's card: the first one is kept, and a later one used if it means the same.

Another origin, interface, way to authenticate or skill is held back until a person renews the pin:
the pinned card is used meanwhile. A pin is for the configured URL, so another URL begins another.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Final, NamedTuple

from pydantic import ValidationError

from a2a_mcp.a2a.card import FoundCard
from a2a_mcp.a2a.card_model import AgentCard
from a2a_mcp.a2a.errors import CardRefused, Delivery
from a2a_mcp.agents.card_changes import changes
from a2a_mcp.config.schema import AgentConfig
from a2a_mcp.errors import StoreUnavailable
from a2a_mcp.store.card_pins import PinMemory, PinPlace

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 30.0
"""How long a changed card is held back before the pin, and the card, are looked at again."""


class _Pinned(NamedTuple):
    url: str | None
    place: str
    card: AgentCard


class CardPin:
    """The pin of the agent that `config` describes, kept in `place`."""

    def __init__(
        self, config: AgentConfig, place: PinPlace | None, clock: Callable[[], float]
    ) -> None:
        self._config = config
        self._place = place or PinMemory()
        self._last: _Pinned | None = None
        self._clock = clock
        self._logged: tuple[str, ...] = ()

    async def hold(self, found: FoundCard) -> FoundCard:
        """Return the card if the pin allows it, else the pinned one and what is held back.

        The first card is pinned. While the database is away the pin of before holds. Raises
        CardRefused where the pin cannot be read or written, StoreUnavailable without one of before.
        """
        self._last = pinned = await self._pinned_or_last(found)
        held = tuple(changes(pinned.card, found.card))
        self._log(held)
        if not held:
            return found
        until = min(found.fresh_until, self._clock() + LOOK_SECONDS)
        return replace(
            found, card=pinned.card, url=pinned.place, etag=None, fresh_until=until, held=held
        )

    async def renew(self, found: FoundCard) -> list[str]:
        """Pin the card as it is now; return what it changes.

        Raises OSError and StoreUnavailable.
        """
        pinned = await self._read_or_none()
        await self._place.replace(self._config.name, self._text(found))
        return changes(pinned.card, found.card) if pinned else []

    async def _pinned_or_last(self, found: FoundCard) -> _Pinned:
        try:
            return await self._pinned(found)
        except StoreUnavailable:
            if self._last is None:
                raise
            return self._last

    async def _pinned(self, found: FoundCard) -> _Pinned:
        """Return the pin, made from the card where there is none for the agent's URL."""
        try:
            text = await self._place.read(self._config.name)
            pinned = _read(text) if text else None
            if pinned is None:
                return _read(await self._place.add(self._config.name, self._text(found)))
            if pinned.url != self._config.url:
                await self.renew(found)
                return self._of(found)
        except (OSError, ValueError) as error:
            raise CardRefused(
                f"the pin of its card cannot be read or written ({error}); "
                f"a person can renew it: a2a-mcp agents pin {self._config.name}",
                delivery=Delivery.NEVER,
            ) from error
        return pinned

    async def _read_or_none(self) -> _Pinned | None:
        try:
            text = await self._place.read(self._config.name)
            return _read(text) if text else None
        except (OSError, ValueError):
            return None

    def _of(self, found: FoundCard) -> _Pinned:
        return _Pinned(self._config.url, found.url, found.card)

    def _text(self, found: FoundCard) -> str:
        """Return a pin as text: in ASCII, because a card may hold lone surrogates."""
        pinned = self._of(found)
        return json.dumps({**pinned._asdict(), "card": pinned.card.model_dump(mode="json")})

    def _log(self, held: tuple[str, ...]) -> None:
        if held and held != self._logged:
            log.warning("agent %s: its card has changed, and is held back", self._config.name)
        self._logged = held


def _read(text: str) -> _Pinned:
    """Return a pin from its text; raises ValueError."""
    try:
        value = json.loads(text)
        card = AgentCard.model_validate(value["card"])
        return _Pinned(value["url"], str(value["place"]), card)
    except (KeyError, TypeError, ValidationError) as error:
        raise ValueError(f"it is damaged: {type(error).__name__}") from error
