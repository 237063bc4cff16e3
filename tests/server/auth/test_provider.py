"""The keys of an identity provider: read once, kept while it is down, looked for seldom."""

import json
from collections.abc import AsyncIterator
from threading import Event
from typing import Any, cast

import anyio
import httpx
import pytest
from identity_provider import IdentityProvider, identity_provider, new_key

from a2a_mcp.a2a.auth.oauth.errors import OAuthRefused
from a2a_mcp.a2a.auth.oauth.settings import OAuth
from a2a_mcp.a2a.bindings.base import HttpRequest
from a2a_mcp.a2a.http.limits import HttpLimits
from a2a_mcp.a2a.http.responses import HttpResponse
from a2a_mcp.a2a.http.transport import open_transport
from a2a_mcp.a2a.transport import Transport
from a2a_mcp.server.auth.callers import Tokens
from a2a_mcp.server.auth.errors import ProviderDown
from a2a_mcp.server.auth.issuer_sign_in import IssuerSignIn
from a2a_mcp.server.auth.provider import AGAIN_SECONDS, KEPT_SECONDS, Provider

pytestmark = pytest.mark.anyio


class Clock:
    now = 1000.0

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
async def provider(issuer: IdentityProvider, clock: Clock) -> AsyncIterator[Provider]:
    transport = open_transport(HttpLimits(), user_agent="test")
    yield Provider(issuer.url, transport, clock)
    await transport.aclose()


class OverTls(Transport):
    """Answers for an issuer at an https address with what it would publish."""

    def __init__(self, **published: str) -> None:
        self.asked: list[str] = []
        self._body = {"issuer": "https://login.example", **published}

    async def fetch(self, outgoing: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
        self.asked.append(outgoing.url)
        return HttpResponse(200, httpx.Headers(), self._body, True, json.dumps(self._body).encode())


async def test_keys_are_not_read_where_they_could_be_changed_on_the_way(clock: Clock) -> None:
    transport = OverTls(jwks_uri="http://login.example/jwks")
    provider = Provider("https://login.example", transport, clock)
    with pytest.raises(ProviderDown) as caught:
        await provider.key("k1")
    assert "without TLS" in caught.value.detail
    assert "http://login.example/jwks" not in transport.asked


@pytest.mark.parametrize("plain", ["token_endpoint", "authorization_endpoint"])
async def test_nobody_signs_in_where_the_secret_could_be_read_on_the_way(plain: str) -> None:
    safe = dict.fromkeys(("token_endpoint", "authorization_endpoint"), "https://login.example/x")
    transport = OverTls(**safe | {plain: "http://login.example/x"})
    settings = OAuth("bridge", issuer="https://login.example")
    sign_in = IssuerSignIn(settings, transport, cast(Tokens, None))
    with pytest.raises(OAuthRefused, match="no_metadata"):
        await sign_in.begin("https://bridge.example/sign-in/callback")


def fetches(issuer: IdentityProvider) -> int:
    return issuer.asked.count("/jwks")


async def test_fifty_tokens_with_a_key_that_is_not_known_cause_one_look(
    provider: Provider, issuer: IdentityProvider
) -> None:
    async with anyio.create_task_group() as group:
        for _ in range(50):
            group.start_soon(provider.key, "evil")
    assert fetches(issuer) == 1
    assert await provider.key("evil") is None


async def test_a_new_key_is_found_and_the_old_one_stays(
    provider: Provider, issuer: IdentityProvider, clock: Clock
) -> None:
    assert await provider.key("k1")
    issuer.keys["k2"] = new_key()
    assert await provider.key("k2") is None
    clock.now += AGAIN_SECONDS + 1
    assert await provider.key("k2")
    assert await provider.key("k1")
    assert fetches(issuer) == 2


async def test_keys_that_are_known_go_on_while_the_provider_is_down(
    provider: Provider, issuer: IdentityProvider, clock: Clock
) -> None:
    assert await provider.key("k1")
    issuer.answers["/jwks"] = b""
    clock.now += KEPT_SECONDS + 1
    assert await provider.key("k1")
    assert provider.problem


async def test_a_slow_provider_is_waited_for_a_short_time_and_known_keys_go_on(
    issuer: IdentityProvider, clock: Clock
) -> None:
    transport = open_transport(HttpLimits(), user_agent="test")
    provider = Provider(issuer.url, transport, clock, answer_seconds=0.5)
    issuer.held["/jwks"] = Event()
    with pytest.raises(ProviderDown) as down:
        await provider.key("k1")
    assert down.value.detail == f"{issuer.url}: no answer in time"
    issuer.held.pop("/jwks").set()
    clock.now += AGAIN_SECONDS + 1
    assert await provider.key("k1")
    issuer.held["/jwks"] = Event()
    clock.now += KEPT_SECONDS + 1
    assert await provider.key("k1")
    issuer.held.pop("/jwks").set()
    await transport.aclose()


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/.well-known/openid-configuration", b'{"issuer": "https://other.example"}'),
        ("/.well-known/openid-configuration", b"[]"),
        ("/.well-known/openid-configuration", b"<html>"),
        ("/jwks", b""),
        ("/jwks", b'{"keys": []}'),
        ("/jwks", b"x" * 1_000_000),
    ],
)
async def test_without_a_key_a_token_is_neither_accepted_nor_refused(
    path: str, answer: bytes, provider: Provider, issuer: IdentityProvider, clock: Clock
) -> None:
    issuer.answers[path] = answer
    for _ in range(3):
        with pytest.raises(ProviderDown):
            await provider.key("k1")
    asked = len(issuer.asked)
    del issuer.answers[path]
    clock.now += AGAIN_SECONDS + 1
    assert await provider.key("k1")
    assert asked <= 4, "a provider that is down is not asked for each token"
