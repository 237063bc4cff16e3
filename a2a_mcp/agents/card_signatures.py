"""The check of one agent's cards against the keys that its configuration names.

A signature never widens what a card may do: where calls may go is decided as without one. This
module brings in PyJWT, so it is imported when a card is first checked.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from a2a_mcp.a2a.card import FoundCard
from a2a_mcp.a2a.decoding.card import decode_card, is_card
from a2a_mcp.a2a.errors import A2AError, CardRefused, Delivery
from a2a_mcp.a2a.http.origins import plain
from a2a_mcp.a2a.model import JSON
from a2a_mcp.a2a.signatures.verification import UNSIGNED, Outcome, check, signatures_of
from a2a_mcp.agents.signing_keys import SigningKeys
from a2a_mcp.agents.transports import Transports
from a2a_mcp.config.signature import SignatureTable

NAME: Final = re.compile(r"[A-Za-z]{1,40}")
SIGNATURES: Final = "signatures"


class CardSignatures:
    """Checks cards as the table `signature` wants; `transports` are the agent's, for its keys."""

    def __init__(
        self,
        table: SignatureTable,
        transports: Transports,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._table = table
        self._keys = SigningKeys(table, transports, clock)
        self._last: Mapping[str, JSON] | None = None
        """The card, as it came, that was verified last."""

    async def check(self, found: FoundCard) -> FoundCard:
        """Return the card with the outcome; of a verified one only what its signature covers.

        Raises CardRefused where a verified card is required and this is none.
        """
        outcome = await self._outcome(found)
        if outcome.card is not None:
            self._last = found.document
            return _verified(found, outcome.words, outcome.card)
        if self._table.require:
            raise CardRefused(
                f"its card is not used, since a verified signature is required: {outcome.words}"
                + _said_of_changes(self._last, found.document),
                delivery=Delivery.NEVER,
                url=plain(found.url) if "://" in found.url else None,
            )
        doubt = None if outcome.words == UNSIGNED else f"the card's signature: {outcome.words}"
        return replace(found, signature=outcome.words, doubt=doubt)

    async def _outcome(self, found: FoundCard) -> Outcome:
        if found.repeats:
            return Outcome("invalid: a member of the card stands in it twice")
        signatures = signatures_of(found.document)
        try:
            keys = await self._keys.for_signatures(signatures) if signatures else []
        except (A2AError, OSError, ValueError) as error:
            return Outcome(f"not checked, because its keys cannot be read: {error}")
        outcome = check(found.document, keys)
        if outcome.card is not None and not is_card(outcome.card):
            return Outcome("invalid: what is signed of it is no agent card")
        return outcome


def _said_of_changes(before: Mapping[str, JSON] | None, now: Mapping[str, JSON]) -> str:
    """Return which members differ from the last verified card; nothing where there is none."""
    if before is None:
        return ""
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    shown = [name for name in names if NAME.fullmatch(name) and name != SIGNATURES]
    return f"; since the card that was verified last it changes {', '.join(shown)}" if shown else ""


def _verified(found: FoundCard, words: str, document: dict[str, JSON]) -> FoundCard:
    """Return the card that is signed; interfaces that the bridge itself has added stay."""
    card, received = decode_card(document), decode_card(found.document)
    added = [item for item in found.card.interfaces if item not in received.interfaces]
    members = {"interfaces": (*card.interfaces, *added), "problems": found.card.problems}
    return replace(found, card=card.model_copy(update=members), signature=words, doubt=None)
