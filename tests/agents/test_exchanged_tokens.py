"""A caller's own token becomes one for the agent: of that caller, and for as long as both last."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from pydantic import SecretStr
from scripted import CARD, Request, ScriptedAgent, Step, card, document, http, scripted
from staging import agents
from token_server import TOKEN, exchanging, form_of

from a2a_mcp.a2a.auth.oauth.settings import OAuth
from a2a_mcp.a2a.errors import A2AError, AgentUnreachable
from a2a_mcp.a2a.http.tls import default_context
from a2a_mcp.agents.exchanged_tokens import ExchangedTokens
from a2a_mcp.agents.http import open_server_transport
from a2a_mcp.agents.login import AgentLogin
from a2a_mcp.agents.subject import Subject
from a2a_mcp.agents.tokens import AgentTokens
from a2a_mcp.config.secrets import SecretRegister
from a2a_mcp.errors import CallerTokenNeeded, CredentialUnavailable

pytestmark = pytest.mark.anyio

TLS = default_context()


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class Caller:
    """What a caller shows in the call under way."""

    def __init__(self, token: str | None = "callers-own", expires_at: float | None = None) -> None:
        self.token = token
        self.expires_at = expires_at

    def __call__(self) -> Subject | None:
        return Subject(self.token, self.expires_at) if self.token else None


@pytest.fixture
async def server() -> AsyncIterator[ScriptedAgent]:
    async with scripted() as running:
        running.on(TOKEN, exchanging())
        running.on(CARD, document(card(running.url)))
        yield running


@asynccontextmanager
async def exchanged(
    server: ScriptedAgent,
    caller: Caller,
    clock: Clock,
    secrets: SecretRegister | None = None,
    **settings: Any,
) -> AsyncIterator[ExchangedTokens]:
    given: dict[str, Any] = {
        "client_id": "bridge",
        "client_secret": SecretStr("s"),
        "token_url": f"{server.url}/token",
        "exchange": "token-exchange",
    }
    auth = OAuth(**given | settings)
    assert auth.exchange
    config = agents(it={"url": server.url, "auth": auth})["it"]
    asker = AgentTokens(
        config,
        auth,
        open_server=lambda url: open_server_transport(config, auth, url, lambda: TLS),
        login=AgentLogin(None, "corp:alice", "it", "bridge", clock),
        secrets=secrets or SecretRegister(),
        clock=clock,
    )
    with anyio.fail_after(20):
        yield ExchangedTokens(asker, auth.exchange, caller, clock)


FORMS: list[tuple[dict[str, Any], dict[str, str]]] = [
    (
        {"audience": "agent-b", "scopes": ("read", "write")},
        {
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token": "callers-own",
            "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "audience": "agent-b",
            "scope": "read write",
        },
    ),
    (
        {"exchange": "entra-obo", "scopes": ("api://agent/.default",), "client_auth": "post"},
        {
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "assertion": "callers-own",
            "requested_token_use": "on_behalf_of",
            "scope": "api://agent/.default",
            "client_id": "bridge",
            "client_secret": "s",
        },
    ),
]


@pytest.mark.parametrize(("settings", "form"), FORMS)
async def test_the_callers_token_is_exchanged_as_the_grant_says(
    server: ScriptedAgent, settings: dict[str, Any], form: dict[str, str]
) -> None:
    secrets = SecretRegister()
    async with exchanged(server, Caller(), Clock(), secrets, **settings) as tokens:
        assert await tokens.get(None) == "callers-own-1"
    assert form_of(server.requests[0]) == form
    assert list(secrets) == ["callers-own-1"]


async def many(tokens: ExchangedTokens, times: int = 20, refused: str | None = None) -> list[Any]:
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


async def test_twenty_calls_exchange_once_and_once_more_when_that_has_ended(
    server: ScriptedAgent,
) -> None:
    clock = Clock()
    async with exchanged(server, Caller(), clock) as tokens:
        assert await many(tokens) == ["callers-own-1"] * 20
        clock.now += 91
        assert await many(tokens) == ["callers-own-2"] * 20
        assert len(server.requests) == 2


async def test_what_the_agent_refuses_is_exchanged_again_once(server: ScriptedAgent) -> None:
    clock = Clock()
    async with exchanged(server, Caller(), clock) as tokens:
        await tokens.get(None)
        assert await many(tokens, refused="callers-own-1") == ["callers-own-2"] * 20
        assert await tokens.get(None, "callers-own-2") == "callers-own-2"  # not at once again
        clock.now += 6
        assert await tokens.get(None, "callers-own-2") == "callers-own-3"


async def test_each_token_that_a_caller_shows_has_its_own(server: ScriptedAgent) -> None:
    caller = Caller("from-one-host")
    async with exchanged(server, caller, Clock()) as tokens:
        first = await tokens.get(None)
        caller.token = "from-another"
        second = await tokens.get(None)
        caller.token = "from-one-host"
        assert await tokens.get(None) == first == "from-one-host-1"
        assert second == "from-another-2"
        assert tokens.at_hand() == first


async def test_a_token_does_not_outlive_the_one_it_was_got_for(server: ScriptedAgent) -> None:
    clock = Clock()
    server.on(TOKEN, exchanging(None))
    caller = Caller(expires_at=clock.now + 60)
    async with exchanged(server, caller, clock) as tokens:
        assert await tokens.get(None) == "callers-own-1"
        caller.token = None  # work in the background
        clock.now += 50
        assert await tokens.get(None) == "callers-own-1"
        clock.now += 9
        with pytest.raises(CredentialUnavailable, match="own"):
            await tokens.get(None)
        assert tokens.at_hand() is None
    assert len(server.requests) == 1


async def test_without_a_caller_nothing_is_asked_for(server: ScriptedAgent) -> None:
    async with exchanged(server, Caller(None), Clock()) as tokens:
        with pytest.raises(CredentialUnavailable) as caught:
            await tokens.get(None)
    assert "[server.issuers]" in caught.value.next_step
    assert server.requests == []


def refusal(error: str, status: int = 400) -> Callable[[Request], Sequence[Step]]:
    return document({"error": error, "error_description": "because"}, status)


REFUSALS: list[tuple[Any, type[Exception], str]] = [
    (refusal("invalid_grant"), CallerTokenNeeded, "sign in to this bridge again"),
    (refusal("interaction_required"), CallerTokenNeeded, "must let its client exchange tokens"),
    (refusal("invalid_client", 401), CredentialUnavailable, "client_secret"),
    (refusal("invalid_target"), CredentialUnavailable, "audience"),
    (document({"access_token": "t", "token_type": "N_A"}), CredentialUnavailable, "auth"),
    (http(503, b"", "text/plain"), AgentUnreachable, ""),
]


@pytest.mark.parametrize(("reply", "kind", "step"), REFUSALS)
async def test_a_refused_exchange_says_what_to_do_and_is_not_hammered(
    server: ScriptedAgent, reply: Any, kind: type[Exception], step: str
) -> None:
    clock = Clock()
    server.on(TOKEN, reply, exchanging())
    async with exchanged(server, Caller(), clock) as tokens:
        failures = await many(tokens)
        assert {type(failure) for failure in failures} == {kind}
        assert "callers-own" not in str([vars(failure) for failure in failures])
        assert step in getattr(failures[0], "next_step", "")
        assert len(server.requests) == 1
        clock.now += 6
        assert await tokens.get(None) == "callers-own-1"
