"""The card of one agent: fetched when it is needed, kept while it is fresh.

While the agent is down its old card is used, with a note in the agent's health. What a card means
(which interface is used, where calls may go) is decided elsewhere.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import anyio

from a2a_mcp.a2a.auth.static import Attachment
from a2a_mcp.a2a.card import FoundCard, find_card, inline_card
from a2a_mcp.a2a.errors import (
    A2AError,
    AuthenticationRequired,
    CardRefused,
    Delivery,
    InvalidAgentResponse,
)
from a2a_mcp.a2a.grpc.addresses import is_grpc_url
from a2a_mcp.a2a.grpc.card import find_grpc_card
from a2a_mcp.a2a.http.limits import HttpLimits
from a2a_mcp.agents.health import Health
from a2a_mcp.agents.origins import agent_url
from a2a_mcp.agents.transports import Transports
from a2a_mcp.config.schema import AgentConfig

if TYPE_CHECKING:
    from a2a_mcp.agents.card_pins import CardPin
    from a2a_mcp.agents.card_signatures import CardSignatures
    from a2a_mcp.store.card_pins import PinPlace

STALE_SECONDS: Final = 30.0
"""How long an old card is used before an agent that did not answer is asked again."""


SIGNED: Final = "signatures"
NOT_CHECKED: Final = "signed, not checked"


class CardCache:
    """The card of the agent that `config` describes.

    `attach` returns the credentials of a request for the card, `transports` its connections.
    `on_change` is called when a card with other content has taken the place of the known one.
    `clock` returns monotonic seconds. Pins are kept in `pins`.
    """

    def __init__(
        self,
        config: AgentConfig,
        health: Health,
        *,
        attach: Callable[[], Awaitable[Attachment]],
        transports: Transports,
        on_change: Callable[[], None],
        pins: PinPlace | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.known: FoundCard | None = None
        self.announce: Callable[[], None] = lambda: None
        """Called after `on_change`."""
        self._config = config
        self._health = health
        self._attach = attach
        self._transports = transports
        self._on_change = on_change
        self._clock = clock
        self._fetching = anyio.Lock()
        self._attempts = 0
        self._failure: A2AError | None = None
        self._signatures: CardSignatures | None = None
        self._pins = pins

    @property
    def is_fresh(self) -> bool:
        """Return whether there is a card that need not be fetched again yet."""
        return self.known is not None and self._clock() < self.known.fresh_until

    async def get(self, *, refresh: bool = False) -> FoundCard:
        """Return the card, fetched when it is not fresh or `refresh` is set.

        Raises A2AError when it cannot be fetched and none was known before.
        """
        known = self.known
        if known and self.is_fresh and not refresh:
            return known
        attempt = self._attempts
        async with self._fetching:
            if self._attempts != attempt and self._failure:
                # Another caller's attempt failed while this one waited: do not try again.
                raise self._failure.with_delivery(Delivery.NEVER) from self._failure
            if refresh or self.known is known:
                await self._attempt()
        if self.known is None:
            raise InvalidAgentResponse("the agent has no card")
        return self.known

    async def _attempt(self) -> None:
        self._attempts += 1
        self._failure = None
        try:
            await self._refresh()
        except A2AError as error:
            self._failure = error
            # The request was for a card, so no message has left.
            raise error.with_delivery(Delivery.NEVER) from error

    async def _refresh(self) -> None:
        """Fetch the card, or keep the old one for a while when that fails."""
        try:
            found = await self._held(await self.checked(await self._find()))
        except A2AError as error:
            self._health.failed(error)
            if isinstance(error, CardRefused) and self.is_fresh:
                self._health.note = f"using the card of before: {error.message}"
                return
            if self.known is None or isinstance(error, AuthenticationRequired | CardRefused):
                raise
            self._health.note = f"using the card of before: {error.message}"
            self.known = replace(self.known, fresh_until=self._clock() + STALE_SECONDS)
            return
        before, self.known = self.known, found
        self._health.note = None
        if before is None or found.card != before.card:
            self._on_change()
            self.announce()

    async def renew_pin(self) -> list[str]:
        """Pin the card as it is now; return what it changes.

        Raises A2AError, OSError and StoreUnavailable.
        """
        return await self._pin.renew(await self.checked(await self._find()))

    async def _held(self, found: FoundCard) -> FoundCard:
        """Return the card, or the pinned one where it changes too much; raises CardRefused."""
        return await self._pin.hold(found) if self._config.pin else found

    @cached_property
    def _pin(self) -> CardPin:
        from a2a_mcp.agents.card_pins import CardPin  # most cards are not pinned

        return CardPin(self._config, self._pins, self._clock)

    async def checked(self, found: FoundCard) -> FoundCard:
        """Return the card with what its signature shows; raises CardRefused."""
        if self._config.signature is None:
            return replace(found, signature=NOT_CHECKED if found.document.get(SIGNED) else None)
        if self._signatures is None:
            from a2a_mcp.agents.card_signatures import CardSignatures  # imports PyJWT

            self._signatures = CardSignatures(
                self._config.signature, self._transports, clock=self._clock
            )
        return await self._signatures.check(found)

    async def _find(self) -> FoundCard:
        """Return the configured card, or fetch it from the agent."""
        match self._config.card:
            case None:
                return await self._fetch()
            case dict() as document:
                return inline_card(document, f"the card of {self._config.name}")
            case path:
                return await _read(path)

    async def _fetch(self) -> FoundCard:
        attachment = await self._attach()
        url = agent_url(self._config, self.known)
        if is_grpc_url(self._config.url):
            limits = HttpLimits(**self._config.limits.model_dump())
            transport = self._transports.grpc(url)
            return await find_grpc_card(
                transport, url, attachment, limits=limits, clock=self._clock
            )
        return await find_card(
            self._transports.http(), url, attachment, known=self.known, clock=self._clock
        )


async def _read(path: Path) -> FoundCard:
    try:
        text = await anyio.Path(path).read_text("utf-8")
        return inline_card(json.loads(text), str(path))
    except (OSError, ValueError) as error:
        raise InvalidAgentResponse(f"{path}: {error}") from error
