from base64 import b64decode

import pytest
from pydantic import SecretStr

from a2a_mcp.a2a.auth.static import ApiKey, Attachment, Basic, Bearer, Headers, attach, joined
from a2a_mcp.a2a.card_model import SecurityScheme

pytestmark = pytest.mark.anyio
KEY = SecretStr("s3cret-key")


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
    assert await attach(ApiKey(KEY), scheme) == attached


async def test_the_configuration_says_it_before_the_card() -> None:
    said = SecurityScheme(kind="apiKey", location="query", name="key")
    attached = await attach(ApiKey(KEY, location="header", name="X-Mine"), said)
    assert attached == Attachment({"X-Mine": "s3cret-key"})
    assert await attach(ApiKey(KEY)) == Attachment({"X-API-Key": "s3cret-key"})


async def test_several_credentials_go_out_together() -> None:
    keys = [ApiKey(KEY, "cookie", "a"), ApiKey(KEY, "cookie", "b"), ApiKey(KEY, "query", "q")]
    together = joined([await attach(each) for each in (Bearer(KEY), *keys)])
    assert together.headers == {
        "Authorization": "Bearer s3cret-key",
        "Cookie": "a=s3cret-key; b=s3cret-key",
    }
    assert together.params == {"q": "s3cret-key"}
    assert joined([]) == Attachment()


async def test_one_of_several_is_renewed_and_the_others_stay() -> None:
    answers = [Attachment({"A": "2"}), None]

    async def renew() -> Attachment | None:
        return answers.pop(0)

    together = joined([Attachment({"B": "1"}), Attachment({"A": "1"}, renew=renew)])
    assert together.renew
    again = await together.renew()
    assert again
    assert (again.headers, again.renew) == ({"B": "1", "A": "2"}, None)
    assert await together.renew() is None


async def test_no_secret_is_shown_by_a_credential_or_what_it_adds() -> None:
    for credential in (Bearer(KEY), Basic("u", KEY), ApiKey(KEY), Headers({"X": KEY})):
        attached = await attach(credential)
        assert "s3cret-key" not in repr(credential) + repr(attached)
    assert "s3cret-key" not in repr(await attach(ApiKey(KEY, location="query")))
