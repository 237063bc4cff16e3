"""The server before and after its calls: what it offers, what it does not do, how it ends."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from real_agents import Agents
from real_agents.gate import Gate
from scripted import (
    CARD,
    SEND,
    STREAM,
    card,
    document,
    done,
    moved,
    result,
    scripted,
    stream,
    task,
)
from staging import agents, configured, hosted

from a2a_mcp import __version__
from a2a_mcp.a2a.auth.static import Bearer
from a2a_mcp.config.command_secret import CommandSecret
from a2a_mcp.config.load import Config
from a2a_mcp.config.schema import ServerConfig
from a2a_mcp.server.lifespan import create_server
from a2a_mcp.server.tools.offer import offered_tools
from a2a_mcp.store.results import ResultStore

pytestmark = pytest.mark.anyio

NAMES = [
    "agent_info",
    "send_task",
    "get_task",
    "get_artifact",
    "cancel_task",
    "subscribe",
    "list_tasks",
]


def many(count: int, words: str | None = None) -> Config:
    tables = {
        f"agent-{n:03}": {"url": "https://a.example", "description": words} for n in range(count)
    }
    return Config(agents=agents(**tables))


# --- what is configured ---


async def test_so_many_tasks_are_followed_as_the_configuration_says(tmp_path: Path) -> None:
    async with scripted() as agent:
        agent.on(CARD, document(card(agent.url, streaming=True)))
        agent.on(STREAM, stream({"task": task("working")}, anyio.Event()))
        agent.on(SEND, result({"task": task("working", task_id="t2")}))
        async with hosted(configured({"max_followed": 1}, it=agent.url), tmp_path) as client:
            for kind in (STREAM, SEND):
                await client.call_tool("send_task", {"message": "x", "wait_seconds": 0})
                await agent.called(kind)
            assert len(agent.calls(STREAM)) == 1


@pytest.mark.parametrize(("most", "dropped"), [(0, True), (1_000_000, False)])
async def test_updates_take_as_many_bytes_as_the_configuration_says(
    most: int, dropped: bool, tmp_path: Path
) -> None:
    steps = [moved("working", f"step {n}") for n in range(9)]
    async with scripted() as agent:
        agent.on(CARD, document(card(agent.url, streaming=True)))
        agent.on(STREAM, stream({"task": task("working")}, *steps, moved("completed")))
        async with hosted(configured({"updates_bytes": most}, it=agent.url), tmp_path) as client:
            told = (await client.call_tool("subscribe", {"message": "x"})).structured_content
    assert told
    assert ("updates are not shown" in told.get("note", "")) is dropped


# --- what a host sees ---


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_host_sees_the_seven_tools_and_who_serves_them(mode: Any, tmp_path: Path) -> None:
    async with hosted(many(3), tmp_path, mode=mode) as client:
        listed = await client.list_tools()
        assert [tool.name for tool in listed.tools] == NAMES
        assert client.server_info.name == "a2a-mcp"
        assert client.server_info.version == __version__
        assert "agent-002" in (client.instructions or "")


async def test_every_tool_and_parameter_is_described_and_hinted(tmp_path: Path) -> None:
    async with hosted(many(1), tmp_path) as client:
        listed = await client.list_tools()
    for tool in listed.tools:
        assert tool.title
        assert tool.description
        assert tool.annotations
        hints = tool.annotations.model_dump(
            include={"read_only_hint", "destructive_hint", "idempotent_hint", "open_world_hint"}
        )
        assert None not in hints.values()
        for name, parameter in tool.input_schema.get("properties", {}).items():
            assert parameter.get("description"), f"{tool.name}.{name}"
        assert (tool.output_schema is None) == (tool.name == "get_artifact")


async def test_the_tools_stay_within_their_size(tmp_path: Path) -> None:
    async with hosted(many(500, "x" * 200), tmp_path) as client:
        tools = (await client.list_tools()).tools
    whole = [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools]
    inputs = [{k: v for k, v in tool.items() if k != "outputSchema"} for tool in whole]
    assert len(json.dumps(inputs, separators=(",", ":")).encode()) < 9_500
    assert len(json.dumps(whole, separators=(",", ":")).encode()) < 14_500


def test_input_schemas_hold_no_null_no_title_and_no_reference_that_leads_nowhere() -> None:
    for tool in offered_tools(ServerConfig()):
        text = json.dumps(tool.parameters)
        assert '"null"' not in text
        assert '"title"' not in text
        for reference in [part.split('"')[0] for part in text.split('"#/$defs/')[1:]]:
            assert reference in tool.parameters["$defs"]


async def test_no_word_of_an_agent_gets_into_the_definitions(tmp_path: Path) -> None:
    async with scripted() as agent:
        loud = card(
            agent.url, name="LOUD", description="LOUD", skills=[{"id": "LOUD", "name": "LOUD"}]
        )
        agent.on(CARD, document(loud))
        async with hosted(configured(it=agent.url), tmp_path) as client:
            before = (await client.list_tools()).model_dump_json()
            await client.call_tool("agent_info", {"agent": "it"})
            after = (await client.list_tools()).model_dump_json()
            assert "LOUD" not in after + (client.instructions or "")
    assert json.loads(before)["tools"] == json.loads(after)["tools"]


# --- before the first real request ---


async def test_until_an_agent_is_called_nothing_is_fetched_and_nothing_is_written(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "state"
    async with scripted() as agent:
        async with hosted(configured(it=agent.url), folder) as client:
            await client.list_tools()
            await client.call_tool("agent_info", {})
            await client.call_tool("send_task", {"message": 5})
        assert agent.connections == 0
    assert not folder.exists()


async def test_looking_for_a_task_writes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    async with hosted(many(2), folder) as client:
        await client.call_tool("list_tasks", {})
        await client.call_tool("get_task", {"task_id": "t1"})
    assert not folder.exists()


async def test_the_end_of_the_lifespan_is_reported_once_the_state_is_saved(tmp_path: Path) -> None:
    ended: list[bool] = []
    async with scripted() as agent:
        agent.on(SEND, result({"task": done("x")}))
        config = configured(it=agent.url)
        server = create_server(config, tmp_path, closed=lambda: ended.append(True))
        with anyio.fail_after(20):
            async with Client(server) as client:
                await client.call_tool("send_task", {"message": "hi"})
                assert ended == []
    assert ended == [True]
    async with hosted(config, tmp_path) as client:
        listed = await client.call_tool("list_tasks", {})
    assert "t1" in json.dumps(listed.structured_content)


async def test_a_call_that_waits_does_not_delay_another(
    running_agent: Agents, tmp_path: Path, gate: Gate
) -> None:
    config = configured(real=running_agent("1.3-jsonrpc").url)
    async with hosted(config, tmp_path) as client, anyio.create_task_group() as group:
        group.start_soon(client.call_tool, "send_task", {"message": f"slow {gate}"})
        with anyio.fail_after(20):
            for _ in range(3):
                await client.call_tool("send_task", {"message": "echo quick"})
        group.cancel_scope.cancel()


async def test_an_agent_whose_credential_command_fails_is_described_with_the_reason(
    tmp_path: Path,
) -> None:
    (tmp_path / "token.py").write_text("print('leaked-token'); raise SystemExit(3)")
    command = CommandSecret((sys.executable, "token.py"), folder=tmp_path)
    config = configured(it={"url": "http://127.0.0.1:9", "auth": Bearer(command)})
    async with hosted(config, tmp_path / "state") as client:
        told = await client.call_tool("agent_info", {"agent": "it"})
    assert told.structured_content
    (row,) = told.structured_content["agents"]
    assert row["state"] == "failing"
    assert "ended with exit code 3" in row["problems"][0]
    assert "leaked-token" not in str(told)


async def test_a_crash_while_results_are_kept_ends_no_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    crashed = anyio.Event()

    async def crash(_: ResultStore) -> None:
        crashed.set()
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(ResultStore, "run", crash)
    async with hosted(configured(it="https://a.example"), tmp_path) as client:
        first = await client.call_tool("list_tasks", {})
        await crashed.wait()
        await anyio.lowlevel.checkpoint()
        second = await client.call_tool("list_tasks", {})
    assert not first.is_error
    assert not second.is_error
    assert "crash failed" in caplog.text
