"""Callers with tokens of an identity provider, at a real bridge: who enters, and who is who."""

import base64
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any, Final

import httpx
import jwt
import pytest
from e2e.bridges import Home, free_port
from e2e.hosts import http_host
from identity_provider import IdentityProvider, identity_provider, new_key
from scripted import CARD, SEND, ScriptedAgent, card, document, done, result, scripted

pytestmark = pytest.mark.anyio

HEADERS: Final = {"Accept": "application/json, text/event-stream"}
DOWN: Final = "http://127.0.0.1:9"
PING: Final = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


@dataclass
class Scene:
    """A bridge that takes tokens of two identity providers, and one static token."""

    url: str
    corp: IdentityProvider
    partner: IdentityProvider
    agent: ScriptedAgent

    @property
    def resource(self) -> str:
        return self.url

    async def enter(self, token: str | None) -> httpx.Response:
        shown = {"Authorization": f"Bearer {token}".encode("latin-1")} if token is not None else {}
        async with httpx.AsyncClient() as client:
            return await client.post(self.url, json=PING, headers={**HEADERS, **shown})


@pytest.fixture(scope="module")
def providers() -> Iterator[tuple[IdentityProvider, IdentityProvider]]:
    with identity_provider() as corp, identity_provider() as partner:
        yield corp, partner


@pytest.fixture(scope="module")
async def scene(
    providers: tuple[IdentityProvider, IdentityProvider], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Scene]:
    corp, partner = providers
    port = free_port()
    async with scripted() as agent:
        agent.on(CARD, document(card(agent.url)))
        agent.on(SEND, result({"task": done("secret plans")}))
        home = Home(tmp_path_factory.mktemp("sign-in"))
        home.configure(
            {"it": agent.url},
            public_url=f"http://127.0.0.1:{port}",
            tokens={"robot": "robot-secret"},
            issuers={
                "corp": {"url": corp.url},
                "down": {"url": DOWN},
                "partner": {"url": partner.url, "owner_claim": "who.id", "audiences": ["ours"]},
            },
        )
        async with home.serving(port=port) as served:
            yield Scene(served.url, corp, partner, agent)


def unsigned(scene: Scene) -> str:
    claims = jwt.decode(scene.corp.token(scene.resource), options={"verify_signature": False})
    return jwt.encode(claims, None, algorithm="none")


def confused(scene: Scene) -> str:
    """Return a token that is signed with the public key as a shared secret."""
    public = json.dumps(scene.corp.documents()["/jwks"]["keys"][0]).encode()
    head, body, _ = scene.corp.token(scene.resource).split(".")
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"k1"}').rstrip(b"=").decode()
    signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(
        f"{head}.{body}".encode(), public
    )
    return f"{head}.{body}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def foreign(scene: Scene) -> str:
    """Return a token of our issuer that another key has signed."""
    other = IdentityProvider(scene.corp.url, {"k1": new_key()})
    return other.token(scene.resource)


REFUSED: Final[dict[str, Any]] = {
    "garbage": lambda scene: "garbage",
    "not even text": lambda scene: "\xff\xfe",
    "three dots": lambda scene: "a.b.c",
    "no algorithm": unsigned,
    "the public key as a secret": confused,
    "a foreign key": foreign,
    "expired": lambda scene: scene.corp.token(scene.resource, exp=1_000_000_000),
    "not yet valid": lambda scene: scene.corp.token(scene.resource, nbf=9_000_000_000),
    "without an end": lambda scene: scene.corp.token(scene.resource, exp=None),
    "for another resource": lambda scene: scene.corp.token("https://other.example/mcp"),
    "for nobody": lambda scene: scene.corp.token(scene.resource, aud=None),
    "another issuer": lambda scene: scene.corp.token(scene.resource, iss="https://evil.example"),
    "one issuer's key for the other": lambda scene: scene.corp.token("ours", iss=scene.partner.url),
    "no subject": lambda scene: scene.corp.token(scene.resource, sub=None),
    "an empty subject": lambda scene: scene.corp.token(scene.resource, sub=""),
    "a long subject": lambda scene: scene.corp.token(scene.resource, sub="a" * 201),
    "a subject with a line end": lambda scene: scene.corp.token(scene.resource, sub="a\nb"),
    "an id token": lambda scene: scene.corp.token(scene.resource, head={"typ": "id+jwt"}),
    "a logout token": lambda scene: scene.corp.token(scene.resource, head={"typ": "logout+jwt"}),
    "an unknown key": lambda scene: scene.corp.token(scene.resource, head={"kid": "nobody's"}),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_a_token_that_is_not_valid_here_gets_401_and_the_way_to_sign_in(
    name: str, scene: Scene
) -> None:
    answer = await scene.enter(REFUSED[name](scene))
    assert answer.status_code == 401
    challenge = answer.headers["www-authenticate"]
    assert 'error="invalid_token"' in challenge
    assert 'scope="a2a"' in challenge
    assert "/.well-known/oauth-protected-resource/mcp" in challenge


async def test_without_a_token_the_challenge_names_no_error(scene: Scene) -> None:
    answer = await scene.enter(None)
    assert answer.status_code == 401
    assert "error=" not in answer.headers["www-authenticate"]
    assert 'scope="a2a"' in answer.headers["www-authenticate"]


async def test_a_token_without_the_scope_gets_403_with_all_that_is_needed(scene: Scene) -> None:
    answer = await scene.enter(scene.corp.token(scene.resource, scope="openid"))
    assert answer.status_code == 403
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
    assert 'scope="a2a"' in answer.headers["www-authenticate"]


async def test_while_a_provider_cannot_be_asked_its_tokens_are_not_called_invalid(
    scene: Scene,
) -> None:
    answer = await scene.enter(scene.corp.token(scene.resource, iss=DOWN))
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "10"
    assert "www-authenticate" not in answer.headers


@pytest.mark.parametrize("path", ["", "/mcp"])
async def test_the_metadata_says_who_signs_people_in(path: str, scene: Scene) -> None:
    origin = scene.url.removesuffix("/mcp")
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{origin}/.well-known/oauth-protected-resource{path}")
    assert answer.status_code == 200
    told = answer.json()
    assert told["resource"] == scene.url
    assert told["authorization_servers"] == [scene.corp.url, DOWN, scene.partner.url]
    assert told["scopes_supported"] == ["a2a"]


@pytest.mark.parametrize("claims", [{}, {"aud": ["x", "AUD"]}, {"scope": None, "scp": ["a2a"]}])
async def test_a_valid_token_enters(claims: dict[str, Any], scene: Scene) -> None:
    aud = [scene.resource if each == "AUD" else each for each in claims.pop("aud", [])]
    token = scene.corp.token(scene.resource, **claims, **({"aud": aud} if aud else {}))
    assert (await scene.enter(token)).status_code not in (401, 403)


async def test_people_with_equal_names_at_two_providers_never_see_each_others_tasks(
    scene: Scene,
) -> None:
    ours = scene.corp.token(scene.resource, client_id="first")
    theirs = scene.partner.token("ours", who={"id": "alice"})
    again = scene.corp.token(scene.resource, client_id="another", azp="another")
    async with http_host(scene.url, "auto", ours) as alice:
        sent = await alice.send("plan it")
    async with http_host(scene.url, "legacy", theirs) as other:
        assert (await other.call("list_tasks"))["tasks"] == []
        assert (await other.call("get_task", task_id=sent["task_id"])).failed
    async with http_host(scene.url, "auto", "robot-secret") as robot:
        assert (await robot.call("list_tasks"))["tasks"] == []
    async with http_host(scene.url, "legacy", again) as alice:
        listed = await alice.call("list_tasks")
    assert [row["task_id"] for row in listed["tasks"]] == [sent["task_id"]]
    shown = str([request.headers for request in scene.agent.requests])
    assert ours not in shown
    assert "eyJ" not in shown
