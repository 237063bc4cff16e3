"""The pin of one agent's card: the first one is kept, and a later one used if it means the same.

Another origin, interface, way to authenticate or skill is held back until a person renews the pin:
the pinned card is used meanwhile. A pin is for the configured URL, so another URL begins another.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

from anyio import to_thread
from pydantic import ValidationError

from a2a_mcp.a2a.card import FoundCard
from a2a_mcp.a2a.card_model import AgentCard
from a2a_mcp.a2a.errors import CardRefused, Delivery
from a2a_mcp.agents.card_changes import changes
from a2a_mcp.config.schema import AgentConfig
from a2a_mcp.store.card_pins import PinFile

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 30.0
"""How long a changed card is held back before the pin, and the card, are looked at again."""


class _Pinned(NamedTuple):
    url: str | None
    place: str
    card: AgentCard


class CardPin:
    """The pin of the agent that `config` describes, kept in the state folder."""

    def __init__(
        self, config: AgentConfig, state_folder: Path | None, clock: Callable[[], float]
    ) -> None:
        self._config = config
        self._file = PinFile(state_folder, config.name)
        self._clock = clock
        self._logged: tuple[str, ...] = ()

    async def hold(self, found: FoundCard) -> FoundCard:
        """Return the card if the pin allows it, else the pinned one and what is held back.

        The first card is pinned. Raises CardRefused where the pin cannot be read or written.
        """
        pinned = await self._pinned(found)
        held = tuple(changes(pinned.card, found.card))
        self._log(held)
        if not held:
            return found
        until = min(found.fresh_until, self._clock() + LOOK_SECONDS)
        return replace(
            found, card=pinned.card, url=pinned.place, etag=None, fresh_until=until, held=held
        )

    async def renew(self, found: FoundCard) -> list[str]:
        """Pin the card as it is now; return what it changes. Raises OSError."""
        pinned = await self._read_or_none()
        await to_thread.run_sync(self._file.replace, self._text(found))
        return changes(pinned.card, found.card) if pinned else []

    async def _pinned(self, found: FoundCard) -> _Pinned:
        """Return the pin, made from the card where there is none for the agent's URL."""
        try:
            text = await to_thread.run_sync(self._file.read)
            pinned = _read(text) if text else None
            if pinned is None:
                return _read(await to_thread.run_sync(self._file.add, self._text(found)))
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
            text = await to_thread.run_sync(self._file.read)
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
