"""Subscriptions to resources: which changes are sent to whom, when, and how often."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import anyio
import anyio.lowlevel
import mcp.types as t
import pytest
from mcp import Client, MCPError
from mcp.client.subscriptions import ResourcesListChanged, ResourceUpdated, Subscription
from mcp.server.auth.middleware.auth_context import auth_context_var
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from scripted import (
    CARD,
    GET,
    SEND,
    STREAM,
    Cut,
    ScriptedAgent,
    card,
    document,
    done,
    moved,
    piece,
    result,
    scripted,
    stream,
    task,
)
from staging import configured, hosted

from a2a_mcp.config.reload import Reloader
from a2a_mcp.presentation import resource_uris
from a2a_mcp.server import change_feed
from a2a_mcp.server.lifespan import create_server
from a2a_mcp.server.resources import subscriptions

pytestmark = pytest.mark.anyio

T1: Final = resource_uris.of_task("it", "t1")
SOON: Final = 20.0


@pytest.fixture
async def agent() -> AsyncIterator[ScriptedAgent]:
    """An agent that streams, and works on until the test says otherwise."""
    async with scripted() as running:
        running.on(CARD, document(card(running.url, streaming=True)))
        running.on(GET, result(task("working")))
        yield running


class Steps:
    """A stream whose events the test lets go one by one."""

    def __init__(self, agent: ScriptedAgent, *events: dict[str, Any]) -> None:
        self.gates = [anyio.Event() for _ in events]
        steps: list[dict[str, Any] | bytes | anyio.Event | Cut] = [{"task": task("working")}]
        for gate, event in zip(self.gates, events, strict=True):
            steps += [gate, event]
        agent.on(STREAM, stream(*steps))


@contextmanager
def called_by(name: str) -> Iterator[None]:
    token = AccessToken(
        token="x", client_id="static", subject=name, scopes=[], claims={"owner": f"token:{name}"}
    )
    reset = auth_context_var.set(AuthenticatedUser(token))
    try:
        yield
    finally:
        auth_context_var.reset(reset)


async def begin(client: Client) -> None:
    """Begin the task; it is known when this returns."""
    await client.call_tool("send_task", {"message": "go", "wait_seconds": 0})
    with anyio.fail_after(SOON):
        while True:
            try:
                await client.read_resource(T1)
            except MCPError:
                await anyio.sleep(0.01)
            else:
                return


async def heard(listener: Subscription) -> Any:
    with anyio.fail_after(SOON):
        return await anext(aiter(listener))


async def text_of(client: Client, uri: str) -> str:
    (content,) = (await client.read_resource(uri)).contents
    assert isinstance(content, t.TextResourceContents)
    return content.text


async def test_each_change_is_sent_and_reading_the_task_does_not_ask_the_agent(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    steps = Steps(
        agent,
        piece("one "),
        moved("working", "halfway"),
        piece("two", append=True),
        moved("completed"),
    )
    agent.on(GET, result(done("one two")))
    async with hosted(configured(it=agent.url), tmp_path) as client:
        await begin(client)
        async with client.listen(resource_subscriptions=[T1]) as listener:
            assert listener.honored.resource_subscriptions == [T1]
            for gate, shown in zip(
                steps.gates, ("one", "halfway", "one two", "completed"), strict=True
            ):
                gate.set()
                assert await heard(listener) == ResourceUpdated(T1)
                assert shown in await text_of(client, T1)
                if shown != "completed":
                    assert agent.calls(GET) == []


async def test_a_burst_of_changes_is_gathered_and_the_last_one_is_sent(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    burst = [piece(f"{number} ", append=number > 0) for number in range(50)]
    steps = Steps(agent, burst[0], *burst[1:], moved("completed"))
    agent.on(GET, result(done("all of it")))
    times = 0
    async with hosted(configured(it=agent.url), tmp_path) as client:
        await begin(client)
        async with client.listen(resource_subscriptions=[T1]) as listener:
            for gate in steps.gates:
                gate.set()
            while "completed" not in await text_of(client, T1):
                await heard(listener)
                times += 1
    assert 1 <= times <= 5


async def test_subscribing_to_a_task_follows_it_again(agent: ScriptedAgent, tmp_path: Path) -> None:
    agent.on(CARD, document(card(agent.url)))
    agent.on(SEND, result({"task": task("working", "before")}))
    config = configured(it=agent.url)
    async with hosted(config, tmp_path) as client:
        await begin(client)
    agent.on(GET, result(task("working", "before")), result(done("after")))
    async with hosted(config, tmp_path) as client, client.listen(resource_subscriptions=[T1]) as on:
        with anyio.fail_after(SOON):
            async for event in on:
                assert event == ResourceUpdated(T1)
                if "after" in await text_of(client, T1):
                    break


async def test_another_owners_address_is_treated_like_a_missing_one(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    steps = Steps(agent, moved("completed"))
    server = create_server(configured(it=agent.url), tmp_path)
    asked = [
        T1,
        resource_uris.of_task("it", "t2"),
        "a2a://agents",
        "a2a://agents/nobody",
        "file:///x",
    ]
    asked += [
        "a2a://agents/it",
        "a2a://tasks",
        resource_uris.of_artifact("it", "t1", "answer"),
        "a2a://x",
    ]
    with anyio.fail_after(20):
        async with Client(server) as mine:
            await begin(mine)
            with called_by("stranger"):
                async with (
                    Client(server) as theirs,
                    theirs.listen(resource_subscriptions=asked) as listener,
                ):
                    honoured = listener.honored.resource_subscriptions
                    assert honoured == ["a2a://agents", "a2a://agents/it", "a2a://tasks"]
            async with mine.listen(resource_subscriptions=asked) as listener:
                assert set(listener.honored.resource_subscriptions or ()) == {
                    *("a2a://agents", "a2a://agents/it", "a2a://tasks", T1),
                    resource_uris.of_artifact("it", "t1", "answer"),
                }
                steps.gates[0].set()
                told = {(await heard(listener)).uri for _ in range(3)}
            assert told == {T1, resource_uris.of_artifact("it", "t1", "answer"), "a2a://tasks"}


async def test_a_changed_configuration_is_sent_without_a_call(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    path = tmp_path / "agents.toml"
    path.write_text(f'[agents.it]\nurl = "{agent.url}"\n')
    reloader = Reloader(path=path, environ={})
    server = create_server(reloader.config, tmp_path, reloader=reloader)
    with anyio.fail_after(20):
        async with Client(server) as client:
            addresses = ["a2a://agents", "a2a://agents/it"]
            async with (
                client.listen(resource_subscriptions=addresses) as named,
                client.listen(resources_list_changed=True) as listed,
            ):
                path.write_text(
                    f'[agents.it]\nurl = "{agent.url}"\ndescription = "New"\n'
                    f'[agents.more]\nurl = "{agent.url}"\n'
                )
                told = [await heard(named), await heard(named)]
                assert {event.uri for event in told} == set(addresses)
                assert await heard(listed) == ResourcesListChanged()
            assert "more" in await text_of(client, "a2a://agents")


async def test_streams_and_addresses_are_bounded(
    agent: ScriptedAgent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change_feed, "MAX_STREAMS", 4)
    monkeypatch.setattr(subscriptions, "MAX_ADDRESSES", 2)
    many = ["a2a://agents", "a2a://tasks", "a2a://agents/it"]
    async with (
        hosted(configured(it=agent.url), tmp_path) as client,
        client.listen(resource_subscriptions=many) as first,
        client.listen(tools_list_changed=True),
        client.listen(prompts_list_changed=True),
    ):
        assert first.honored.resource_subscriptions == many[:2]
        async with client.listen(resources_list_changed=True):
            with pytest.raises(MCPError, match="Too many are listening already"):
                async with client.listen(tools_list_changed=True):
                    pass
        with anyio.fail_after(SOON):
            while True:  # the end of a stream is a message like any other
                try:
                    async with client.listen(resources_list_changed=True):
                        break
                except MCPError:
                    await anyio.lowlevel.checkpoint()


async def test_no_changes_of_prompts_are_promised_where_there_are_none(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    async with (
        hosted(configured(it=agent.url), tmp_path) as client,
        client.listen(prompts_list_changed=True, resources_list_changed=True) as stream,
    ):
        assert stream.honored.resources_list_changed
        assert not stream.honored.prompts_list_changed


@pytest.mark.filterwarnings("ignore:resources/.*subscribe is removed as of 2026")
async def test_a_session_before_2026_hears_of_its_subscriptions_until_it_unsubscribes(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    steps = Steps(agent, moved("working", "one"), moved("working", "two"), moved("completed"))
    send, receive = anyio.create_memory_object_stream[str](10)

    async def told(message: Any) -> None:
        if isinstance(message, t.ResourceUpdatedNotification):
            await send.send(message.params.uri)

    options: dict[str, Any] = {"mode": "legacy", "message_handler": told}
    with send, receive:
        async with hosted(configured(it=agent.url), tmp_path, **options) as client:
            assert client.server_capabilities
            assert client.server_capabilities.resources
            assert client.server_capabilities.resources.subscribe
            await begin(client)
            await client.subscribe_resource(T1)
            with pytest.raises(MCPError, match="Resource not found"):
                await client.subscribe_resource(resource_uris.of_task("it", "t2"))
            for gate, shown in zip(steps.gates[:2], ("one", "two"), strict=True):
                gate.set()
                with anyio.fail_after(SOON):
                    assert await receive.receive() == T1
                assert shown in await text_of(client, T1)
            await client.unsubscribe_resource(T1)
            steps.gates[2].set()
            await client.call_tool("subscribe", {"task_id": "t1"})
            with anyio.move_on_after(0.4) as silence:
                await receive.receive()
            assert silence.cancelled_caught
