"""Requests that are signed for AWS, checked as AWS checks them, by the steps of its documents."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest
from recipes import recipe
from scripted import SEND, Request, ScriptedAgent, card, document, done, result, scripted
from staging import configured, staged

from a2a_mcp.a2a.auth.static import Aws
from a2a_mcp.agents import aws_signatures
from a2a_mcp.bridge.describe_agents import describe_agent
from a2a_mcp.config.load import load
from a2a_mcp.errors import CredentialUnavailable

pytestmark = pytest.mark.anyio

ARN: Final = "arn%3Aaws%3Abedrock-agentcore%3Aeu-central-1%3A1%3Aruntime%2Fx"
RUNTIME: Final = f"/runtimes/{ARN}/invocations"
PLACE: Final = f"{RUNTIME}/"
KEY_ID, SECRET = "AKIAEXAMPLE", "the/secret+key"


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide what AWS's tools would find on this machine."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / name))


@pytest.fixture
async def agent() -> AsyncIterator[ScriptedAgent]:
    async with scripted() as agent:
        agent.on(f"GET {RUNTIME}/.well-known/agent-card.json", document(card(agent.url + PLACE)))
        agent.on(SEND, result({"task": done("it is done")}))
        yield agent


def table(agent: ScriptedAgent, *auth: Any) -> dict[str, Any]:
    return {"url": agent.url + PLACE, "auth": auth or (Aws("eu-central-1"),)}


def signature_of(request: Request, secret: str, region: str, service: str) -> str:
    """Return the signature that a request should have."""
    stamp = request.headers["x-amz-date"]
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    names = sorted(signed_headers(request))
    path, _, query = request.path.partition("?")
    canonical = [
        request.verb,
        quote(path, safe="/~"),  # once more: all services but S3 want it
        query,
        *(f"{name}:{request.headers[name]}" for name in names),
        "",
        ";".join(names),
        hashlib.sha256(request.body).hexdigest(),
    ]
    hashed = hashlib.sha256("\n".join(canonical).encode()).hexdigest()
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashed}"
    return hmac.new(key, text.encode(), "sha256").hexdigest()


def signed_headers(request: Request) -> list[str]:
    return part_of(request, "SignedHeaders").split(";")


def part_of(request: Request, name: str) -> str:
    parts = request.headers["authorization"].removeprefix("AWS4-HMAC-SHA256 ").split(", ")
    return dict(part.split("=", 1) for part in parts)[name]


async def test_each_request_is_signed_with_the_credentials_of_the_environment(
    agent: ScriptedAgent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    config = configured(it=table(agent))
    async with staged(config, tmp_path) as stage:
        assert (await stage.send()).state == "completed"
        assert "signatures for AWS: configured" in describe_agent(stage.registry, "it").prose()
        assert config.secrets.mask(f"it was {SECRET}") == "it was ***"
    assert {request.verb for request in agent.requests} == {"GET", "POST"}
    for request in agent.requests:
        wanted = signature_of(request, SECRET, "eu-central-1", "bedrock-agentcore")
        assert part_of(request, "Signature") == wanted
        assert part_of(request, "Credential").startswith(f"{KEY_ID}/")


async def test_a_container_gives_credentials_that_change(
    agent: ScriptedAgent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {
        "AccessKeyId": KEY_ID,
        "SecretAccessKey": SECRET,
        "Token": "session-token",
        "Expiration": "2120-01-01T00:00:00Z",
    }
    async with scripted() as container:
        container.on("GET /role", document(given))
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{container.url}/role")
        auth = Aws("us-west-2", "execute-api")
        async with staged(configured(it=table(agent, auth)), tmp_path) as stage:
            for _ in range(2):
                assert (await stage.send()).state == "completed"
        assert len(container.requests) == 1
    for request in agent.calls(SEND):
        assert request.headers["x-amz-security-token"] == "session-token"
        assert "x-amz-security-token" in signed_headers(request)
        wanted = signature_of(request, SECRET, "us-west-2", "execute-api")
        assert part_of(request, "Signature") == wanted


async def test_the_recipe_signs_with_its_profile_and_names_the_session(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    keys = f"[agents]\naws_access_key_id = {KEY_ID}\naws_secret_access_key = {SECRET}\n"
    (tmp_path / "AWS_SHARED_CREDENTIALS_FILE").write_text(keys)
    host = "https://bedrock-agentcore.eu-central-1.amazonaws.com"
    path = tmp_path / "agents.toml"
    path.write_text(recipe("agentcore-iam", {host: agent.url, "/ARN/": f"/{ARN}/"}))
    async with staged(load(path=path, environ={}, strict=True), tmp_path / "state") as stage:
        first = await stage.send(agent="agentcore-iam")
        await stage.send(agent="agentcore-iam", context_id=first.context_id)
    sends = agent.calls(SEND)
    for request in sends:
        wanted = signature_of(request, SECRET, "eu-central-1", "bedrock-agentcore")
        assert part_of(request, "Signature") == wanted
    name = "x-amzn-bedrock-agentcore-runtime-session-id"
    assert len(sends) == 2
    assert len({request.headers[name] for request in sends}) == 1


@pytest.mark.parametrize(
    ("auth", "words"),
    [
        (Aws("eu-central-1"), "there are none"),
        (Aws("eu-central-1", profile="nobody-s"), "nobody-s"),
    ],
)
async def test_without_credentials_nothing_is_sent(
    agent: ScriptedAgent, tmp_path: Path, auth: Aws, words: str
) -> None:
    async with staged(configured(it=table(agent, auth)), tmp_path) as stage:
        with pytest.raises(CredentialUnavailable) as caught:
            await stage.send()
    assert words in caught.value.message
    assert "profile" in caught.value.next_step
    assert agent.requests == []


async def test_without_the_library_it_is_said_what_to_install(
    agent: ScriptedAgent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws_signatures, "find_spec", lambda _: None)
    async with staged(configured(it=table(agent)), tmp_path) as stage:
        with pytest.raises(CredentialUnavailable, match="botocore is not installed") as caught:
            await stage.send()
    assert "aws" in caught.value.next_step
    assert agent.requests == []
