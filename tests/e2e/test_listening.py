"""Resources read and listened to over both transports, in both eras; and how that ends."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final
from urllib.parse import quote

import anyio
import httpx2
import mcp.types as t
import pytest
from mcp import Client, MCPError, stdio_client
from mcp.client.streamable_http import streamable_http_client
from real_agents import Agent, Agents

from e2e.bridges import END_SECONDS, Home, PatientHome
from e2e.lines import MODERN, line_host
from e2e.test_http import SIGNALS

pytestmark = pytest.mark.anyio

SOON: Final = 30
CHUNKS: Final = 4
TRANSPORTS: Final = ("stdio", "http")


@pytest.fixture
def agent(running_agent: Agents) -> Agent:
    return running_agent("1.3-jsonrpc")


@asynccontextmanager
async def http_client(url: str, token: str = "", **options: Any) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {token}"} if token else None
    async with httpx2.AsyncClient(headers=headers, timeout=SOON) as inner:
        transport = streamable_http_client(url, http_client=inner)
        async with Client(transport, **options) as client:
            yield client


@asynccontextmanager
async def connected(home: Home, transport: str, **options: Any) -> AsyncIterator[Client]:
    async with AsyncExitStack() as stack:
        if transport == "http":
            served = await stack.enter_async_context(home.serving())
            yield await stack.enter_async_context(http_client(served.url, **options))
        else:
            stderr = stack.enter_context(home.stderr.open("a"))
            pipes = stdio_client(home.stdio(), stderr)
            yield await stack.enter_async_context(Client(pipes, **options))


async def begun(client: Client, message: str) -> str:
    """Begin a task whose id is known at once, and return its URI."""
    arguments = {"message": message, "wait_seconds": 0.1}
    answer = (await client.call_tool("send_task", arguments)).structured_content or {}
    return f"a2a://tasks/good/{quote(answer['task_id'], safe='')}"


async def text_of(client: Client, uri: str) -> str:
    (content,) = (await client.read_resource(uri)).contents
    assert isinstance(content, t.TextResourceContents)
    return content.text


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_listener_is_told_of_each_change_and_reads_the_new_state(
    transport: str, home: Home, agent: Agent
) -> None:
    home.configure({"good": agent.url})
    async with connected(home, transport, mode="auto") as client:
        await client.call_tool("send_task", {"message": "echo warm"})
        uri = await begun(client, f"stream {CHUNKS} 0.4")
        states = [await text_of(client, uri)]
        with anyio.fail_after(SOON):
            async with client.listen(resource_subscriptions=[uri]) as listener:
                async for _ in listener:
                    states.append(await text_of(client, uri))
                    if " · completed · " in states[-1]:
                        break
        (answer,) = (await client.read_resource(f"{uri}/artifacts/answer")).contents
    chunks = [f"chunk{number}" for number in range(1, CHUNKS + 1)]
    assert [state.count("chunk") for state in states] == sorted(
        state.count("chunk") for state in states
    )
    assert len({state.count("chunk") for state in states}) >= CHUNKS - 1
    assert isinstance(answer, t.TextResourceContents)
    assert answer.text == "".join(f"{chunk} " for chunk in chunks)


@pytest.mark.filterwarnings("ignore:resources/.*subscribe is removed as of 2026")
@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_session_of_before_2026_is_told_too(
    transport: str, home: Home, agent: Agent
) -> None:
    home.configure({"good": agent.url})
    send, receive = anyio.create_memory_object_stream[str](100)

    async def told(message: Any) -> None:
        if isinstance(message, t.ResourceUpdatedNotification):
            send.send_nowait(message.params.uri)

    with send, receive:
        async with connected(home, transport, mode="legacy", message_handler=told) as client:
            await client.call_tool("send_task", {"message": "echo warm"})
            uri = await begun(client, f"stream {CHUNKS} 0.4")
            await client.subscribe_resource(uri)
            state = ""
            with anyio.fail_after(SOON):
                while " · completed · " not in state:
                    assert await receive.receive() == uri
                    state = await text_of(client, uri)
    assert "chunk4" in state


async def test_nobody_hears_or_reads_of_anothers_task_over_http(home: Home, agent: Agent) -> None:
    home.configure({"good": agent.url})
    text = home.config.read_text() + '\n[server.tokens]\nalice = "alice-token"\nbob = "bob-token"\n'
    home.config.write_text(text)
    async with (
        home.serving() as served,
        http_client(served.url, "alice-token", mode="auto") as alice,
        http_client(served.url, "bob-token", mode="auto") as bob,
    ):
        uri = await begun(alice, "stream 3 0.3")
        refusals = []
        for address in (uri, "a2a://tasks/good/unknown", f"{uri}/artifacts/answer"):
            with pytest.raises(MCPError) as caught:
                await bob.read_resource(address)
            refusals.append((caught.value.error.code, caught.value.error.message))
        assert len(set(refusals)) == 1
        with anyio.fail_after(SOON):
            async with (
                bob.listen(resource_subscriptions=[uri, "a2a://tasks"]) as deaf,
                alice.listen(resource_subscriptions=[uri]) as listener,
            ):
                assert deaf.honored.resource_subscriptions == ["a2a://tasks"]
                async for _ in listener:
                    if " · completed · " in await text_of(alice, uri):
                        break
                with anyio.move_on_after(0.3) as silence:
                    await anext(aiter(deaf))
                assert silence.cancelled_caught
        assert [each.uri for each in (await bob.list_resources()).resources] == [
            *("a2a://agents", "a2a://tasks", "a2a://agents/good")
        ]


@pytest.mark.parametrize("number", SIGNALS[:1])
async def test_open_streams_end_in_order_when_a_bridge_over_http_ends(
    number: Any, home: Home, agent: Agent
) -> None:
    home.configure({"good": agent.url})
    kinds = ("tools_list_changed", "prompts_list_changed", "resources_list_changed")
    async with (
        home.serving() as served,
        http_client(served.url, mode="auto") as client,
        client.listen(resource_subscriptions=["a2a://agents"]) as first,
        AsyncExitStack() as stack,
    ):
        streams = [client.listen(**{kind: True}) for kind in kinds]
        listeners = [first, *[await stack.enter_async_context(stream) for stream in streams]]
        served.process.send_signal(number)
        with anyio.fail_after(END_SECONDS):
            for listener in listeners:
                assert [event async for event in listener] == []
            await served.process.wait()
    said = home.stderr.read_text()
    assert "Traceback" not in said
    assert "ERROR" not in said


@pytest.mark.parametrize("signalled", [False, *([True] if SIGNALS else [])])
async def test_an_open_stream_does_not_hold_up_the_end_over_stdio(
    signalled: bool, home: Home, agent: Agent
) -> None:
    home = PatientHome(home.folder).configure({"good": agent.url})
    async with line_host(home, MODERN) as (host, pipes):
        await host.send("echo hello")
        for _ in range(4):
            wanted = {"resourceSubscriptions": ["a2a://agents"], "resourcesListChanged": True}
            await pipes.ask("subscriptions/listen", notifications=wanted)
        await pipes.request("tools/list")
        said = [each["method"] for each in pipes.notifications]
        assert said == ["notifications/subscriptions/acknowledged"] * 4
        if signalled:
            pipes.process.send_signal(SIGNALS[0])
        else:
            await pipes.end_of_input()
        assert await pipes.ended() == (143 if signalled else 0)
    assert "Traceback" not in home.stderr.read_text()
