"""The view is offered to a host that renders views; any other sees what it sees without it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import mcp.types as t
import pytest
from mcp import Client, MCPError
from mcp.client.extension import advertise
from scripted import CANCEL, GET, SEND, ScriptedAgent, result, scripted, task
from staging import configured, hosted

from a2a_mcp.server.tools.definitions import TABLE

pytestmark = pytest.mark.anyio

ERAS: Final = ("legacy", "auto")
IDENTIFIER: Final = "io.modelcontextprotocol/ui"
RENDERS: Final = {"mimeTypes": ["text/html;profile=mcp-app"]}
URI: Final = "ui://a2a-mcp/tasks"
NOT_FOUND: Final = -32602


def host(settings: dict[str, Any] | None) -> dict[str, Any]:
    """Return the options of a client that declares the extension with `settings`, or not at all."""
    return {"extensions": [advertise(IDENTIFIER, settings)]} if settings is not None else {}


def linked(found: t.ListToolsResult) -> dict[str, Any]:
    return {tool.name: (tool.meta or {}).get("ui") for tool in found.tools}


@pytest.mark.parametrize("era", ERAS)
async def test_a_host_that_renders_views_is_told_of_one_and_what_it_may_call(
    tmp_path: Path, era: Any
) -> None:
    async with hosted(configured({"apps": True}), tmp_path, mode=era, **host(RENDERS)) as client:
        told = client.server_capabilities.extensions or {}
        # The protocol has no word for a server's extensions before 2026-07-28.
        assert (IDENTIFIER in told) is (era == "auto")
        found = await client.list_tools()
    for_model = {"visibility": ["model"]}
    called = dict.fromkeys(("get_task", "cancel_task"))
    rest = {function.__name__: for_model for function, *_ in TABLE}
    assert linked(found) == {**rest, **called, "list_tasks": {"resourceUri": URI}}


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("settings", [None, {}, {"mimeTypes": ["text/html"]}, {"mimeTypes": 5}])
async def test_any_other_host_gets_the_same_tools_as_without(
    tmp_path: Path, era: Any, settings: dict[str, Any] | None
) -> None:
    told = []
    for server in ({}, {"apps": True}):
        folder = tmp_path / str(len(told))
        async with hosted(configured(server), folder, mode=era, **host(settings)) as client:
            told.append((await client.list_tools()).model_dump_json(by_alias=True))
    assert told[0] == told[1]


@pytest.mark.parametrize("era", ERAS)
async def test_without_the_key_there_is_no_view(tmp_path: Path, era: Any) -> None:
    async with hosted(configured(), tmp_path, mode=era, **host(RENDERS)) as client:
        assert IDENTIFIER not in (client.server_capabilities.extensions or {})
        assert set(linked(await client.list_tools()).values()) == {None}
        with pytest.raises(MCPError) as caught:
            await client.read_resource(URI)
        assert caught.value.error.code == NOT_FOUND


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("read_only", [False, True])
async def test_the_page_can_be_read_and_is_in_no_list(
    tmp_path: Path, era: Any, read_only: bool
) -> None:
    config = configured({"apps": True, "read_only": read_only})
    async with hosted(config, tmp_path, mode=era, **host(RENDERS)) as client:
        (page,) = (await client.read_resource(URI)).contents
        listed = await client.list_resources()
        with pytest.raises(MCPError) as caught:
            await client.read_resource(URI + "/other")
    assert caught.value.error.code == NOT_FOUND
    assert isinstance(page, t.TextResourceContents)
    assert page.text.startswith("<!doctype html>")
    assert ("data-cancel" in page.text) is not read_only
    assert URI not in {resource.uri for resource in listed.resources}


async def test_a_list_with_the_view_is_for_no_shared_cache(tmp_path: Path) -> None:
    scopes = {}
    for name, settings in (("renders", RENDERS), ("text", None)):
        folder = tmp_path / name
        async with hosted(configured({"apps": True}), folder, **host(settings)) as client:
            scopes[name] = (await client.list_tools()).cache_scope
    assert scopes == {"renders": "private", "text": "public"}


@pytest.fixture
async def agent() -> AsyncIterator[ScriptedAgent]:
    async with scripted() as running:
        running.on(SEND, result({"task": task("working", "<b>begun</b>")}))
        running.on(GET, result(task("working", "<b>half</b> done")))
        running.on(CANCEL, result(task("canceled", "as you like")))
        yield running


async def structure(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    return (await client.call_tool(tool, arguments)).structured_content or {}


async def test_the_calls_of_the_page_find_what_it_shows(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    config = configured({"apps": True}, it=agent.url)
    async with hosted(config, tmp_path, **host(RENDERS)) as client:
        await structure(client, "send_task", message="count the rain", wait_seconds=0)
        (row,) = (await structure(client, "list_tasks"))["tasks"]
        assert row.items() >= {"agent": "it", "state": "working", "title": "count the rain"}.items()
        named = {"task_id": row["task_id"], "agent": row["agent"]}
        read = await structure(client, "get_task", **named)
        assert (read["state"], read["text"]) == ("working", "<b>half</b> done")
        agent.on(GET, result(task("canceled", "as you like")))
        assert (await structure(client, "cancel_task", **named))["state"] == "canceled"
