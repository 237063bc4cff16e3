"""Extensions of the protocol: said where the configuration names them, and never claimed else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import anyio
import pytest
from real_agents import Agent, Agents
from scripted import (
    CARD,
    GET,
    SEND,
    STREAM,
    ScriptedAgent,
    card,
    document,
    done,
    error,
    later,
    result,
    scripted,
    task,
)
from staging import ME, configured, hosted, staged

from a2a_mcp.a2a.errors import Delivery, ExtensionRequired
from a2a_mcp.bridge.describe_agents import describe_agent

pytestmark = pytest.mark.anyio

TIME: Final = "https://x.example/ext/timestamps/v1"
TRACE: Final = "urn:x:trace"
HEADERS: Final = {"1.0": "a2a-extensions", "0.3": "x-a2a-extensions"}


def requiring(agent: ScriptedAgent, *uris: str) -> None:
    """Let the agent have a card that requires extensions, and offers one more."""
    items: list[dict[str, Any]] = [{"uri": uri, "required": True} for uri in uris]
    can = {"streaming": False, "extensions": [*items, {"uri": "urn:x:nice-to-have"}]}
    agent.on(CARD, document(card(agent.url, capabilities=can)))
    agent.on(SEND, result({"task": done("42")}))


async def test_where_a_required_extension_is_not_configured_nothing_is_sent(tmp_path: Path) -> None:
    async with scripted() as agent:
        requiring(agent, TIME, TRACE)
        config = configured(it={"url": agent.url, "extensions": [TRACE]})
        async with staged(config, tmp_path) as stage:
            for _ in range(2):
                with pytest.raises(ExtensionRequired, match=TIME) as caught:
                    await stage.send()
                assert caught.value.delivery is Delivery.NEVER
                assert TRACE not in caught.value.message
            assert (await stage.tasks.list(ME))[0] == []
    assert agent.sends() == []


async def test_a_card_that_comes_late_is_heard_too_before_anything_is_sent(tmp_path: Path) -> None:
    async with scripted() as agent:
        requiring(agent, TIME)
        shown = anyio.Event()
        can = {"extensions": [{"uri": TIME, "required": True}]}
        agent.on(CARD, later(shown, document(card(agent.url, capabilities=can))))
        async with staged(configured(it=agent.url), tmp_path) as stage:
            view = await stage.send(wait_seconds=0.5)
            shown.set()
            with pytest.raises(ExtensionRequired):
                await stage.follow(task_id=view.task_id)
    assert agent.sends() == []


async def test_the_model_and_the_user_are_told_what_is_missing_and_where(tmp_path: Path) -> None:
    async with scripted() as agent:
        requiring(agent, TIME)
        async with hosted(configured(it=agent.url), tmp_path) as client:
            came = await client.call_tool("send_task", {"message": "hello"})
            info = await client.call_tool("agent_info", {"agent": "it"})
    assert came.is_error
    for words in (str(came.structured_content), str(came.content)):
        assert TIME in words
        assert "cannot be called" in words
        assert "not delivered" in words
        assert "`extensions`" in words
    for words in (str(info.structured_content), str(info.content)):
        assert f"extension {TIME} (required)" in words
        assert "extension urn:x:nice-to-have" in words
        assert "requires extensions that are not configured" in words


async def test_what_is_configured_is_said_and_no_more(tmp_path: Path) -> None:
    async with scripted() as agent:
        requiring(agent, TIME)
        agent.on(GET, result(task("working")))
        async with staged(
            configured(it={"url": agent.url, "extensions": [TIME]}), tmp_path
        ) as stage:
            await stage.send()
            await stage.bridge.get(ME, "t1", None)
            told = describe_agent(stage.registry, "it").prose()
    (sent,) = agent.sends()
    assert sent.message["extensions"] == [TIME]
    for request in (sent, *agent.calls(GET)):
        assert request.headers["a2a-extensions"] == TIME
    assert "not configured" not in told


async def test_nothing_is_claimed_where_nothing_is_configured(tmp_path: Path) -> None:
    async with scripted() as agent:
        requiring(agent)
        async with staged(configured(it=agent.url), tmp_path) as stage:
            await stage.send()
    (sent,) = agent.sends()
    assert "extensions" not in sent.message
    assert "a2a-extensions" not in sent.headers


async def test_a_refusal_for_want_of_an_extension_is_an_answer(tmp_path: Path) -> None:
    async with scripted() as agent:
        requiring(agent)
        agent.on(SEND, error(-32008, f"Extension {TIME} is required"))
        agent.on(STREAM, error(-32008, f"Extension {TIME} is required"))
        async with hosted(configured(it=agent.url), tmp_path) as client:
            came = await client.call_tool("send_task", {"message": "hello"})
    assert came.is_error
    assert TIME in str(came.content)
    assert "unknown" not in str(came.content)
    assert "`extensions`" in str(came.content)
    assert len(agent.sends()) == 1


# --- on real servers ---


async def told(agent: Agent, folder: Path, **config: Any) -> tuple[dict[str, Any], str]:
    """Follow up a finished task; give what reached the agent's own code, and that task's id."""
    table = {"url": agent.url, **config}
    async with staged(configured(it=table), folder) as stage:
        first = await stage.send("task one")
        view = await stage.send("meta", task_id=first.task_id)
    assert "new task in the same conversation" in (view.note or "")
    received: dict[str, Any] = json.loads(view.text)
    assert first.task_id
    return received, first.task_id


@pytest.mark.parametrize("kind", ["1.3-jsonrpc", "1.3-rest", "0.3-jsonrpc"])
async def test_the_task_that_a_message_refers_to_reaches_the_agent(
    kind: str, running_agent: Agents, tmp_path: Path
) -> None:
    received, first = await told(running_agent(kind), tmp_path)
    assert received["reference_task_ids"] == [first]
    assert received["extensions"] == []


@pytest.mark.parametrize(
    "kind", ["1.3-jsonrpc", "1.3-rest", "1.3-compat-jsonrpc", "0.3-jsonrpc", "0.3-rest"]
)
async def test_extensions_reach_the_agent_in_the_header_of_its_version_and_in_the_message(
    kind: str, running_agent: Agents, tmp_path: Path
) -> None:
    agent = running_agent(kind)
    before = len(agent.requests())
    received, _ = await told(agent, tmp_path, extensions=[TIME, TRACE])
    assert received["extensions"] == [TIME, TRACE]
    header = HEADERS["0.3" if kind.startswith("0.3") else "1.0"]
    calls = [item for item in agent.requests()[before:] if "well-known" not in item["path"]]
    assert {call["headers"].get(header) for call in calls} == {f"{TIME},{TRACE}"}


async def test_0_3_has_its_own_header_where_a_1_3_server_speaks_it(
    own_agent: Callable[..., Agent], tmp_path: Path
) -> None:
    agent = own_agent("1.3-compat-jsonrpc")
    received, _ = await told(agent, tmp_path, extensions=[TIME], version="0.3")
    assert received["extensions"] == [TIME]
    assert agent.requests()[-1]["headers"]["x-a2a-extensions"] == TIME


@pytest.mark.parametrize("binding", ["JSONRPC", "HTTP+JSON"])
async def test_a_tenant_reaches_a_real_agent_over_either_binding(
    binding: str, running_agent: Agents, tmp_path: Path
) -> None:
    agent = running_agent("1.3-jsonrpc" if binding == "JSONRPC" else "1.3-rest")
    before = len(agent.requests())
    received, _ = await told(agent, tmp_path, tenant="acme")
    assert received["tenant"] == "acme"
    if binding == "HTTP+JSON":
        paths = [item["path"] for item in agent.requests()[before:]]
        assert all(path.startswith("/acme/") for path in paths if "well-known" not in path)
