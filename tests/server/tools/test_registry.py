"""The toolset `registry`: which agents a caller may add, and what is left when one is removed."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import mcp.types as t
import pytest
from mcp import Client
from mcp.client.subscriptions import ResourcesListChanged
from scripted import (
    CARD,
    GET,
    SEND,
    Reply,
    ScriptedAgent,
    card,
    document,
    done,
    http,
    result,
    scripted,
)
from staging import configured, hosted, staged

from a2a_mcp.agents.registered import NameTaken, RegisteredAgents
from a2a_mcp.agents.registry import Registry
from a2a_mcp.config.load import Config
from a2a_mcp.config.schema import AgentConfig, ServerConfig
from a2a_mcp.errors import UnknownAgent
from a2a_mcp.store.registered import FOLDER, RegisteredFolder

pytestmark = pytest.mark.anyio


@pytest.fixture
async def agent() -> AsyncIterator[ScriptedAgent]:
    async with scripted() as known:
        yield known


def permitting(*patterns: str, **agents: Any) -> Config:
    return configured({"toolsets": ["registry"], "registrable": list(patterns)}, **agents)


async def call(client: Client, tool: str, **arguments: Any) -> t.CallToolResult:
    return await client.call_tool(tool, arguments)


async def names(client: Client) -> list[str]:
    listed = await call(client, "agent_info")
    assert listed.structured_content
    return [row["name"] for row in listed.structured_content["agents"]]


def words(answer: t.CallToolResult) -> str:
    return "".join(block.text for block in answer.content if isinstance(block, t.TextContent))


async def test_an_agent_is_added_used_and_there_after_a_restart(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    agent.on(SEND, result({"task": done("hello")}))
    config = permitting(agent.url)
    async with hosted(config, tmp_path) as client:
        added = await call(
            client, "register_agent", url=agent.url, name="new", description="All of it"
        )
        assert not added.is_error, words(added)
        assert "Registered as 'new'" in words(added)
        assert "Says what a test wrote." in words(added)
        sent = await call(client, "send_task", message="hi", agent="NEW")
        assert "hello" in words(sent)
    async with hosted(config, tmp_path) as client:
        assert await names(client) == ["new"]
        assert "All of it" in words(await call(client, "agent_info"))
        again = await call(client, "register_agent", url=agent.url)
        assert "was there already, as 'new'" in words(again)
        assert await names(client) == ["new"]
    async with hosted(configured({"toolsets": ["registry"]}), tmp_path) as client:
        told = words(await call(client, "agent_info"))
        assert "registrable no longer allows its URL" in told
    async with hosted(configured(), tmp_path) as client:
        assert await names(client) == [], "without the toolset nothing that was added is used"


async def test_without_a_name_it_is_made_of_the_url_and_never_one_that_is_taken(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    slug = agent.url.removeprefix("http://").replace(".", "-").replace(":", "-")
    config = permitting(agent.url, **{slug: "https://elsewhere.example"})
    async with hosted(config, tmp_path) as client:
        await call(client, "register_agent", url=agent.url)
        assert await names(client) == [slug, f"{slug}-2"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"url": "https://other.example/x"}, "This URL is not allowed, only "),
        ({"url": "{agent}/../x"}, "This URL is not allowed"),
        ({"url": "https://user:secret@{host}/"}, "must not hold a user name"),
        ({"url": "nonsense"}, "url cannot be used"),
        ({"url": "grpcs://x.corp.example"}, "This URL is not allowed"),
        ({"url": "https://localhost.corp.example"}, "leads into a private network"),
        ({"url": "{agent}", "name": "Taken"}, "The name 'Taken' is taken"),
        ({"url": "{agent}", "name": "a/b"}, "name cannot be used"),
        ({"url": "http://127.0.0.1:1"}, "card of this agent cannot be used"),
    ],
)
async def test_what_may_not_be_added_is_told_in_words_and_changes_nothing(
    agent: ScriptedAgent,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: dict[str, str],
    reason: str,
) -> None:
    async def inside(*_: Any, **__: Any) -> list[Any]:
        return [(2, 1, 6, "", ("10.0.0.1", 443))]

    monkeypatch.setattr(anyio, "getaddrinfo", inside)
    patterns = [agent.url, "https://*.corp.example", "http://127.0.0.1:1"]
    given = {name: value.replace("{agent}", agent.url) for name, value in arguments.items()}
    async with hosted(permitting(*patterns, taken="https://x.example"), tmp_path) as client:
        answer = await call(client, "register_agent", **given)
        assert answer.is_error
        assert reason in words(answer)
        assert "Nothing was changed" in words(answer)
        assert "secret" not in words(answer)
        assert await names(client) == ["taken"]
    assert not (tmp_path / FOLDER).exists()


@pytest.mark.parametrize(
    "reply",
    [
        document(card("https://elsewhere.example")),
        document({"no": "card"}),
        http(200, b"<html>", "text/html"),
        http(401, b"{}"),
    ],
)
async def test_a_card_that_cannot_be_used_is_refused(
    agent: ScriptedAgent, tmp_path: Path, reply: Reply
) -> None:
    agent.on(CARD, reply)
    async with hosted(permitting(agent.url), tmp_path) as client:
        answer = await call(client, "register_agent", url=agent.url)
        assert answer.is_error
        assert "cannot be used" in words(answer)
        assert await names(client) == []


async def test_a_state_folder_that_cannot_be_written_is_told(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    (tmp_path / FOLDER).write_text("a file where the folder should be")
    async with hosted(permitting(agent.url), tmp_path) as client:
        answer = await call(client, "register_agent", url=agent.url)
        assert answer.is_error
        assert "could not be stored" in words(answer)
        assert await names(client) == []


async def test_a_removed_agent_leaves_results_and_says_which_tasks_lose_their_way(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    finished = done("the result")
    agent.on(SEND, result({"task": finished}), result({"task": {**finished, "id": "t2"} | WORKING}))
    agent.on(GET, result({**finished, "id": "t2"} | WORKING))
    async with hosted(permitting(agent.url), tmp_path) as client:
        await call(client, "register_agent", url=agent.url, name="it")
        await call(client, "send_task", message="one", agent="it")
        await call(client, "send_task", message="two", agent="it", wait_seconds=0.1)
        gone = await call(client, "unregister_agent", name="it")
        assert not gone.is_error
        assert "1 unfinished task there can no longer be reached" in words(gone)
        assert "stay readable" in words(gone)
        assert await names(client) == []
        assert "the result" in words(await call(client, "get_task", task_id=finished["id"]))
        refused = await call(client, "send_task", message="three", agent="it")
        assert refused.is_error


WORKING: dict[str, Any] = {"status": {"state": "TASK_STATE_WORKING"}}


async def test_only_what_was_registered_can_be_removed(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    async with hosted(permitting(agent.url, fixed=agent.url), tmp_path) as client:
        refused = await call(client, "unregister_agent", name="fixed")
        assert "'fixed' is in the configuration" in words(refused)
        unknown = await call(client, "unregister_agent", name="nobody")
        assert unknown.is_error
        assert await names(client) == ["fixed"]


async def test_a_client_that_listens_hears_of_it(agent: ScriptedAgent, tmp_path: Path) -> None:
    async with (
        hosted(permitting(agent.url), tmp_path) as client,
        client.listen(resources_list_changed=True) as listed,
    ):
        await call(client, "register_agent", url=agent.url)
        assert await anext(aiter(listed)) == ResourcesListChanged()
        await call(client, "unregister_agent", name=(await names(client))[0])
        assert await anext(aiter(listed)) == ResourcesListChanged()


async def test_the_tools_are_offered_only_with_the_toolset(tmp_path: Path) -> None:
    async with hosted(configured(), tmp_path) as client:
        without = [tool.name for tool in (await client.list_tools()).tools]
    async with hosted(permitting(), tmp_path) as client:
        listed = [tool.name for tool in (await client.list_tools()).tools]
        assert listed == [*without, "register_agent", "unregister_agent"]
        refused = await call(client, "register_agent", url="https://x.example")
        assert "registrable is empty" in words(refused)


# --- owners, and processes that share a state folder ---


def kept_in(folder: Path) -> RegisteredAgents:
    return RegisteredAgents(RegisteredFolder(folder))


def registry_of(folder: Path, caller: str) -> Registry:
    server = ServerConfig(toolsets=("registry",), registrable=("https://*.example",))
    config = Config(server=server)
    return Registry(config, registered=kept_in(folder), caller=lambda: caller)


async def test_an_agent_is_there_for_its_owner_alone(tmp_path: Path) -> None:
    alice, bob = registry_of(tmp_path, "alice"), registry_of(tmp_path, "bob")
    assert alice.registered
    await alice.registered.add("alice", AgentConfig(name="hers", url="https://x.example"))
    assert alice.resolve("hers") == "hers"
    assert alice.names() == alice.all_names() == ["hers"]
    bob.refresh()
    assert bob.names() == bob.all_names() == []
    with pytest.raises(UnknownAgent) as caught:
        bob.resolve("hers")
    assert "Did you mean" not in caught.value.message
    assert bob.is_taken("HERS")


async def test_a_task_is_taken_over_for_its_owner_where_nobody_calls(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    agent.on(SEND, result({"task": {**done("x"), "id": "t2"} | WORKING}))
    agent.on(GET, result({**done("at last"), "id": "t2"}))
    server = ServerConfig(toolsets=("registry",), registrable=(agent.url,))
    known = kept_in(tmp_path)
    await known.add("alice", AgentConfig(name="hers", url=agent.url))
    callers = ["alice"]
    registry = Registry(Config(server=server), registered=known, caller=lambda: callers[0])
    async with staged(registry.config, tmp_path, registry=registry) as stage:
        await stage.send("one", owner="alice", agent="hers", wait_seconds=0.1)
        callers[0] = "local"
        ended = await stage.follow(owner="alice", agent="hers", task_id="t2")
        assert ended.text == "at last"


async def test_two_processes_never_take_one_name_twice(tmp_path: Path) -> None:
    one, other = kept_in(tmp_path), kept_in(tmp_path)
    await one.add("a", AgentConfig(name="Name", url="https://x.example"))
    with pytest.raises(NameTaken):
        await other.add("b", AgentConfig(name="nAME", url="https://y.example"))
    assert len(os.listdir(tmp_path / FOLDER)) == 1
    other.changed(0)
    assert [agent.url for agent in other.of_owner("a")] == ["https://x.example"]


def test_files_that_hold_no_agent_are_passed_over_and_give_no_credentials(tmp_path: Path) -> None:
    folder = tmp_path / FOLDER
    folder.mkdir()
    good = {"owner": "a", "name": "good", "url": "https://x.example", "description": None}
    (folder / "agent-good.json").write_text(json.dumps(good | {"headers": {"X-Key": "k"}}))
    for name, text in {"cut": "{", "list": "[]", "url": json.dumps(good | {"url": "x"})}.items():
        (folder / f"agent-{name}.json").write_text(text)
    known = kept_in(tmp_path)
    known.changed(0)
    (agent,) = known.of_owner("a")
    assert not agent.has_credentials


async def test_where_links_are_not_to_be_had_a_name_is_still_taken_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: Any) -> None:
        raise PermissionError(1, "no links here")

    monkeypatch.setattr(os, "link", refuses)
    known = kept_in(tmp_path)
    await known.add("a", AgentConfig(name="one", url="https://x.example"))
    with pytest.raises(NameTaken):
        await known.add("a", AgentConfig(name="one", url="https://x.example"))
    known.changed(0)
    assert len(known.of_owner("a")) == 1


async def test_a_name_of_the_configuration_comes_first(tmp_path: Path) -> None:
    known = kept_in(tmp_path)
    await known.add("a", AgentConfig(name="it", url="https://x.example"))
    known.changed(0)
    config = configured(IT="https://configured.example")
    assert known.joined(config) is config
    assert known.owner_of("it") is None
    listed = Config(catalogs={"It": AgentConfig(name="It", catalog="https://list.example")})
    assert known.joined(listed) is listed
    assert Registry(listed).is_taken("iT")
