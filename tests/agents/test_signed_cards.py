"""Signed cards at run time: what is kept, what is refused, and what agent_info says of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from a2a.server.request_handlers.response_helpers import agent_card_to_dict
from a2a.types import AgentCard
from a2a.utils.signing import create_agent_card_signer
from certificates import serving_tls
from faults import ok
from google.protobuf.json_format import ParseDict
from scripted import CARD, SEND, ScriptedAgent, card, document, done, http, result, scripted
from signing import JWK, PRIVATE, Clock, connected, signed
from staging import configured, staged

from a2a_mcp.a2a.errors import CardRefused, Delivery
from a2a_mcp.agents.signing_keys import AGAIN_SECONDS
from a2a_mcp.bridge.describe_agents import describe_agent

pytestmark = pytest.mark.anyio


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"keys": [JWK]}), "utf-8")
    return path


@pytest.fixture
async def agent() -> AsyncIterator[ScriptedAgent]:
    async with scripted() as running:
        yield running


async def test_only_what_is_signed_is_used(agent: ScriptedAgent, keys: Path) -> None:
    added = {"preferredTransport": "GRPC", "url": "https://evil.test"}
    agent.on(CARD, document(signed(card(agent.url)) | added))
    async with connected(agent.url, {"require": True, "keys": keys}) as connection:
        choice = await connection.choice()
        assert [item.url for item in choice.interfaces] == [agent.url]
        assert connection.found
        assert connection.found.signature == "verified by k1"
        assert connection.found.doubt is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda it: it | {"signatures": []}, "unsigned"),
        (lambda it: it | {"name": "evil"}, "the signature by k1 does not fit the card"),
        (lambda it: signed(it | {"signatures": []}, kid="k9"), "signed by an unknown key (k9)"),
    ],
)
async def test_a_card_that_is_not_verified_blocks_calls_where_it_must_be(
    agent: ScriptedAgent, keys: Path, change: Any, words: str
) -> None:
    agent.on(CARD, document(change(signed(card(agent.url)))))
    async with connected(agent.url, {"require": True, "keys": keys}) as connection:
        with pytest.raises(CardRefused) as raised:
            await connection.clients()
        assert words in raised.value.message
        assert raised.value.delivery is Delivery.NEVER
    assert SEND not in [request.call for request in agent.requests]
    async with connected(agent.url, {"keys": keys}) as connection:
        await connection.clients()
        assert connection.found
        assert words in (connection.found.signature or "")


async def test_what_a_refused_card_changes_is_said_where_one_was_verified_before(
    agent: ScriptedAgent, keys: Path
) -> None:
    right = signed(card(agent.url))
    agent.on(CARD, document(right))
    async with connected(agent.url, {"require": True, "keys": keys}) as connection:
        await connection.card()
        evil = {"url": "https://evil.test", "name": "evil", "<b>": 1}
        agent.on(CARD, document(right | evil))
        with pytest.raises(CardRefused) as raised:
            await connection.cards.renew_pin()
    assert "it changes name, url" in raised.value.message
    assert "<b>" not in raised.value.message


async def test_a_member_that_stands_twice_is_refused(agent: ScriptedAgent, keys: Path) -> None:
    text = json.dumps(signed(card(agent.url)))
    agent.on(CARD, http(200, ('{"name": "evil", ' + text[1:]).encode()))
    async with connected(agent.url, {"require": True, "keys": keys}) as connection:
        with pytest.raises(CardRefused, match="stands in it twice"):
            await connection.card()


async def test_the_verified_card_stays_until_it_is_stale(agent: ScriptedAgent, keys: Path) -> None:
    clock = Clock()
    agent.on(CARD, document(signed(card(agent.url))))
    async with connected(agent.url, {"require": True, "keys": keys}, clock) as connection:
        before = await connection.card()
        agent.on(CARD, document(signed(card(agent.url)) | {"name": "evil"}))
        assert await connection.card(refresh=True) is before
        assert "does not fit the card" in (connection.health.note or "")
        clock.now = before.fresh_until + 1
        for _ in range(2):
            with pytest.raises(CardRefused, match="does not fit the card"):
                await connection.clients()
        agent.on(CARD, document(signed(card(agent.url))))
        await connection.clients()
        assert connection.health.note is None


async def test_keys_at_a_url_are_kept_and_asked_for_again_when_one_is_missing(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    clock, served = Clock(), [{**JWK, "kid": "k0"}]
    agent.on(CARD, document(signed(card(agent.url))))

    def answer(_: Any) -> Any:
        return ok(json.dumps({"keys": served}))

    async with serving_tls(answer, "localhost", tmp_path) as (server, _):
        signature = {"require": True, "keys": f"https://localhost:{server.port}/jwks"}
        trusts = {"ca_file": tmp_path / "both.pem"}
        async with connected(agent.url, signature, clock, **trusts) as connection:
            for _ in range(2):
                with pytest.raises(CardRefused, match="unknown key"):
                    await connection.card()
            assert len(server.requests) == 1
            served.append(JWK)
            clock.now += AGAIN_SECONDS + 1
            await connection.card()
            await connection.card(refresh=True)
    assert len(server.requests) == 2


async def test_a_card_that_a2a_sdk_signed_is_verified(agent: ScriptedAgent, keys: Path) -> None:
    sdk_card = ParseDict(card(agent.url, name="Zoë 😀"), AgentCard())
    sign = create_agent_card_signer(PRIVATE, {"alg": "ES256", "kid": "k1"})
    agent.on(CARD, document(agent_card_to_dict(sign(sdk_card))))
    async with connected(agent.url, {"require": True, "keys": keys}) as connection:
        await connection.choice()
        assert connection.found
        assert connection.found.signature == "verified by k1"


async def test_a_signature_allows_no_other_origin(agent: ScriptedAgent, keys: Path) -> None:
    agent.on(CARD, document(signed(card("https://elsewhere.example/a2a"))))
    async with connected(agent.url, {"require": True, "keys": keys}) as connection:
        await connection.card()
        assert "elsewhere.example" in (connection.refusal or "")


@pytest.mark.parametrize("text", ["{}", "no keys", None])
async def test_keys_that_cannot_be_read_are_said(
    agent: ScriptedAgent, keys: Path, text: str | None
) -> None:
    agent.on(CARD, document(signed(card(agent.url))))
    signature = {"require": True, "keys": keys}
    async with connected(agent.url, signature) as connection:
        path = anyio.Path(keys)
        await (path.write_text(text, "utf-8") if text else path.unlink())
        with pytest.raises(CardRefused, match=r"its keys cannot be read: .*keys\.json"):
            await connection.card()


@pytest.mark.parametrize(
    ("jku", "words"),
    [
        ("https://localhost/keys", "not on the public internet"),
        ("http://localhost/keys", "unknown key"),
        ("https://localhost:8443/keys", "unknown key"),
        ("https://elsewhere.example/keys", "unknown key"),
        ("::", "unknown key"),
        (7, "unknown key"),
    ],
)
async def test_a_card_names_its_keys_only_where_that_is_allowed(
    agent: ScriptedAgent, jku: Any, words: str
) -> None:
    agent.on(CARD, document(signed(card(agent.url), jku=jku)))
    signature = {"require": True, "jku_hosts": ["localhost"]}
    async with connected(agent.url, signature) as connection:
        with pytest.raises(CardRefused, match=words):
            await connection.card()


async def test_agent_info_says_how_it_stands(
    agent: ScriptedAgent, keys: Path, tmp_path: Path
) -> None:
    agent.on(CARD, document(signed(card(agent.url)) | {"name": "evil"}))
    agent.on(SEND, result({"task": done("x")}))
    watched = {"url": agent.url, "signature": {"keys": keys}}
    strict = {"url": agent.url, "signature": {"keys": keys, "require": True}}
    async with staged(configured(it=watched, plain=agent.url, strict=strict), tmp_path) as stage:
        for name in ("it", "plain"):
            await stage.send(agent=name)
        with pytest.raises(CardRefused) as raised:
            await stage.send(agent="strict")
        shown = {name: describe_agent(stage.registry, name).prose() for name in ("it", "plain")}
        refused = describe_agent(stage.registry, "strict", raised.value.message).prose()
    assert "card signed, not checked" in shown["plain"]
    assert "card invalid: the signature by k1 does not fit" in shown["it"]
    assert "the card's signature: invalid" in shown["it"]
    assert "its card is not used" in refused
