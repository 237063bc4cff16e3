"""Requests that are no calls of tools: none is a way around the limit, or past the audit."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import anyio
import pytest
from e2e.polling import Polling, PollingHost
from mcp import Client, MCPError
from mcp.types import ResourceTemplateReference
from scripted import CANCEL, GET, SEND, ScriptedAgent, result, scripted, task
from staging import configured, hosted, until

from a2a_mcp.config.limits import CallerLimits
from a2a_mcp.presentation import resource_uris
from a2a_mcp.server import lifespan

pytestmark = pytest.mark.anyio

T1: Final = resource_uris.of_task("it", "t1")
AGENT: Final = resource_uris.of_agent("it")
WORDS: Final = "words of a person"
TASKS: Final = ResourceTemplateReference(type="ref/resource", uri="a2a://tasks/{agent}/{task_id}")


@pytest.fixture
async def agent() -> AsyncIterator[ScriptedAgent]:
    async with scripted() as running:
        running.on(SEND, result({"task": task("working")}))
        running.on(GET, result(task("working")))
        running.on(CANCEL, result(task("canceled")))
        yield running


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


async def listened(client: Client) -> None:
    async with client.listen(resource_subscriptions=[T1]):
        pass


def about_task(method: str) -> Callable[[Client], Awaitable[Any]]:
    async def ask(client: Client) -> Any:
        return await getattr(PollingHost(client.session), method)("t1")

    return ask


Way = Callable[[Client], Awaitable[Any]]
COUNTED: Final[dict[str, Way]] = {
    "resources/read": lambda client: client.read_resource(AGENT),
    "subscriptions/listen": listened,
    "tasks/update": about_task("update"),
    "tasks/cancel": about_task("cancel"),
}
FREE: Final[dict[str, Way]] = {
    "resources/list": lambda client: client.list_resources(),
    "completion/complete": lambda c: c.complete(TASKS, {"name": "task_id", "value": ""}),
}


async def begun(agent: ScriptedAgent, folder: Path, address: str = T1) -> None:
    """Begin a task at a bridge that has no limit, and ends."""
    async with hosted(configured(it=agent.url), folder) as client:
        await begin(client, address)


async def begin(client: Client, address: str = T1) -> None:
    """Begin a task; it is known when this returns."""

    async def is_known() -> bool:
        listed = (await client.list_resources()).resources
        return address in {str(each.uri) for each in listed}

    await client.call_tool("send_task", {"message": WORDS, "wait_seconds": 0})
    await until(is_known)


async def told_by(way: Way, client: Client) -> str:
    try:
        await way(client)
    except MCPError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("way", [*COUNTED, *FREE])
async def test_what_may_ask_an_agent_counts_as_a_call_and_all_is_in_the_audit(
    way: str, agent: ScriptedAgent, tmp_path: Path
) -> None:
    await begun(agent, tmp_path / "state")
    limits = CallerLimits(calls_a_minute=6, burst_seconds=1.0)
    audit = tmp_path / "audit.jsonl"
    config = configured(it=agent.url, server={"limits": limits, "audit_file": audit})
    async with hosted(config, tmp_path / "state", extensions=[Polling()]) as client:
        told = [await told_by((COUNTED | FREE)[way], client) for _ in range(2)]
    assert told[0] == ""
    assert ("6 calls a minute" in told[1] and "Wait" in told[1]) == (way in COUNTED)
    found = lines(audit)
    assert [line["action"] for line in found] == [way] * 2
    assert [line["outcome"] for line in found] == ["ok", "error" if way in COUNTED else "ok"]
    assert {line["owner"] for line in found} == {"local"}
    if way != "subscriptions/listen" and way in COUNTED:
        assert (found[0].get("agent"), found[0].get("task_id")) in (("it", None), (None, "t1"))
    assert WORDS not in audit.read_text()


async def test_a_poll_counts_only_where_the_agent_is_asked(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    await begun(agent, tmp_path)
    limits = CallerLimits(calls_a_minute=6, burst_seconds=1.0)
    config = configured(it=agent.url, server={"limits": limits})
    async with hosted(config, tmp_path, extensions=[Polling()]) as client:
        host = PollingHost(client.session)
        for _ in range(5):
            assert (await host.get("t1"))["status"] == "working"
    async with hosted(config, tmp_path, extensions=[Polling()]) as client:
        host = PollingHost(client.session)
        await client.call_tool("list_tasks", {})
        with pytest.raises(MCPError, match="6 calls a minute"):
            await host.get("t1")


async def test_a_read_of_a_task_that_is_followed_counts_nothing(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    limits = CallerLimits(calls_a_minute=6, burst_seconds=1.0)
    config = configured(it=agent.url, server={"limits": limits})
    async with hosted(config, tmp_path) as client:
        await begin(client)
        for uri in (T1, T1, resource_uris.TASKS, resource_uris.AGENTS):
            assert (await client.read_resource(uri)).contents
    async with hosted(config, tmp_path) as client:
        await client.call_tool("list_tasks", {})
        with pytest.raises(MCPError, match="6 calls a minute"):
            await client.read_resource(T1)


async def test_the_tasks_of_a_stream_are_asked_for_no_faster_than_calls_may_come(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    for name in ("t1", "t2", "t3"):
        agent.on(SEND, result({"task": task("working") | {"id": name}}))
        await begun(agent, tmp_path, resource_uris.of_task("it", name))
    agent.on(GET, lambda request: result(task("working") | request_id(request))(request))
    limits = CallerLimits(calls_a_minute=1, burst_seconds=0.1)
    config = configured(it=agent.url, server={"limits": limits})
    addresses = [resource_uris.of_task("it", name) for name in ("t1", "t2", "t3")]
    asked = len(agent.calls(GET))
    async with hosted(config, tmp_path) as client, client.listen(resource_subscriptions=addresses):
        await until(lambda: has(agent, asked + 1))
        await anyio.wait_all_tasks_blocked()
        assert {request.params["id"] for request in agent.calls(GET)[asked:]} == {"t1"}


def request_id(request: Any) -> dict[str, Any]:
    return {"id": request.params["id"]}


async def has(agent: ScriptedAgent, count: int) -> bool:
    return len(agent.calls(GET)) >= count


async def test_a_call_that_its_host_gives_up_has_a_line_too(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    audit = tmp_path / "audit.jsonl"
    config = configured(it=agent.url, server={"audit_file": audit})
    async with hosted(config, tmp_path / "state") as client:
        async with anyio.create_task_group() as group:
            group.start_soon(client.call_tool, "send_task", {"message": WORDS, "agent": "it"})
            await agent.called(SEND)
            group.cancel_scope.cancel()
        await until(lambda: anyio.Path(audit).exists())
    (line,) = lines(audit)
    assert (line["action"], line["agent"], line["outcome"]) == ("send_task", "it", "given up")
    assert WORDS not in audit.read_text()


async def test_a_call_with_wrong_arguments_has_a_line_without_them(tmp_path: Path) -> None:
    audit = tmp_path / "audit.jsonl"
    config = configured(it="https://a.example", server={"audit_file": audit})
    async with hosted(config, tmp_path / "state") as client:
        await client.call_tool("send_task", {"mesage": WORDS})
        await client.call_tool("get_task", {"task_id": {"a": WORDS}})
    assert [(line["action"], line["outcome"]) for line in lines(audit)] == [
        ("send_task", "error"),
        ("get_task", "error"),
    ]
    assert WORDS not in audit.read_text()


def test_every_method_of_resources_is_counted_or_known_to_be_free() -> None:
    from a2a_mcp.server.other_requests import COUNTED, SILENT

    free = {"resources/list", "completion/complete", "resources/read"}
    assert set(lifespan.RESOURCE_METHODS) <= COUNTED | SILENT | free
