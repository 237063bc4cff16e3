"""Callers with tokens of an identity provider, at a real bridge: where they sign in, who is who."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Final

import httpx
import pytest
from e2e.bridges import Home, free_port
from e2e.hosts import http_host
from identity_provider import IdentityProvider, identity_provider
from scripted import CARD, SEND, ScriptedAgent, card, document, done, result, scripted

pytestmark = pytest.mark.anyio

DOWN: Final = "http://127.0.0.1:9"


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
