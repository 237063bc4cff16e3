"""What an agent gets of its configured credentials, by what its card asks for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr
from scripted import CARD, SEND, Request, ScriptedAgent, card, document, done, result, scripted
from staging import configured, staged

from a2a_mcp.a2a.auth.static import ApiKey, Basic, Bearer
from a2a_mcp.bridge.describe_agents import describe_agent
from a2a_mcp.errors import CredentialUnavailable

pytestmark = pytest.mark.anyio

BEARER = Bearer(SecretStr("the-token"))
BASIC = Basic("me", SecretStr("the-password"))
KEY = ApiKey(SecretStr("the-key"))
SCHEMES = {
    "token": {"httpAuthSecurityScheme": {"scheme": "bearer"}},
    "person": {"httpAuthSecurityScheme": {"scheme": "basic"}},
    "query": {"apiKeySecurityScheme": {"location": "query", "name": "api_key"}},
    "cookie": {"apiKeySecurityScheme": {"location": "cookie", "name": "sid"}},
    "oauth": {"oauth2SecurityScheme": {"flows": {}}},
}


@pytest.fixture
async def agent() -> AsyncIterator[ScriptedAgent]:
    async with scripted() as agent:
        agent.on(SEND, result({"task": done("it is done")}))
        yield agent


def asks(agent: ScriptedAgent, *alternatives: str) -> None:
    listed = [{"schemes": {name: {} for name in each.split("+")}} for each in alternatives]
    wants = {"securitySchemes": SCHEMES, "securityRequirements": listed}
    agent.on(CARD, document(card(agent.url, **wants)))


async def sent(agent: ScriptedAgent, folder: Path, **table: Any) -> Request:
    """Send a message; return the request that carried it."""
    async with staged(configured(it={"url": agent.url, **table}), folder) as stage:
        assert (await stage.send()).state == "completed"
    (request,) = agent.sends()
    return request


async def test_what_a_card_asks_for_together_is_sent_together(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    asks(agent, "oauth", "person+query+cookie")
    keys = ApiKey(SecretStr("one"), scheme="query"), ApiKey(SecretStr("two"), scheme="cookie")
    request = await sent(agent, tmp_path, auth=(*keys, BASIC))
    assert parse_qs(urlsplit(request.path).query) == {"api_key": ["one"]}
    assert request.headers["cookie"] == "sid=two"
    assert request.headers["authorization"].startswith("Basic ")


@pytest.mark.parametrize("auth", [(BEARER,), (BASIC, BEARER), (BEARER, BASIC)])
async def test_of_three_alternatives_the_configured_second_is_used(
    agent: ScriptedAgent, tmp_path: Path, auth: Any
) -> None:
    asks(agent, "oauth+query", "token", "person")
    request = await sent(agent, tmp_path, auth=auth)
    assert request.headers["authorization"] == "Bearer the-token"


@pytest.mark.parametrize(
    ("auth", "keys"),
    [
        (None, ('type = "oauth"', 'type = "api_key"', 'type = "bearer"')),
        ((KEY,), ('type = "oauth"', 'type = "bearer"')),
        ((BASIC,), ('type = "oauth"', 'type = "api_key"', 'type = "bearer"')),
    ],
)
async def test_a_call_without_what_the_card_asks_for_does_not_leave(
    agent: ScriptedAgent, tmp_path: Path, auth: Any, keys: tuple[str, ...]
) -> None:
    asks(agent, "oauth+query", "token")
    table = {"url": agent.url, "auth": auth}
    async with staged(configured(it=table), tmp_path) as stage:
        with pytest.raises(CredentialUnavailable) as caught:
            await stage.send()
    assert agent.sends() == []
    told = caught.value.next_step
    assert [key for key in keys if key not in told] == []
    assert "auth = []" in told
    assert "the-" not in caught.value.message + told


@pytest.mark.parametrize(
    "table", [{"auth": ()}, {"headers": {"X-Gate": SecretStr("the-key")}}], ids=["none", "headers"]
)
async def test_the_configuration_may_say_that_a_card_asks_for_too_much(
    agent: ScriptedAgent, tmp_path: Path, table: dict[str, Any]
) -> None:
    asks(agent, "token")
    assert "authorization" not in (await sent(agent, tmp_path, **table)).headers


async def test_several_credentials_are_described(agent: ScriptedAgent, tmp_path: Path) -> None:
    asks(agent, "token+query", "oauth")
    table = {"url": agent.url, "auth": (BEARER, KEY)}
    async with staged(configured(it=table), tmp_path) as stage:
        await stage.send()
        told = describe_agent(stage.registry, "it").prose()
    assert "bearer token and API key: configured" in told
    assert "the card asks for HTTP bearer and an API key or oauth2" in told
