"""An agent's tokens against a scripted server: how often it is asked, and for what."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import anyio
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import SecretStr
from scripted import Request, ScriptedAgent, Step, card, cut, document, http, scripted
from staging import agents

from a2a_mcp.a2a.auth.oauth.settings import ClientAuth, OAuth
from a2a_mcp.a2a.card import FoundCard
from a2a_mcp.a2a.decoding.card import decode_card
from a2a_mcp.a2a.errors import A2AError, AgentUnreachable, Delivery
from a2a_mcp.a2a.http.tls import default_context
from a2a_mcp.agents.http import open_server_transport
from a2a_mcp.agents.login import AgentLogin
from a2a_mcp.agents.tokens import AgentTokens
from a2a_mcp.config.secrets import SecretRegister
from a2a_mcp.errors import CredentialUnavailable

pytestmark = pytest.mark.anyio

TOKEN = "POST /token"
TLS = default_context()


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def server() -> AsyncIterator[ScriptedAgent]:
    async with scripted() as running:
        running.on(TOKEN, numbered())
        yield running


def numbered(life: float | None = 100, **more: Any) -> Callable[[Request], Sequence[Step]]:
    """Give the tokens t1, t2, … one after another."""
    given: list[str] = []

    def reply(request: Request) -> Sequence[Step]:
        given.append(f"t{len(given) + 1}")
        token = {"access_token": given[-1], "token_type": "bearer", "expires_in": life}
        return document(token | more)(request)

    return reply


def refusal(error: str, status: int = 400, **headers: str) -> Callable[[Request], Sequence[Step]]:
    return document({"error": error, "error_description": "because"}, status, **headers)


def form_of(request: Request) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(request.body.decode()).items()}


@asynccontextmanager
async def tokens_of(
    server: ScriptedAgent, clock: Clock, secrets: SecretRegister | None = None, **settings: Any
) -> AsyncIterator[AgentTokens]:
    given: dict[str, Any] = {
        "client_id": "c",
        "client_secret": SecretStr("s"),
        "token_url": f"{server.url}/token",
    }
    auth = OAuth(**given | settings)
    config = agents(it={"url": server.url, "auth": auth})["it"]
    with anyio.fail_after(20):
        yield AgentTokens(
            config,
            auth,
            open_server=lambda url: open_server_transport(config, auth, url, lambda: TLS),
            login=AgentLogin(None, "local", "it", "c", clock),
            secrets=secrets or SecretRegister(),
            clock=clock,
        )


async def many(tokens: AgentTokens, times: int = 20, refused: str | None = None) -> list[Any]:
    """Ask for the token many times at once; return tokens and errors."""
    got: list[Any] = []

    async def get() -> None:
        try:
            got.append(await tokens.get(None, refused))
        except (CredentialUnavailable, A2AError) as error:
            got.append(error)

    async with anyio.create_task_group() as group:
        for _ in range(times):
            group.start_soon(get)
    return got


async def test_twenty_calls_on_an_expired_token_ask_once(server: ScriptedAgent) -> None:
    clock = Clock()
    async with tokens_of(server, clock) as tokens:
        assert await many(tokens) == ["t1"] * 20
        clock.now += 91
        assert await many(tokens) == ["t2"] * 20
        assert len(server.requests) == 2


@pytest.mark.parametrize("hours", [1, -1])
async def test_a_clock_that_jumps_by_an_hour_costs_one_request(
    server: ScriptedAgent, hours: int
) -> None:
    server.on(TOKEN, numbered(3000))
    clock = Clock()
    async with tokens_of(server, clock) as tokens:
        await tokens.get(None)
        clock.now += hours * 3600
        assert await many(tokens) == ["t2"] * 20
        assert len(server.requests) == 2


async def test_twenty_refused_calls_renew_once(server: ScriptedAgent) -> None:
    clock = Clock()
    async with tokens_of(server, clock) as tokens:
        await tokens.get(None)
        assert await many(tokens, refused="t1") == ["t2"] * 20
        assert await many(tokens, refused="t1") == ["t2"] * 20
        assert len(server.requests) == 2


async def test_an_agent_that_refuses_every_token_does_not_hammer_the_server(
    server: ScriptedAgent,
) -> None:
    clock = Clock()
    async with tokens_of(server, clock) as tokens:
        await tokens.get(None)
        assert await tokens.get(None, "t1") == "t2"
        assert await tokens.get(None, "t2") == "t2"
        clock.now += 6
        assert await tokens.get(None, "t2") == "t3"
        assert len(server.requests) == 3


async def test_what_the_configuration_says_is_asked_for(server: ScriptedAgent) -> None:
    wants = {"scopes": ("a", "b"), "audience": "https://a.example", "resource": "https://r.example"}
    async with tokens_of(server, Clock(), **wants, client_auth="post") as tokens:
        await tokens.get(None)
    assert form_of(server.requests[0]) == {
        "grant_type": "client_credentials",
        "scope": "a b",
        "audience": "https://a.example",
        "resource": "https://r.example",
        "client_id": "c",
        "client_secret": "s",
    }


async def test_other_scopes_of_the_card_need_another_token(server: ScriptedAgent) -> None:
    async with tokens_of(server, Clock()) as tokens:
        scopes = [["read"], ["read"], ["write"]]
        got = [await tokens.get(asking_for(server.url, wanted)) for wanted in scopes]
    assert got == ["t1", "t1", "t2"]
    assert [form_of(request).get("scope") for request in server.requests] == ["read", "write"]


def asking_for(url: str, scopes: list[str]) -> FoundCard:
    value = card(
        url,
        securitySchemes={"door": {"oauth2SecurityScheme": {"flows": {"clientCredentials": {}}}}},
        securityRequirements=[{"schemes": {"door": {"list": scopes}}}],
    )
    return FoundCard(decode_card(value), url, None, 0)


PASSING = [
    refusal("server_error", 500),
    refusal("temporarily_unavailable", 503),
    http(500, b"<html>oops</html>", "text/html"),
    http(429, b"", "text/plain"),
    cut,
]


@pytest.mark.parametrize("reply", PASSING)
async def test_what_may_pass_is_unreachable_and_tried_again_soon(
    server: ScriptedAgent, reply: Any
) -> None:
    clock = Clock()
    server.on(TOKEN, reply, numbered())
    async with tokens_of(server, clock) as tokens:
        failures = await many(tokens)
        assert {type(failure) for failure in failures} == {AgentUnreachable}
        assert {failure.delivery for failure in failures} == {Delivery.NEVER}
        assert "token server" in failures[0].message
        assert len(server.requests) == 1
        clock.now += 6
        assert await tokens.get(None) == "t1"


REFUSING = [
    (refusal("invalid_client", 401), "client_secret"),
    (refusal("invalid_scope"), "scopes"),
    (refusal("invalid_target"), "resource"),
    (refusal("unauthorized_client"), "flow"),
    (refusal("access_denied", 200), "auth"),
    (document({"access_token": "x", "token_type": "DPoP"}), "auth"),
    (http(200, b"<html>", "text/html"), "auth"),
    (http(404, b"", "text/plain"), "auth"),
]


@pytest.mark.parametrize(("reply", "key"), REFUSING)
async def test_a_refusal_names_the_key_to_set(server: ScriptedAgent, reply: Any, key: str) -> None:
    server.on(TOKEN, reply)
    async with tokens_of(server, Clock()) as tokens:
        failures = await many(tokens)
    assert {type(failure) for failure in failures} == {CredentialUnavailable}
    assert key in failures[0].next_step
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [302, 307])
async def test_a_token_server_that_redirects_elsewhere_is_not_followed(
    server: ScriptedAgent, status: int
) -> None:
    async with scripted() as other:
        server.on(TOKEN, http(status, b"", location=f"{other.url}/token"))
        async with tokens_of(server, Clock()) as tokens:
            (failure,) = await many(tokens, 1)
        assert isinstance(failure, CredentialUnavailable)
        assert "token_url" in failure.next_step
        assert other.url not in failure.message + failure.next_step
        assert other.requests == []


@pytest.mark.parametrize("how", ["basic", "post"])
async def test_a_server_that_repeats_what_it_refuses_shows_no_secret(
    server: ScriptedAgent, how: ClientAuth
) -> None:
    def repeats(request: Request) -> Sequence[Step]:
        said = f"{request.body.decode()} {request.headers.get('authorization')}"
        return document({"error": said, "error_description": said}, 400)(request)

    server.on(TOKEN, repeats)
    secret = SecretStr("the secret: +")
    async with tokens_of(server, Clock(), client_secret=secret, client_auth=how) as tokens:
        (failure,) = await many(tokens, 1)
    assert "***" in failure.message
    assert not any(each in failure.message for each in ("secret%3A", "secret:", "Yzp0aGUl"))


async def test_an_assertion_is_signed_by_the_servers_clock_where_ours_is_wrong(
    server: ScriptedAgent, tmp_path: Path
) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    key = tmp_path / "key.pem"
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    date = {"date": "Mon, 12 Jan 1970 14:46:40 GMT"}  # an hour later than ours
    server.on(TOKEN, refusal("invalid_client", 401, **date), numbered())
    async with tokens_of(server, Clock(), client_key=key, client_secret=None) as tokens:
        assert await tokens.get(None) == "t1"
    first, second = (form_of(request)["client_assertion"] for request in server.requests)
    assert issued_at(second) - issued_at(first) == 3600


async def test_a_clock_that_stays_wrong_is_told(server: ScriptedAgent, tmp_path: Path) -> None:
    server.on(TOKEN, refusal("invalid_client", 401, date="Mon, 12 Jan 1970 14:46:40 GMT"))
    async with tokens_of(server, Clock()) as tokens:
        (failure,) = await many(tokens, 1)
    assert "clock" in failure.next_step


def issued_at(assertion: str) -> int:
    payload = assertion.split(".")[1]
    claims: dict[str, int] = json.loads(urlsafe_b64decode(payload + "=="))
    return claims["iat"]


async def test_a_key_that_cannot_sign_is_named(server: ScriptedAgent, tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_text("nonsense")
    async with tokens_of(server, Clock(), client_key=key, client_secret=None) as tokens:
        (failure,) = await many(tokens, 1)
    assert isinstance(failure, CredentialUnavailable)
    assert "client_key" in failure.next_step
    assert server.requests == []


async def test_tokens_are_masked_until_long_after_their_end(server: ScriptedAgent) -> None:
    clock, secrets = Clock(), SecretRegister()
    async with tokens_of(server, clock, secrets) as tokens:
        await tokens.get(None)
        assert set(secrets) == {"t1"}
        clock.now += 200
        await tokens.get(None)
        assert set(secrets) == {"t1", "t2"}
        clock.now += 3600
        await tokens.get(None)
        assert set(secrets) == {"t2", "t3"}


async def test_a_caller_that_gives_up_leaves_the_next_one_to_ask(server: ScriptedAgent) -> None:
    held = anyio.Event()
    given = numbered()
    server.on(TOKEN, lambda request: [held, *given(request)], given)
    async with tokens_of(server, Clock()) as tokens:
        async with anyio.create_task_group() as group:
            group.start_soon(many, tokens, 1)
            await server.called(TOKEN)
            group.cancel_scope.cancel()
        assert await many(tokens, 3) == ["t2"] * 3
