"""Whose addresses are used for tokens: the configuration's, and a card's where allowed."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr
from scripted import card
from staging import agents

from a2a_mcp.a2a.auth.oauth.metadata import Endpoints
from a2a_mcp.a2a.auth.oauth.settings import OAuth
from a2a_mcp.a2a.card import FoundCard
from a2a_mcp.a2a.decoding.card import decode_card
from a2a_mcp.agents.authorization import Authorization, authorization_of
from a2a_mcp.errors import CredentialUnavailable

pytestmark = pytest.mark.anyio

AGENT = "https://agent.example"
LOGIN = "https://login.example"
SECRET = SecretStr("s")


def flows(origin: str = AGENT, *kinds: str) -> dict[str, Any]:
    """Make a scheme with flows whose addresses are at an origin."""
    urls = {
        "tokenUrl": f"{origin}/token",
        "authorizationUrl": f"{origin}/auth",
        "deviceAuthorizationUrl": f"{origin}/device",
    }
    return {"oauth2SecurityScheme": {"flows": dict.fromkeys(kinds, urls)}}


MACHINE = flows(AGENT, "clientCredentials")


async def planned(
    scheme: dict[str, Any] | None,
    table: dict[str, Any] | None = None,
    published: dict[str, Endpoints] | None = None,
    **settings: Any,
) -> Authorization:
    auth = OAuth(**{"client_id": "c"} | settings)
    config = agents(it={"url": AGENT, "auth": auth} | (table or {}))["it"]
    value = card(AGENT)
    if scheme:
        value |= {
            "securitySchemes": {"key": {"apiKeySecurityScheme": {"name": "k"}}, "door": scheme},
            "securityRequirements": [{"schemes": {"door": {"list": ["read"]}}}],
        }

    async def discover(issuer: str) -> Endpoints | None:
        return (published or {}).get(issuer)

    return await authorization_of(
        config, auth, FoundCard(decode_card(value), AGENT, None, 0), discover
    )


async def test_the_configured_server_is_used_whatever_the_card_says() -> None:
    plan = await planned(
        flows("https://evil.example", "clientCredentials"),
        client_secret=SECRET,
        token_url=f"{LOGIN}/t",
    )
    assert plan.endpoints.token == f"{LOGIN}/t"
    assert plan.scopes == ("read",)


async def test_an_issuer_is_asked_for_its_endpoints() -> None:
    published = {LOGIN: Endpoints("https://tokens.example/t", issuer=LOGIN)}
    plan = await planned(MACHINE, published=published, client_secret=SECRET, issuer=LOGIN)
    assert plan.endpoints.token == "https://tokens.example/t"


ALLOWED = [
    (MACHINE, {}, {}),
    (flows(LOGIN, "clientCredentials"), {"allowed_origins": [LOGIN]}, {}),
    (flows(LOGIN, "clientCredentials"), {}, {"issuer": f"{LOGIN}/tenant"}),  # publishes nothing
    ({"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": f"{AGENT}/token"}}}, {}, {}),
    (
        {"oauth2SecurityScheme": {"flows": {"client_credentials": {"token_url": f"{AGENT}/t"}}}},
        {},
        {},
    ),
]


@pytest.mark.parametrize(("scheme", "table", "settings"), ALLOWED)
async def test_an_allowed_address_of_the_card_is_enough(
    scheme: dict[str, Any], table: dict[str, Any], settings: dict[str, Any]
) -> None:
    plan = await planned(scheme, table, client_secret=SECRET, **settings)
    assert plan.flow == "client_credentials"
    assert plan.endpoints.token.startswith((AGENT, LOGIN))


REFUSED = [
    (flows("https://evil.example", "clientCredentials"), "allowed_origins"),
    (flows("https://agent.example:444", "clientCredentials"), "allowed_origins"),
    (flows("https://agent.example.evil.example", "clientCredentials"), "allowed_origins"),
    (flows("http://agent.example", "clientCredentials"), "allowed_origins"),
    (flows("https://agent.example@evil.example", "clientCredentials"), "token_url"),
    (flows("file:///etc", "clientCredentials"), "token_url"),
    ({"openIdConnectSecurityScheme": {"openIdConnectUrl": "https://evil.example/x"}}, "issuer"),
    ({"openIdConnectSecurityScheme": {"openIdConnectUrl": f"{AGENT}/other"}}, "issuer"),
    (flows(AGENT, "password"), "flow"),
    (flows(AGENT, "implicit"), "issuer"),
    ({"oauth2SecurityScheme": {}}, "token_url"),
    (None, "token_url"),
]


@pytest.mark.parametrize(("scheme", "key"), REFUSED)
async def test_what_the_card_may_not_name_is_an_error_with_the_key_to_set(
    scheme: dict[str, Any] | None, key: str
) -> None:
    with pytest.raises(CredentialUnavailable) as caught:
        await planned(scheme, client_secret=SECRET)
    assert key in caught.value.next_step


async def test_metadata_of_a_card_may_not_lead_elsewhere_either() -> None:
    scheme = {
        "openIdConnectSecurityScheme": {
            "openIdConnectUrl": f"{AGENT}/.well-known/openid-configuration"
        }
    }
    own = {AGENT: Endpoints(f"{AGENT}/token", issuer=AGENT)}
    assert (await planned(scheme, published=own, client_secret=SECRET)).endpoints == own[AGENT]
    elsewhere = {AGENT: Endpoints("https://evil.example/token", issuer=AGENT)}
    with pytest.raises(CredentialUnavailable, match="evil"):
        await planned(scheme, published=elsewhere, client_secret=SECRET)


async def test_a_token_server_without_tls_is_refused() -> None:
    published = {LOGIN: Endpoints("http://tokens.example/t", issuer=LOGIN)}
    with pytest.raises(CredentialUnavailable, match="without TLS"):
        await planned(None, published=published, client_secret=SECRET, issuer=LOGIN)


async def test_a_configured_card_is_believed() -> None:
    value = card(AGENT, securitySchemes={"door": flows(LOGIN, "clientCredentials")})
    plan = await planned(
        flows(LOGIN, "clientCredentials"),
        {"card": value, "url": None},
        client_secret=SECRET,
    )
    assert plan.endpoints.token == f"{LOGIN}/token"


CODE_AND_DEVICE = flows(AGENT, "authorizationCode", "deviceCode")
FLOWS = [
    (MACHINE, {"client_secret": SECRET}, "client_credentials"),
    (CODE_AND_DEVICE, {"client_secret": SECRET}, "authorization_code"),
    (CODE_AND_DEVICE, {}, "authorization_code"),
    (flows(AGENT, "deviceCode"), {}, "device_code"),
    (CODE_AND_DEVICE, {"flow": "device_code"}, "device_code"),
    (flows(AGENT, "clientCredentials", "authorizationCode"), {}, "authorization_code"),
]


@pytest.mark.parametrize(("scheme", "settings", "flow"), FLOWS)
async def test_the_flow_is_the_first_that_both_can(
    scheme: dict[str, Any], settings: dict[str, Any], flow: str
) -> None:
    plan = await planned(scheme, **settings)
    assert plan.flow == flow
    assert plan.needs_person is (flow != "client_credentials")


@pytest.mark.parametrize("settings", [{}, {"flow": "device_code", "client_secret": SECRET}])
async def test_a_flow_that_the_card_does_not_offer_is_told(settings: dict[str, Any]) -> None:
    with pytest.raises(CredentialUnavailable) as caught:
        await planned(MACHINE, **settings)
    assert "client_credentials" in caught.value.message
    assert "flow" in caught.value.next_step
