"""Which URLs of an agent may be called, from its configuration and its card."""

from __future__ import annotations

from scripted import card
from staging import agents

from a2a_mcp.a2a.card import inline_card
from a2a_mcp.agents.origins import base_url

URL = "https://agent.example"


def test_a_configured_url_is_the_base_also_where_the_card_has_no_interface() -> None:
    without = card(URL, supportedInterfaces=[])
    config = agents(it={"url": URL, "card": without})["it"]
    assert base_url(config, inline_card(without, "the card")) == URL


def test_the_first_interface_of_a_configured_card_is_the_base_where_no_url_is_configured() -> None:
    config = agents(it={"card": card(URL)})["it"]
    assert base_url(config, inline_card(card(URL), "the card")) == URL


def test_a_configured_card_without_url_and_interface_has_no_base() -> None:
    without = card(URL, supportedInterfaces=[])
    config = agents(it={"card": without})["it"]
    assert base_url(config, inline_card(without, "the card")) == ""
