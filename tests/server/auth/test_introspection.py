"""Tokens that only their provider can read: asked for once each, and believed for a minute."""

import base64
import json
import math
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from threading import Event
from typing import Any, Final

import anyio
import pytest
from identity_provider import INTROSPECT, IdentityProvider, identity_provider
from pydantic import SecretStr, ValidationError
from staging import configured

from a2a_mcp.a2a.auth.oauth.settings import OAuth
from a2a_mcp.a2a.http.limits import HttpLimits
from a2a_mcp.a2a.http.transport import open_transport
from a2a_mcp.config.issuers import IssuerTable
from a2a_mcp.server.auth.callers import KEPT_SECONDS, Callers
from a2a_mcp.server.auth.errors import ProviderDown, TokenRefused
from a2a_mcp.server.auth.introspected_tokens import IntrospectedTokens
from a2a_mcp.server.auth.introspection import Introspection
from a2a_mcp.server.auth.provider import AGAIN_SECONDS
from a2a_mcp.server.auth.static_tokens import StaticTokens

pytestmark = pytest.mark.anyio

HERE: Final = "https://bridge.example/mcp"
METADATA: Final = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")
ASKED: Final = {"tokens": "introspection", "client_id": "bridge", "client_secret": "s3cret/"}


class Clock:
    """Unix seconds that a test moves."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def issuer() -> AsyncIterator[IdentityProvider]:
    with identity_provider() as found:
        yield found


@pytest.fixture
async def callers(issuer: IdentityProvider, clock: Clock) -> AsyncIterator[Callers]:
    transport = open_transport(HttpLimits(), user_agent="test")
    table = IssuerTable(url=issuer.url, **ASKED)
    client = OAuth("bridge", issuer=issuer.url, client_secret=SecretStr("s3cret/"))
    provider = Introspection(client, transport, clock, answer_seconds=1)
    tokens = IntrospectedTokens("corp", table, HERE, provider, clock)
    yield Callers(StaticTokens({"robot": "robot"}), {issuer.url: tokens}, clock, tokens)
    await transport.aclose()


async def test_a_token_is_asked_for_once_and_its_claims_are_those_of_a_jwt(
    callers: Callers, issuer: IdentityProvider
) -> None:
    issuer.know("opaque", [HERE], client_id="host", groups=["eng"], token_type="Bearer")
    for _ in range(3):
        found = await callers.caller("opaque")
    assert found
    assert found.claims == {
        "iss": "corp",
        "owner": "corp:alice",
        "client": "host",
        "groups": ["eng"],
    }
    proof = "Basic " + base64.b64encode(b"bridge:s3cret%2F").decode()
    assert issuer.forms == [(proof, {"token": "opaque", "token_type_hint": "access_token"})]


@pytest.mark.parametrize("known", [True, False])
async def test_fifty_requests_with_one_new_token_cause_one_question(
    callers: Callers, issuer: IdentityProvider, known: bool
) -> None:
    issuer.held[INTROSPECT] = Event()
    if known:
        issuer.know("opaque", HERE)
    found = []

    async def enter() -> None:
        with suppress(TokenRefused):
            found.append(await callers.caller("opaque"))

    async with anyio.create_task_group() as group:
        for _ in range(50):
            group.start_soon(enter)
        while INTROSPECT not in issuer.asked:
            await anyio.lowlevel.checkpoint()
        issuer.held[INTROSPECT].set()
    assert len(found) == (50 if known else 0)
    assert issuer.asked.count(INTROSPECT) == 1


async def test_what_is_valid_is_asked_again_after_a_minute_and_what_is_not_each_time(
    callers: Callers, issuer: IdentityProvider, clock: Clock
) -> None:
    with pytest.raises(TokenRefused):
        await callers.caller("opaque")
    issuer.know("opaque", HERE)
    assert await callers.caller("opaque")
    issuer.said.clear()
    clock.now += KEPT_SECONDS - 1
    assert await callers.caller("opaque")
    clock.now += 2
    with pytest.raises(TokenRefused):
        await callers.caller("opaque")


NOW: Final = int(time.time())
REFUSED: Final[dict[str, dict[str, Any]]] = {
    "for another resource": {"aud": "https://other.example/mcp"},
    "for nobody": {"aud": None},
    "of another issuer": {"iss": "https://evil.example"},
    "of no issuer's name": {"iss": 7},
    "ended": {"exp": NOW - 100},
    "not begun": {"nbf": NOW + 86_400},
    "with an end that is no time": {"exp": "tomorrow"},
    "with an end that is no number": {"exp": math.nan},
    "with an end beyond all time": {"exp": 1e300},
    "a refresh token": {"typ": "Refresh"},
    "an id token": {"typ": "ID"},
    "bound to a key": {"token_type": "DPoP"},
    "of nobody": {"sub": None},
    "of a number": {"sub": 7},
}


@pytest.mark.parametrize("name", REFUSED)
async def test_a_token_that_is_active_but_not_for_here_is_refused(
    name: str, callers: Callers, issuer: IdentityProvider
) -> None:
    issuer.know("opaque", **{"audience": HERE, **REFUSED[name]})
    with pytest.raises(TokenRefused):
        await callers.caller("opaque")


@pytest.mark.parametrize(
    "answer", [b"", b"[]", b"<html>", b"{}", b'{"active": "true"}', b"x" * 1_000_000]
)
async def test_a_provider_that_is_down_or_answers_rubbish_refuses_nobody(
    answer: bytes, callers: Callers, issuer: IdentityProvider, clock: Clock
) -> None:
    issuer.know("opaque", HERE)
    issuer.know("before", HERE)
    assert await callers.caller("before")
    issuer.answers[INTROSPECT] = answer
    with pytest.raises(ProviderDown):
        await callers.caller("opaque")
    assert await callers.caller("before"), "what is known goes on"
    issuer.answers.clear()
    assert await callers.caller("opaque")


async def test_a_provider_that_is_slow_refuses_nobody(
    callers: Callers, issuer: IdentityProvider
) -> None:
    issuer.know("opaque", HERE)
    issuer.held[INTROSPECT] = Event()
    with pytest.raises(ProviderDown) as down:
        await callers.caller("opaque")
    assert "no answer in time" in down.value.detail
    issuer.held[INTROSPECT].set()
    assert await callers.caller("opaque")


@pytest.mark.parametrize("answer", [b"", b"[]", b"<html>", b"ISSUER", b"[" * 200_000], ids=range(5))
async def test_where_to_ask_is_looked_for_again_but_not_for_each_token(
    answer: bytes, callers: Callers, issuer: IdentityProvider, clock: Clock
) -> None:
    issuer.know("opaque", HERE)
    said = answer.replace(b"ISSUER", b'{"issuer": "%s"}' % issuer.url.encode())
    issuer.answers = dict.fromkeys(METADATA, said)
    for _ in range(3):
        with pytest.raises(ProviderDown):
            await callers.caller("opaque")
    assert len(issuer.asked) <= 3
    issuer.answers.clear()
    clock.now += AGAIN_SECONDS + 1
    assert await callers.caller("opaque")


async def test_a_provider_that_repeats_the_token_puts_it_into_no_log(
    callers: Callers, issuer: IdentityProvider
) -> None:
    said = {"error": "invalid_request", "error_description": "the token opaque-token is bad"}
    issuer.answers[INTROSPECT] = json.dumps(said).encode()
    with pytest.raises(ProviderDown) as caught:
        await callers.caller("opaque-token")
    assert "the token *** is bad" in caught.value.detail


@pytest.mark.parametrize("token", ["robot", "\xff\xfe", "a b", "", "eyJ.eyJ.\n"])
async def test_what_is_no_token_of_the_provider_is_never_sent_there(
    token: str, callers: Callers, issuer: IdentityProvider
) -> None:
    with suppress(TokenRefused):
        await callers.caller(token)
    assert issuer.asked == []


async def test_a_token_of_another_issuer_is_never_sent_to_this_one(
    callers: Callers, issuer: IdentityProvider
) -> None:
    with identity_provider() as other:
        with pytest.raises(TokenRefused):
            await callers.caller(other.token(HERE))
        assert await callers.caller(issuer.know(issuer.token(HERE), HERE))
    assert len(issuer.forms) == 1


@pytest.mark.parametrize(
    ("tables", "fault"),
    [
        ([{"tokens": "introspection"}], "needs client_id and client_secret"),
        ([ASKED, ASKED], "only one issuer"),
        ([{"tokens": "opaque"}], "tokens"),
    ],
)
def test_a_table_that_cannot_work_is_a_fault(tables: list[dict[str, str]], fault: str) -> None:
    issuers = {
        f"i{number}": {"url": f"https://i{number}.example", **table}
        for number, table in enumerate(tables)
    }
    server = {"issuers": issuers, "public_url": "https://bridge.example"}
    with pytest.raises(ValidationError, match=fault):
        configured(server=server)
