"""Two people whom two providers call by one name: by no way does one come to what is the other's.

What one asks for of the other's is answered, byte for byte, as what does not exist. That each way
leads somewhere is seen by the person herself, signed in again under another client id.
"""

import json
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import anyio
import httpx2
import pytest
from e2e.bridges import Home, free_port
from e2e.polling import PollingHost, polling_client
from identity_provider import identity_provider
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp.types import ResourceTemplateReference
from scripted import (
    CANCEL,
    CARD,
    GET,
    LIST,
    SEND,
    ScriptedAgent,
    artifact,
    card,
    document,
    result,
    scripted,
    task,
)

pytestmark = pytest.mark.anyio

TASK_ID: Final = "task-of-alice"
UNKNOWN: Final = "task-of-none"
SECRET: Final = "the plan"
TASK: Final = ResourceTemplateReference(type="ref/resource", uri="a2a://tasks/{agent}/{task_id}")
SOON: Final = 20


@dataclass
class Scene:
    """A bridge, and three sign-ins: hers, hers by another client, and that of her namesake."""

    agent: ScriptedAgent
    handle: str
    again: Client
    other: Client
    url: str


@asynccontextmanager
async def signed_in(url: str, token: str) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=SOON) as http,
        polling_client(streamable_http_client(url, http_client=http)) as client,
    ):
        yield client


def working(agent: ScriptedAgent) -> None:
    """Let the agent have one task that goes on, with all that could be seen of one."""
    file = {"raw": b64encode(SECRET.encode()).decode(), "filename": "plan.txt"}
    parts = artifact(SECRET)["parts"] + [file]
    kept = {"artifactId": "answer", "parts": parts}
    seen = task("working", SECRET, task_id=TASK_ID, artifacts=[kept])
    hook = {"taskId": TASK_ID, "id": "h1", "url": "https://hooks.example/plan"}
    agent.on(CARD, document(card(agent.url, capabilities={"pushNotifications": True})))
    agent.on(SEND, result({"task": seen}))
    agent.on(GET, result(seen))
    agent.on(CANCEL, result(task("canceled", SECRET, task_id=TASK_ID)))
    agent.on(LIST, result({"tasks": [seen], "nextPageToken": "", "totalSize": 1, "pageSize": 50}))
    agent.on("ListTaskPushNotificationConfigs", result({"configs": [hook]}))


@pytest.fixture(scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        corp = stack.enter_context(identity_provider())
        partner = stack.enter_context(identity_provider())
        agent = await stack.enter_async_context(scripted())
        working(agent)
        port = free_port()
        home = Home(tmp_path_factory.mktemp("two")).configure(
            {"it": agent.url},
            public_url=f"http://127.0.0.1:{port}",
            issuers={"corp": {"url": corp.url}, "partner": {"url": partner.url}},
            toolsets=["push", "registry"],
            registrable=[agent.url],
            push_targets=["https://hooks.example/*"],
        )
        served = await stack.enter_async_context(home.serving(port=port))
        async with signed_in(served.url, corp.token(served.url, client_id="first")) as alice:
            handle = await PollingHost(alice.session).start(SECRET, agent="it")
            await alice.call_tool("register_agent", {"url": agent.url, "name": "hers"})
        again = signed_in(served.url, corp.token(served.url, client_id="second"))
        other = signed_in(served.url, partner.token(served.url, client_id="first"))
        yield Scene(
            agent,
            handle,
            await stack.enter_async_context(again),
            await stack.enter_async_context(other),
            served.url,
        )


async def tool(client: Client, name: str, /, **arguments: Any) -> str:
    answer = await client.call_tool(name, arguments)
    return json.dumps([answer.is_error, answer.structured_content, str(answer.content)])


async def read(client: Client, uri: str) -> str:
    try:
        return str((await client.read_resource(uri)).contents)
    except MCPError as error:
        return str(error)


async def polled(client: Client, method: str, handle: str) -> str:
    try:
        return str(await getattr(PollingHost(client.session), method)(handle))
    except MCPError as error:
        return str(error)


async def completed(client: Client, value: str, name: str = "task_id") -> str:
    argument = {"name": name, "value": value[:8]}
    return str((await client.complete(TASK, argument, {"agent": "it"})).completion)


Way = Callable[[Client, str], Awaitable[str]]
LOOKING: Final[dict[str, Way]] = {
    "a task": lambda c, it: tool(c, "get_task", task_id=it),
    "a task of an agent": lambda c, it: tool(c, "get_task", agent="it", task_id=it),
    "an artifact": lambda c, it: tool(c, "get_artifact", task_id=it, artifact_id="answer"),
    "following": lambda c, it: tool(c, "subscribe", task_id=it, wait_seconds=0.2),
    "the list": lambda c, _: tool(c, "list_tasks"),
    "the list at an agent": lambda c, _: tool(c, "list_tasks", agent="it"),
    "the list of a conversation": lambda c, _: tool(c, "list_tasks", context_id="c1"),
    "webhooks": lambda c, it: tool(c, "list_push_configs", task_id=it),
    "agents": lambda c, _: tool(c, "agent_info"),
    "an agent": lambda c, _: tool(c, "agent_info", agent="hers"),
    "resources": lambda c, _: _listed(c),
    "all tasks as a resource": lambda c, _: read(c, "a2a://tasks"),
    "all agents as a resource": lambda c, _: read(c, "a2a://agents"),
    "an agent as a resource": lambda c, _: read(c, "a2a://agents/hers"),
    "a task as a resource": lambda c, it: read(c, f"a2a://tasks/it/{it}"),
    "an artifact as a resource": lambda c, it: read(c, f"a2a://tasks/it/{it}/artifacts/answer"),
    "completion": completed,
    "completion of agents": lambda c, _: completed(c, "", "agent"),
    "an MCP task": lambda c, it: polled(c, "get", it),
}
OF_HERS: Final = (SECRET, TASK_ID, "hers", "hooks.example")


async def _listed(client: Client) -> str:
    return str((await client.list_resources()).resources)


@pytest.mark.parametrize("way", LOOKING)
async def test_what_is_of_a_namesake_looks_like_what_does_not_exist(way: str, scene: Scene) -> None:
    it = scene.handle if way == "an MCP task" else TASK_ID
    seen = await LOOKING[way](scene.other, it)
    absent = await LOOKING[way](scene.other, UNKNOWN)
    assert seen.replace(it, "IT") == absent.replace(UNKNOWN, "IT")
    asked = {it, "hers"} if way.startswith("an agent") else {it}
    assert [word for word in {*OF_HERS, scene.handle} - asked if word in seen] == []
    found = await LOOKING[way](scene.again, it)
    assert any(word in found for word in OF_HERS), "she sees her own under a new client id"
    assert found.replace(it, "IT") != absent.replace(UNKNOWN, "IT")


CHANGING: Final[dict[str, Way]] = {
    "an answer": lambda c, it: tool(c, "send_task", agent="it", task_id=it, message="x"),
    "cancelling": lambda c, it: tool(c, "cancel_task", task_id=it),
    "following with words": lambda c, it: tool(c, "subscribe", task_id=it, message="x"),
    "a webhook": lambda c, it: tool(
        c, "create_push_config", task_id=it, webhook_url="https://hooks.example/x"
    ),
    "no webhook": lambda c, it: tool(c, "delete_push_config", task_id=it, config_id="h1"),
    "an MCP task's answer": lambda c, it: polled(c, "update", it),
    "an MCP task's end": lambda c, it: polled(c, "cancel", it),
    "no agent": lambda c, it: tool(c, "unregister_agent", name=it),
}


CHANGES: Final = (
    SEND,
    CANCEL,
    "CreateTaskPushNotificationConfig",
    "DeleteTaskPushNotificationConfig",
)


@pytest.mark.parametrize("way", CHANGING)
async def test_nothing_of_a_namesake_is_changed(way: str, scene: Scene) -> None:
    it = {"no agent": "hers"}.get(way, scene.handle if "MCP" in way else TASK_ID)
    refused = await CHANGING[way](scene.other, it)
    absent = await CHANGING[way](scene.other, UNKNOWN)
    assert refused.replace(it, "IT") == absent.replace(UNKNOWN, "IT")
    assert SECRET not in refused
    assert [name for name in CHANGES if len(scene.agent.calls(name)) > (name == SEND)] == []
    assert "hers" in await tool(scene.again, "agent_info")


async def test_a_namesake_hears_nothing(scene: Scene) -> None:
    uri = f"a2a://tasks/it/{TASK_ID}"
    news: dict[str, list[str]] = {"other": [], "again": []}
    listening = {name: anyio.Event() for name in news}
    told = anyio.Event()

    async def listen(name: str, client: Client) -> None:
        async with client.listen(resource_subscriptions=[uri]) as listener:
            listening[name].set()
            async for _ in listener:
                news[name].append(await read(client, uri))
                told.set()

    with anyio.fail_after(SOON):
        async with anyio.create_task_group() as group:
            group.start_soon(listen, "other", scene.other)
            group.start_soon(listen, "again", scene.again)
            for each in listening.values():
                await each.wait()
            scene.agent.on(GET, result(task("completed", SECRET, task_id=TASK_ID)))
            await tool(scene.again, "get_task", task_id=TASK_ID)
            await told.wait()
            await tool(scene.other, "list_tasks")  # news of hers would have come by now
            group.cancel_scope.cancel()
    assert news["other"] == []
    assert SECRET in news["again"][0]
