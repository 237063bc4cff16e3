"""Renew the pin of an agent's card: what a person does who agrees to how the card has changed."""

from __future__ import annotations

from typing import Final

from a2a_mcp.agents.registry import Registry
from a2a_mcp.bridge.describe_agents import untrusted_words
from a2a_mcp.errors import NotAllowed
from a2a_mcp.presentation import card_sentences
from a2a_mcp.store.base import LOCAL_OWNER

WORDS_BYTES: Final = 300


async def pin_card(registry: Registry, name: str) -> str:
    """Pin the card that the agent shows now; return a sentence that says what it changes.

    Raises A2AError where no card can be had, BridgeError for an agent without `pin = true`, and
    OSError where the pin cannot be written.
    """
    name = registry.resolve(name)
    connection = registry.connection(name, LOCAL_OWNER)
    if not connection.config.pin:
        raise NotAllowed(
            card_sentences.NOT_PINNED.format(agent=name), card_sentences.NOT_PINNED_NEXT, agent=name
        )
    changed = await connection.cards.renew_pin()
    say = untrusted_words(registry)
    return card_sentences.pinned(name, [say(change, WORDS_BYTES) for change in changed])
