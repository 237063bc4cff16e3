"""Tokens of a real authorization server for a real agent that checks them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anyio
import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import SecretStr
from real_agents import Agent, Agents
from staging import configured, staged

from a2a_mcp.a2a.auth.oauth.settings import OAuth
from a2a_mcp.errors import CredentialUnavailable

pytestmark = pytest.mark.anyio

SERVICE = {"client_id": "service", "client_secret": SecretStr("s3cret:+ %&/")}


@pytest.fixture(scope="module")
def signing_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(scope="module")
def login(running_agent: Agents, signing_key: ec.EllipticCurvePrivateKey) -> Agent:
    """The authorization server."""
    public = jwt.algorithms.ECAlgorithm.to_jwk(signing_key.public_key(), as_dict=True)
    return running_agent("oidc", "--jwks", json.dumps({"keys": [public]}))


@pytest.fixture(scope="module")
def agent(running_agent: Agents, login: Agent) -> Agent:
    """The agent behind it."""
    return running_agent("1.3-jsonrpc", "--issuer", login.url)


def guarded(agent: Agent, *origins: str, **auth: Any) -> Any:
    table = {"url": agent.url, "auth": OAuth(**SERVICE | auth), "allowed_origins": list(origins)}
    return configured(guarded=table)


def tokens_sent(agent: Agent, since: int) -> list[str]:
    """Return the tokens that the agent has got in calls since a number of requests."""
    calls = [entry for entry in agent.requests()[since:] if entry["method"] == "POST"]
    return [entry["headers"].get("authorization", "") for entry in calls]


async def test_from_a_card_and_an_id_with_its_secret_a_hundred_calls_need_one_token(
    agent: Agent, login: Agent, tmp_path: Path
) -> None:
    asked, seen, ran = len(login.requests()), len(agent.requests()), len(agent.log())
    async with staged(guarded(agent, login.url), tmp_path) as stage:
        assert "hello" in (await stage.send("hello")).text

        async def send() -> None:
            await stage.send("hello", wait_seconds=15.0)

        async with anyio.create_task_group() as group:
            for _ in range(99):
                group.start_soon(send)
    (request,) = login.requests()[asked:]
    assert (request["grant"], request["client"]) == ("client_credentials", "service")
    assert request["scope"] == "read"  # as the card asks
    assert len(set(tokens_sent(agent, seen))) == 1
    assert len(agent.log()) - ran == 100


WAYS: dict[str, dict[str, Any]] = {
    "basic": {},
    "post": {"client_id": "post", "client_secret": SecretStr("p0st-secret"), "client_auth": "post"},
}


@pytest.mark.parametrize("way", WAYS)
async def test_the_issuer_alone_leads_to_its_endpoints(
    agent: Agent, login: Agent, tmp_path: Path, way: str
) -> None:
    async with staged(guarded(agent, issuer=login.url, **WAYS[way]), tmp_path) as stage:
        assert (await stage.send("hello")).state == "completed"


async def test_a_client_may_prove_itself_by_its_key(
    agent: Agent, login: Agent, tmp_path: Path, signing_key: ec.EllipticCurvePrivateKey
) -> None:
    key = tmp_path / "client.pem"
    key.write_bytes(signing_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    signed = {"client_id": "signed", "client_secret": None, "client_key": key}
    async with staged(guarded(agent, issuer=login.url, **signed), tmp_path) as stage:
        assert (await stage.send("hello")).state == "completed"


async def test_a_token_that_the_server_revoked_is_renewed_once_and_nothing_runs_twice(
    agent: Agent, login: Agent, tmp_path: Path
) -> None:
    async with staged(guarded(agent, issuer=login.url), tmp_path) as stage:
        await stage.send("hello")
        first = tokens_sent(agent, 0)[-1].removeprefix("Bearer ")
        revoke(login, first)
        asked, ran = len(login.requests()), len(agent.log())

        async def send() -> None:
            assert (await stage.send("again", wait_seconds=15.0)).state == "completed"

        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(send)
    assert len(login.requests()) - asked == 1
    assert len(agent.log()) - ran == 20


async def test_a_token_that_the_server_lets_expire_is_renewed_and_no_call_fails(
    running_agent: Agents, tmp_path: Path
) -> None:
    login = running_agent("oidc", "--ttl", "2")
    agent = running_agent("1.3-jsonrpc", "--issuer", login.url)
    asked, sends = len(login.requests()), 0
    async with staged(guarded(agent, issuer=login.url), tmp_path) as stage:
        while len(login.requests()) - asked < 3:  # the server is asked, as it is the one that knows
            assert (await stage.send("hello")).state == "completed"
            sends += 1
    tokens = tokens_sent(agent, 0)
    assert len(agent.log()) == sends
    assert len(tokens) - sends <= 2  # at most one refusal for each token that has ended
    assert len(set(tokens)) == 3
    assert not is_active(login, tokens[0])


def is_active(login: Agent, token: str) -> bool:
    """Return whether the server still takes a token for valid."""
    form = {"client_id": "post", "client_secret": "p0st-secret"}
    form["token"] = token.removeprefix("Bearer ")
    answer = httpx.post(f"{login.url}/token/introspection", data=form)
    return bool(answer.json()["active"])


def revoke(login: Agent, token: str) -> None:
    form = {"token": token}
    auth = ("service", "s3cret%3A%2B%20%25%26%2F")
    assert httpx.post(f"{login.url}/token/revocation", data=form, auth=auth).status_code == 200


@pytest.mark.parametrize(
    ("client", "secret"), [("late", "exp1red-secret"), ("service", "wr0ng-secret")]
)
async def test_a_secret_that_expired_or_is_wrong_sends_nothing_and_names_the_key(
    agent: Agent, login: Agent, tmp_path: Path, client: str, secret: str
) -> None:
    ran = len(agent.log())
    auth = {"client_id": client, "client_secret": SecretStr(secret)}
    wrong = guarded(agent, issuer=login.url, **auth)
    async with staged(wrong, tmp_path) as stage:
        with pytest.raises(CredentialUnavailable) as caught:
            await stage.send("hello")
    assert "client_secret" in caught.value.next_step
    assert secret not in str(vars(caught.value))
    assert len(agent.log()) == ran


async def test_a_foreign_token_server_in_the_card_gets_nothing(
    agent: Agent, login: Agent, tmp_path: Path
) -> None:
    asked, ran = len(login.requests()), len(agent.log())
    async with staged(guarded(agent), tmp_path) as stage:
        with pytest.raises(CredentialUnavailable) as caught:
            await stage.send("hello")
    assert login.url in caught.value.message
    assert "allowed_origins" in caught.value.next_step
    assert (len(login.requests()), len(agent.log())) == (asked, ran)
