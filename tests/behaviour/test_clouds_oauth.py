"""The recipes with OAuth for agents in clouds, with look-alikes of the clouds' token servers."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from recipes import recipe
from scripted import SEND, Request, ScriptedAgent, Step, card, document, done, result, scripted
from staging import staged
from token_server import form_of

from a2a_mcp.a2a.auth.oauth import token as tokens
from a2a_mcp.config.load import load

pytestmark = pytest.mark.anyio

ARN = "arn%3Aaws%3Abedrock-agentcore%3Aeu-central-1%3A1%3Aruntime%2Fx"
RUNTIME = f"/runtimes/{ARN}/invocations"
SECRET = "the:cl1ent/secret"
SESSION = "x-amzn-bedrock-agentcore-runtime-session-id"


@dataclass(frozen=True)
class Cloud:
    """A recipe's agent and the server of its tokens, as the cloud publishes them.

    `methods` are the ways in which a client proves itself there, as its metadata lists them.
    """

    name: str
    agent: str
    path: str
    server: str
    issuer: str
    token: str
    secret: str
    client: str
    scope: str
    methods: Sequence[str]


ENTRA = Cloud(
    name="entra-app",
    agent="https://entra-app.example",
    path="",
    server="https://login.microsoftonline.com",
    issuer="/TENANT/v2.0",
    token="/TENANT/oauth2/v2.0/token",
    secret="ENTRA_SECRET",
    client="00000000-0000-0000-0000-000000000000",
    scope="api://agent/.default",
    methods=("client_secret_post", "private_key_jwt", "client_secret_basic"),
)
COGNITO = Cloud(
    name="agentcore",
    agent="https://bedrock-agentcore.eu-central-1.amazonaws.com/runtimes/ARN/invocations/",
    path=f"{RUNTIME}/",
    server="https://cognito-idp.eu-central-1.amazonaws.com",
    issuer="/eu-central-1_POOL",
    token="/oauth2/token",
    secret="COGNITO_SECRET",
    client="bridge",
    scope="agent/invoke",
    methods=("client_secret_basic", "client_secret_post"),
)


class TokenServer:
    """A look-alike: it publishes what OpenID discovery wants and is strict about who asks."""

    def __init__(self, cloud: Cloud, server: ScriptedAgent, life: int) -> None:
        self.cloud = cloud
        self.life = life
        self.given: list[str] = []
        issuer = server.url + cloud.issuer
        metadata = {
            "issuer": issuer,
            "token_endpoint": server.url + cloud.token,
            "token_endpoint_auth_methods_supported": list(cloud.methods),
        }
        server.on(f"GET {cloud.issuer}/.well-known/openid-configuration", document(metadata))
        server.on(f"POST {cloud.token}", self.give)

    def give(self, request: Request) -> Sequence[Step]:
        form = form_of(request)
        if shown_by(request, form) != (self.cloud.client, SECRET):
            return document({"error": "invalid_client"}, 401)(request)
        assert (form["grant_type"], form["scope"]) == ("client_credentials", self.cloud.scope)
        self.given.append(f"token-{len(self.given) + 1}")
        answer = {"access_token": self.given[-1], "expires_in": self.life, "token_type": "Bearer"}
        return document(answer)(request)


def shown_by(request: Request, form: dict[str, str]) -> tuple[str | None, str | None]:
    """Return the id and the secret of a client, in the header or in the form, never in both."""
    header = request.headers.get("authorization")
    if header is None:
        return form.get("client_id"), form.get("client_secret")
    assert "client_secret" not in form
    name, _, secret = b64decode(header.removeprefix("Basic ")).decode().partition(":")
    return unquote(name), unquote(secret)


@pytest.fixture
async def agent() -> AsyncIterator[ScriptedAgent]:
    async with scripted() as agent:
        agent.on(SEND, result({"task": done("it is done")}))
        yield agent


@pytest.mark.parametrize("life", [3600, 1])
@pytest.mark.parametrize("cloud", [ENTRA, COGNITO], ids=lambda cloud: cloud.name)
async def test_the_recipe_gets_a_token_and_another_when_that_has_ended(
    agent: ScriptedAgent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cloud: Cloud, life: int
) -> None:
    monkeypatch.setattr(tokens, "MARGIN_PART", 1.0)  # a token of a second is over at once
    place = f"{cloud.path.rstrip('/')}/.well-known/agent-card.json"
    agent.on(f"GET {place}", document(card(agent.url + cloud.path)))
    async with scripted() as login:
        server = TokenServer(cloud, login, life)
        config = configured(cloud, tmp_path, {cloud.agent: agent.url + cloud.path}, login)
        async with staged(config, tmp_path / "state") as stage:
            for _ in range(2):
                assert (await stage.send(agent=cloud.name)).state == "completed"
    sent = [request.headers["authorization"] for request in agent.calls(SEND)]
    assert len(set(sent)) == (1 if life == 3600 else 2)
    assert {each.removeprefix("Bearer ") for each in sent} <= set(server.given)
    sessions = {request.headers.get(SESSION) for request in agent.calls(SEND)}
    assert (None in sessions) == (cloud is ENTRA)


def configured(cloud: Cloud, folder: Path, places: dict[str, str], login: ScriptedAgent) -> Any:
    path = folder / "agents.toml"
    path.write_text(recipe(cloud.name, places | {cloud.server: login.url}))
    return load(path=path, environ={cloud.secret: SECRET}, strict=True)
