"""Agents that a catalogue lists: used by name, with its settings, only where that is allowed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import mcp.types as t
import pytest
from mcp import Client
from pydantic import SecretStr
from scripted import (
    CARD,
    SEND,
    ScriptedAgent,
    card,
    document,
    done,
    http,
    interface,
    result,
    scripted,
    silence,
)
from staging import ME, configured, hosted

from a2a_mcp.a2a.auth.static import Bearer
from a2a_mcp.agents import catalogues
from a2a_mcp.agents.registry import Registry
from a2a_mcp.config.load import Config, load
from a2a_mcp.config.schema import AgentConfig
from a2a_mcp.errors import AgentDisabled, UnknownAgent

pytestmark = pytest.mark.anyio

LIST = "GET /v1/agents"
WEATHER = "GET /a2a/1/.well-known/agent-card.json"
TOKEN = "a-token-of-the-gateway"


@pytest.fixture
async def gateway() -> AsyncIterator[ScriptedAgent]:
    """Serve LiteLLM's list of one agent, and that agent."""
    async with scripted() as known:
        rows = [{"agent_id": "1", "agent_name": "weather", "agent_card_params": {}}]
        known.on(LIST, document(rows))
        known.on(WEATHER, document(card(known.url + "/a2a/1")))
        known.on(SEND, result({"task": done("sunny")}))
        yield known


def listing(url: str, **more: Any) -> Config:
    table = AgentConfig(name="corp", catalog=url, **more)
    return Config(catalogs={"corp": table})


def words(answer: t.CallToolResult) -> str:
    return "".join(block.text for block in answer.content if isinstance(block, t.TextContent))


async def names(client: Client) -> list[str]:
    listed = await client.call_tool("agent_info", {})
    assert listed.structured_content
    return [row["name"] for row in listed.structured_content["agents"]]


async def found(registry: Registry) -> list[str]:
    await registry.discover()
    return registry.all_names()


async def test_an_agent_of_a_catalogue_is_listed_and_used_with_its_credentials(
    gateway: ScriptedAgent, tmp_path: Path
) -> None:
    config = listing(f"{gateway.url}/v1/agents", auth=Bearer(SecretStr(TOKEN)))
    async with hosted(config, tmp_path) as client:
        assert await names(client) == ["corp/weather"]
        sent = await client.call_tool("send_task", {"message": "hi", "agent": "corp/Weather"})
        assert "sunny" in words(sent)
        task_id = (sent.structured_content or {})["task_id"]
        read = await client.call_tool("get_task", {"task_id": task_id})
        assert "corp/weather" in words(read)
        page = await client.list_resources()
        assert "a2a://agents/corp%2Fweather" in {str(item.uri) for item in page.resources}
    assert len(gateway.calls(LIST)) == 1
    told = {request.headers["authorization"] for request in gateway.requests}
    assert told == {f"Bearer {TOKEN}"}


async def test_the_only_agent_of_a_catalogue_needs_no_name_and_the_catalogue_is_no_agent(
    gateway: ScriptedAgent,
) -> None:
    registry = Registry(listing(f"{gateway.url}/v1/agents"))
    await registry.discover()
    assert registry.resolve(None) == "corp/weather"
    with pytest.raises(UnknownAgent) as caught:
        registry.resolve("corp")
    assert "corp/weather" in caught.value.next_step


async def test_assistants_of_langgraph_are_asked_for_by_post(gateway: ScriptedAgent) -> None:
    rows = [
        {"assistant_id": "a1", "graph_id": "agent", "name": "agent"},
        {"assistant_id": "a2", "graph_id": "agent", "name": "agent"},
    ]
    gateway.on("POST /assistants/search", document(rows))
    registry = Registry(listing(f"{gateway.url}/assistants/search"))
    one, other = await found(registry)
    assert one.startswith("corp/agent-")
    assert other.startswith("corp/agent-")
    assert one != other
    gateway.on(CARD, document(card(gateway.url)))
    await registry.connection(one, ME).choice()
    assert gateway.calls(CARD)[0].path.endswith("?assistant_id=a1")
    await registry.aclose()


async def test_an_agent_elsewhere_is_used_only_if_its_origin_is_allowed(
    gateway: ScriptedAgent,
) -> None:
    rows = [
        {"name": "near", "url": f"{gateway.url}/near"},
        {"name": "far", "url": "https://far.example/rpc"},
        {"name": "inside", "url": "http://169.254.169.254/latest"},
        {"name": "odd", "url": "file:///etc/passwd"},
        {"name": "lost", "url": "http://[::1"},
    ]
    gateway.on(LIST, document({"agents": rows}))
    url = f"{gateway.url}/v1/agents"
    registry = Registry(listing(url, allowed_origins=["https://far.example"]))
    await registry.discover()
    assert registry.names() == ["corp/near", "corp/far"]
    assert set(registry.config.faults) == {"corp/inside", "corp/odd", "corp/lost"}
    assert "list it in allowed_origins of corp" in registry.config.faults["corp/inside"]
    closed = Registry(listing(url))
    await closed.discover()
    assert closed.names() == ["corp/near"]
    with pytest.raises(AgentDisabled):
        closed.resolve("corp/far")


async def test_a_catalogue_is_read_again_when_it_is_old_and_changes_what_is_there(
    gateway: ScriptedAgent,
) -> None:
    now = 1_000.0
    registry = Registry(listing(f"{gateway.url}/v1/agents"), clock=lambda: now)
    assert await found(registry) == ["corp/weather"]
    kept = registry.connection("corp/weather", ME)
    gateway.on(LIST, document([{"name": "other", "url": f"{gateway.url}/other"}]))
    now += 299
    assert await found(registry) == ["corp/weather"]
    now += 2
    assert await found(registry) == ["corp/other"]
    assert registry.known("corp/weather") is None
    await kept.aclose()


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (http(500, b"{}"), "HTTP 500"),
        (http(200, b"<html>", "text/html"), "no list of agents"),
        (document({"some": "object"}), "no list of agents"),
        (http(404, b"{}"), "there is no catalogue at"),
        (http(302, b"", location="https://elsewhere.example"), "HTTP 302"),
        (http(200, b"[" + b"1," * 2_500_000 + b"1]"), "larger than 4194304 bytes"),
    ],
)
async def test_a_catalogue_that_cannot_be_read_says_so_and_its_agents_of_before_stay(
    gateway: ScriptedAgent, reply: Any, reason: str
) -> None:
    now = 1_000.0
    registry = Registry(listing(f"{gateway.url}/v1/agents"), clock=lambda: now)
    good = document([{"name": "it", "url": gateway.url}])
    gateway.on(LIST, reply, good, reply)
    assert await found(registry) == ["corp"]
    assert reason in registry.config.faults["corp"]
    now += 59
    assert await found(registry) == ["corp"]
    assert len(gateway.calls(LIST)) == 1, "it is not asked again at once"
    now += 2
    assert await found(registry) == ["corp/it"]
    now += 301
    assert await found(registry) == ["corp/it"]
    assert len(gateway.calls(LIST)) == 3


async def test_a_catalogue_that_says_nothing_holds_calls_up_for_a_bounded_time(
    gateway: ScriptedAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogues, "LONGEST_SECONDS", 0.2)
    gateway.on(LIST, silence)
    registry = Registry(listing(f"{gateway.url}/v1/agents"))
    assert await found(registry) == ["corp"]
    assert "no answer within 0.2 s" in registry.config.faults["corp"]


async def test_calls_at_one_time_read_a_catalogue_once(gateway: ScriptedAgent) -> None:
    registry = Registry(listing(f"{gateway.url}/v1/agents"))
    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(registry.discover)
    assert len(gateway.calls(LIST)) == 1


async def test_without_a_catalogue_nothing_is_read(gateway: ScriptedAgent) -> None:
    registry = Registry(configured(it=gateway.url))
    await registry.discover()
    assert gateway.requests == []


async def test_an_interface_of_a_listed_agent_must_not_lead_elsewhere(
    gateway: ScriptedAgent, tmp_path: Path
) -> None:
    far = card(gateway.url) | {"supportedInterfaces": [interface("https://far.example")]}
    gateway.on(WEATHER, document(far))
    config = listing(f"{gateway.url}/v1/agents", auth=Bearer(SecretStr(TOKEN)))
    async with hosted(config, tmp_path) as client:
        sent = await client.call_tool("send_task", {"message": "hi", "agent": "corp/weather"})
        assert sent.is_error
        assert "allowed_origins" in words(sent)
    assert gateway.sends() == []


def test_a_table_with_a_catalogue_has_no_other_address(tmp_path: Path) -> None:
    path = tmp_path / "agents.toml"
    path.write_text(
        '[agents.good]\ncatalog = "https://x.example/v1/agents"\n'
        '[agents.off]\ncatalog = "https://x.example"\nenabled = false\n'
        '[agents.both]\ncatalog = "https://x.example"\nurl = "https://y.example"\n'
        '[agents.plain]\ncatalog = "http://x.example"\nauth = { type = "bearer", token = "t" }\n'
    )
    config = load(path=path, environ={})
    assert list(config.catalogs) == ["good"]
    assert list(config.agents) == []
    assert "has no url" in config.faults["both"]
    assert "plain http" in config.faults["plain"]
