from base64 import b64decode

import pytest
from pydantic import SecretStr

from a2a_mcp.a2a.auth.static import ApiKey, Attachment, Basic, Bearer, Headers, attach
from a2a_mcp.a2a.card_model import AgentCard, SecurityScheme

pytestmark = pytest.mark.anyio
KEY = SecretStr("s3cret-key")


def card(**schemes: SecurityScheme) -> AgentCard:
    return AgentCard(name="a", security_schemes=schemes)


async def test_no_credential_adds_nothing() -> None:
    assert await attach(None) == Attachment()


async def test_a_token_becomes_a_bearer_header() -> None:
    assert (await attach(Bearer(KEY))).headers == {"Authorization": "Bearer s3cret-key"}


async def test_a_secret_is_fetched_when_it_is_needed_and_not_before() -> None:
    fetched = []

    async def fetch() -> SecretStr:
        fetched.append(1)
        return SecretStr("fresh")

    credential = Bearer(fetch)
    assert fetched == []
    assert (await attach(credential)).headers == {"Authorization": "Bearer fresh"}
    assert (await attach(credential)).headers == {"Authorization": "Bearer fresh"}
    assert len(fetched) == 2


async def test_a_name_and_password_become_a_basic_header_in_utf_8() -> None:
    attached = await attach(Basic("ü", SecretStr("p:ä")))
    kind, _, pair = attached.headers["Authorization"].partition(" ")
    assert (kind, b64decode(pair).decode()) == ("Basic", "ü:p:ä")


async def test_any_headers_are_added() -> None:
    attached = await attach(Headers({"X-One": KEY, "X-Two": SecretStr("2")}))
    assert attached.headers == {"X-One": "s3cret-key", "X-Two": "2"}


@pytest.mark.parametrize(
    ("scheme", "attached"),
    [
        (
            SecurityScheme(kind="apiKey", location="header", name="X-Key"),
            Attachment({"X-Key": "s3cret-key"}),
        ),
        (
            SecurityScheme(kind="apiKey", location="query", name="key"),
            Attachment(params={"key": "s3cret-key"}),
        ),
        (
            SecurityScheme(kind="apiKey", location="cookie", name="sid"),
            Attachment({"Cookie": "sid=s3cret-key"}),
        ),
        (SecurityScheme(kind="apiKey"), Attachment({"X-API-Key": "s3cret-key"})),
        (SecurityScheme(kind="http", scheme="bearer"), Attachment({"X-API-Key": "s3cret-key"})),
    ],
)
async def test_the_card_says_where_an_api_key_goes(
    scheme: SecurityScheme, attached: Attachment
) -> None:
    assert await attach(ApiKey(KEY), card(s=scheme)) == attached


async def test_the_configuration_says_it_before_the_card() -> None:
    said = card(s=SecurityScheme(kind="apiKey", location="query", name="key"))
    attached = await attach(ApiKey(KEY, location="header", name="X-Mine"), said)
    assert attached == Attachment({"X-Mine": "s3cret-key"})
    assert await attach(ApiKey(KEY)) == Attachment({"X-API-Key": "s3cret-key"})


async def test_no_secret_is_shown_by_a_credential_or_what_it_adds() -> None:
    for credential in (Bearer(KEY), Basic("u", KEY), ApiKey(KEY), Headers({"X": KEY})):
        attached = await attach(credential)
        assert "s3cret-key" not in repr(credential) + repr(attached)
    assert "s3cret-key" not in repr(await attach(ApiKey(KEY, location="query")))
