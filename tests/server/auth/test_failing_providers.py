"""What callers get when a provider fails after it has worked, and when it has new keys.

The door is the real one, in this process, so that the time between two looks can pass at once.
"""

import time
from collections.abc import AsyncIterator, Callable
from threading import Event
from typing import Final

import httpx
import pytest
from identity_provider import IdentityProvider, identity_provider, new_key
from starlette.responses import Response

from a2a_mcp.a2a.http.limits import HttpLimits
from a2a_mcp.a2a.http.transport import open_transport
from a2a_mcp.config.issuers import IssuerTable
from a2a_mcp.server.auth.callers import Callers
from a2a_mcp.server.auth.edge import Edge
from a2a_mcp.server.auth.issued_tokens import IssuedTokens
from a2a_mcp.server.auth.provider import AGAIN_SECONDS, KEPT_SECONDS, Provider
from a2a_mcp.server.auth.refusals import Refusals
from a2a_mcp.server.auth.resource import Resource
from a2a_mcp.server.auth.static_tokens import StaticTokens

pytestmark = pytest.mark.anyio

HERE: Final = "https://bridge.example/mcp"
METADATA: Final = "/.well-known/openid-configuration"
KEYS: Final = "/jwks"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Door:
    """A door with one provider, of which it knows the keys."""

    def __init__(self, issuer: IdentityProvider, client: httpx.AsyncClient, clock: Clock) -> None:
        self.issuer = issuer
        self.clock = clock
        self._client = client

    async def enter(self, key: str = "k1") -> tuple[int, str | None]:
        """Return the status for a token that was never shown, and the error in the challenge."""
        token = self.issuer.token(HERE, key=key, jti=str(time.perf_counter_ns()))
        return await self.show(token)

    async def show(self, token: str) -> tuple[int, str | None]:
        answer = await self._client.post(HERE, headers={"Authorization": f"Bearer {token}"})
        challenge = answer.headers.get("www-authenticate")
        return answer.status_code, challenge and challenge.split('"')[1]


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    clock = Clock()
    transport = open_transport(HttpLimits(), user_agent="test")
    with identity_provider() as issuer:
        table = IssuerTable(url=issuer.url)
        provider = Provider(issuer.url, transport, clock, answer_seconds=0.5)
        issued = IssuedTokens("corp", table, HERE, provider)
        callers = Callers(StaticTokens({}), {issuer.url: issued}, time.time)
        resource = Resource(HERE, "/mcp", [issuer.url], ["a2a"])
        edge = Edge(Response("in"), callers, resource, Refusals(None, clock))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(edge)) as client:
            yield Door(issuer, client, clock)
        for event in issuer.held.values():
            event.set()
    await transport.aclose()


def down(issuer: IdentityProvider) -> None:
    issuer.answers |= {METADATA: b"", KEYS: b""}


def hang(issuer: IdentityProvider) -> None:
    issuer.held[KEYS] = Event()


def answering(path: str, answer: bytes) -> Callable[[IdentityProvider], None]:
    return lambda issuer: issuer.answers.update({path: answer})


FAILURES: Final = {
    "it is down": down,
    "it is slow": hang,
    "it answers a page": answering(METADATA, b"<html>"),
    "it answers deep JSON": answering(METADATA, b"[" * 200_000),
    "it answers another issuer's": answering(METADATA, b'{"issuer": "https://evil.example"}'),
    "its keys are rubbish": answering(KEYS, b"\xff\xfe"),
    "its keys are gone": answering(KEYS, b'{"keys": []}'),
    "its keys are no list": answering(KEYS, b'{"keys": 7}'),
    "its keys are a megabyte": answering(KEYS, b'{"keys": []' + b" " * 1_000_000 + b"}"),
}


@pytest.mark.parametrize("name", FAILURES)
async def test_whatever_a_provider_does_keys_that_are_known_go_on(name: str, door: Door) -> None:
    assert await door.enter() == (200, None)
    FAILURES[name](door.issuer)
    for _ in range(2):
        door.clock.now += KEPT_SECONDS + 1
        assert await door.enter() == (200, None)
    door.issuer.keys["k2"] = new_key()
    door.clock.now += AGAIN_SECONDS + 1
    assert await door.enter("k2") == (401, "invalid_token")
    for event in door.issuer.held.values():
        event.set()
    door.issuer.answers.clear()
    door.clock.now += AGAIN_SECONDS + 1
    assert await door.enter("k2") == (200, None)


@pytest.mark.parametrize("name", FAILURES)
async def test_without_a_known_key_nobody_is_told_that_a_token_is_invalid(
    name: str, door: Door
) -> None:
    FAILURES[name](door.issuer)
    assert await door.enter() == (503, None)
    for event in door.issuer.held.values():
        event.set()
    door.issuer.answers.clear()
    assert await door.enter() == (503, None), "it is asked again after a while, not at each call"
    door.clock.now += AGAIN_SECONDS + 1
    assert await door.enter() == (200, None)


async def test_a_page_at_the_first_address_does_not_hide_the_metadata_at_the_next(
    door: Door,
) -> None:
    door.issuer.answers["/.well-known/oauth-authorization-server"] = b"<html>not here</html>"
    assert await door.enter() == (200, None)


async def test_keys_change_without_a_token_refused_that_is_valid(door: Door) -> None:
    assert await door.enter() == (200, None)
    door.issuer.keys["k2"] = new_key()
    door.clock.now += AGAIN_SECONDS + 1
    assert await door.enter("k2") == (200, None)
    assert await door.enter("k1") == (200, None)
    known = door.issuer.token(HERE)
    assert await door.show(known) == (200, None)
    signer = IdentityProvider(door.issuer.url, {"k1": door.issuer.keys.pop("k1")})
    door.clock.now += KEPT_SECONDS + 1
    assert await door.enter("k2") == (200, None)
    withdrawn = signer.token(HERE, jti="another")
    assert await door.show(withdrawn) == (401, "invalid_token")
    assert await door.show(known) == (200, None), "a token that was verified goes on for a minute"
