"""The connection to a gRPC server: whom it reaches, whom it trusts, and how it ends."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import anyio
import grpc
import pytest
from anyio.abc import SocketAttribute, SocketStream
from certificates import self_signed
from grpc_server import calling, serving_grpc, transport

from a2a_mcp.a2a.auth.static import Attachment
from a2a_mcp.a2a.bindings.base import HttpRequest
from a2a_mcp.a2a.client import A2AClient
from a2a_mcp.a2a.errors import AgentUnreachable, Delivery
from a2a_mcp.a2a.grpc.channel import Trust
from a2a_mcp.a2a.model import Message, Part, Role
from a2a_mcp.a2a.requests import GetTaskRequest, SendMessageRequest

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("one_loop")]

SENT: Final = SendMessageRequest(
    message=Message(message_id="m1", role=Role.USER, parts=(Part(kind="text", text="hi"),))
)
WORKING: Final = {"id": "t1", "contextId": "c1", "status": {"state": "TASK_STATE_WORKING"}}
READ: Final = GetTaskRequest(id="t1")
SECONDS: Final = 30


async def tells(_params: Any, _context: Any) -> Any:
    return WORKING


async def hangs(_params: Any, _context: Any) -> Any:
    await anyio.sleep_forever()


async def streams(_params: Any, _context: Any) -> AsyncIterator[Any]:
    yield {"task": WORKING}
    await anyio.sleep_forever()


@asynccontextmanager
async def listening(handle: Callable[[SocketStream], Awaitable[None]]) -> AsyncIterator[int]:
    """Take connections at a free port, and give its number."""

    async def closing(stream: SocketStream) -> None:
        async with stream:
            await handle(stream)

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, closing)
        yield listener.extra(SocketAttribute.local_port)
        group.cancel_scope.cancel()


async def unreachable(client: A2AClient) -> str:
    """Return why a message was certainly not delivered."""
    with pytest.raises(AgentUnreachable) as failed:
        await client.send(SENT, seconds=SECONDS)
    assert failed.value.delivery is Delivery.NEVER
    assert failed.value.url == client.interface.place
    return failed.value.message


async def test_nothing_is_delivered_where_nobody_listens_and_the_next_call_tries_at_once(
    free_tcp_port: int,
) -> None:
    url = f"http://127.0.0.1:{free_tcp_port}"
    async with calling(url, connect_seconds=5) as client:
        assert "refused" in (await unreachable(client)).lower()
        async with serving_grpc({"GetTask": tells}, port=free_tcp_port):
            with anyio.fail_after(20):
                assert (await client.get(READ)).id == "t1"
        with pytest.raises(AgentUnreachable):  # by now the channel knows that its server is gone
            await client.get(READ)
        assert "refused" in (await unreachable(client)).lower()


async def test_a_server_that_says_nothing_takes_nothing() -> None:
    async def silent(stream: SocketStream) -> None:
        await anyio.sleep_forever()

    async with (
        listening(silent) as port,
        calling(f"http://127.0.0.1:{port}", connect_seconds=0.3) as client,
    ):
        assert await unreachable(client) == "no connection in time"


async def test_a_server_of_http_1_takes_nothing() -> None:
    async def refuse(stream: SocketStream) -> None:
        await stream.receive()
        await stream.send(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")

    async with (
        listening(refuse) as port,
        calling(f"http://127.0.0.1:{port}", connect_seconds=2) as client,
    ):
        assert "connection" in await unreachable(client)


async def test_a_server_that_dies_with_the_message_leaves_it_in_doubt() -> None:
    failures = []

    async def send(client: A2AClient) -> None:
        with pytest.raises(AgentUnreachable) as failed:
            await client.send(SENT, seconds=SECONDS)
        failures.append(failed.value.delivery)

    async with AsyncExitStack() as exits, anyio.create_task_group() as group:
        serving_it = serving_grpc({"SendMessage": hangs})
        server = await serving_it.__aenter__()
        group.start_soon(send, await exits.enter_async_context(calling(server.url)))
        await server.called()
        await serving_it.__aexit__(None, None, None)
    assert failures == [Delivery.UNKNOWN]
    assert len(server.calls) == 1


async def read(client: A2AClient) -> None:
    async with client.stream(SENT) as events:
        async for _ in events:
            pass


async def test_a_thousand_cancelled_calls_leave_nothing_behind() -> None:
    async with (
        serving_grpc({"SendMessage": hangs}, {"SendStreamingMessage": streams}) as server,
        calling(server.url, concurrency=2_000) as client,
    ):
        async with anyio.create_task_group() as group:
            group.start_soon(client.send, SENT)
            await server.called()  # the connection stands, with the tasks that it needs
            group.cancel_scope.cancel()
        before = await fewest_tasks(0)
        with anyio.fail_after(SECONDS):
            async with anyio.create_task_group() as group:
                for _ in range(500):
                    group.start_soon(client.send, SENT)
                    group.start_soon(read, client)
                await server.called(1_001)
                group.cancel_scope.cancel()
            assert await fewest_tasks(before) == before


async def fewest_tasks(wanted: int) -> int:
    """Return how many tasks the loop has, once they are `wanted` or become no fewer."""
    left = [len(asyncio.all_tasks())]
    while left[-1] > wanted and len(set(left[-50:])) > (len(left) >= 50):
        await anyio.sleep(0.01)
        left.append(len(asyncio.all_tasks()))
    return left[-1]


async def test_a_cancelled_call_ends_in_its_own_scope() -> None:
    async with (
        serving_grpc({"SendMessage": hangs}, {"SendStreamingMessage": streams}) as server,
        calling(server.url) as client,
    ):
        for call in (lambda: client.send(SENT), lambda: read(client)):
            with anyio.move_on_after(0.1) as scope:
                await call()
            assert scope.cancelled_caught


async def test_a_server_that_renews_its_connections_gets_every_message_once() -> None:
    often = [("grpc.max_connection_age_ms", 50), ("grpc.max_connection_age_grace_ms", 5_000)]

    async def answers(_params: Any, _context: Any) -> Any:
        return {"task": WORKING}

    async with (
        serving_grpc({"SendMessage": answers}, options=often) as server,
        calling(server.url) as client,
    ):
        began, number = anyio.current_time(), 0
        while number < 100 or anyio.current_time() - began < 1:
            message = SENT.message.model_copy(update={"message_id": f"m{number}"})
            await client.send(SENT.model_copy(update={"message": message}))
            number += 1
        sent = [params["message"]["messageId"] for _, params, _ in server.calls]
    assert sent == [f"m{each}" for each in range(number)]


PROXIES: Final = ("grpc_proxy", "https_proxy", "http_proxy", "all_proxy")


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.setenv(name, "http://127.0.0.1:9")
        monkeypatch.setenv(name.upper(), "http://127.0.0.1:9")
    async with serving_grpc({"GetTask": tells}) as server, calling(server.url) as client:
        assert (await client.get(READ)).id == "t1"


async def test_the_agents_own_proxy_is_used_with_its_password() -> None:
    asked = []

    async def handle(stream: SocketStream) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += await stream.receive(1)
        asked.append(head)
        await stream.send(b"HTTP/1.1 403 Forbidden\r\n\r\n")

    async with (
        listening(handle) as port,
        calling(
            "https://agent.example:50051",
            proxy=f"http://user:word@127.0.0.1:{port}",
            connect_seconds=2,
        ) as client,
    ):
        assert await unreachable(client) == "the proxy refused the connection: HTTP 403"
    head = asked[0].decode().lower()
    assert head.startswith("connect agent.example:50051 http/1.1")
    assert "proxy-authorization: basic dxnlcjp3b3jk" in head  # user:word


@dataclass(frozen=True)
class Certified:
    """A certificate for localhost, and the server's credentials made of it."""

    certificate: bytes
    key: bytes

    def server(self, clients: bytes | None = None) -> Any:
        pairs = [(self.key, self.certificate)]
        return grpc.ssl_server_credentials(pairs, clients, require_client_auth=clients is not None)


@pytest.fixture(scope="module")
def certified() -> Certified:
    return Certified(*self_signed("localhost"))


def named(url: str) -> str:
    return url.replace("127.0.0.1", "localhost")


async def test_a_server_with_a_trusted_certificate_is_called(certified: Certified) -> None:
    async with (
        serving_grpc({"GetTask": tells}, credentials=certified.server()) as server,
        calling(named(server.url), trust=Trust(certified.certificate)) as client,
    ):
        assert (await client.get(READ)).id == "t1"


async def test_a_client_shows_its_certificate(certified: Certified) -> None:
    mine = Certified(*self_signed("bridge.example"))
    shown = Trust(certified.certificate, mine.certificate, mine.key)
    credentials = certified.server(clients=mine.certificate)
    async with serving_grpc({"GetTask": tells}, credentials=credentials) as server:
        async with calling(named(server.url), trust=shown) as client:
            assert (await client.get(READ)).id == "t1"
        bare = Trust(certified.certificate)
        async with calling(named(server.url), trust=bare, connect_seconds=2) as client:
            assert "connection" in await unreachable(client)


WORDS: Final = {
    "unknown": "unknown authority (self signed certificate)",
    "another name": "for another host name",
    "plain to TLS": "does it want TLS (grpcs://)",
    "TLS to plain": "write it as grpc://host:port",
}


@pytest.mark.parametrize("case", WORDS)
async def test_without_trust_nothing_is_sent(case: str, certified: Certified) -> None:
    credentials = None if case == "TLS to plain" else certified.server()
    other, _ = self_signed("localhost")
    trust = Trust(other if case == "unknown" else certified.certificate)
    async with serving_grpc({"SendMessage": hangs}, credentials=credentials) as server:
        url = server.url if case == "another name" else named(server.url)
        scheme = "http" if case == "plain to TLS" else "https"
        url = f"{scheme}://{url.partition('://')[2]}"
        async with calling(url, trust=trust, connect_seconds=2) as client:
            assert WORDS[case] in await unreachable(client)
    assert server.calls == []


async def test_a_host_with_the_name_of_a_scheme_is_a_host() -> None:
    async with calling("http://unix:443", connect_seconds=5) as client:
        told = await unreachable(client)
    assert told in ("its host name is not known", "no connection in time")


async def test_a_retired_connection_is_closed_when_its_last_call_ends() -> None:
    going = anyio.Event()

    async def waits(_params: Any, _context: Any) -> Any:
        await going.wait()
        return WORKING

    async with serving_grpc({"GetTask": waits}) as server:
        made = transport(server.url)
        read = HttpRequest("POST", f"{server.url}/lf.a2a.v1.A2AService/GetTask", {"id": "t1"})
        answers = []

        async def call() -> None:
            answers.append(await made.fetch(read, {}, Attachment()))

        async with anyio.create_task_group() as group:
            group.start_soon(call)
            await server.called()
            await made.retire()
            going.set()
        assert [answer.status for answer in answers] == [200]
        await made.aclose()


NOISY: Final = """
import anyio, sys
sys.path[:0] = {paths!r}
import a2a_mcp.a2a.grpc.transport
from grpc_server import calling
from test_channel import READ
from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.a2a.grpc.channel import Trust

async def main():
    for url in {urls!r}:
        async with calling(url, trust=Trust({pem!r}), connect_seconds=2) as client:
            try:
                await client.get(READ)
            except A2AError as error:
                print(type(error).__name__)

anyio.run(main)
"""


async def test_nothing_is_written_to_stderr(certified: Certified, free_tcp_port: int) -> None:
    other, _ = self_signed("localhost")
    async with (
        serving_grpc({}, credentials=certified.server()) as safe,
        serving_grpc({"GetTask": tells}, compression=grpc.Compression.Gzip) as plain,
    ):
        urls = [
            named(safe.url),
            safe.url.replace("https", "http"),
            plain.url.replace("http", "https"),
            f"http://127.0.0.1:{free_tcp_port}",
            plain.url,
        ]
        paths = [str(folder) for folder in Path(__file__).parents[:3]]
        code = NOISY.format(paths=paths, urls=urls, pem=other)
        environ = {name: value for name, value in os.environ.items() if "GRPC" not in name}
        done = await anyio.run_process([sys.executable, "-c", code], check=False, env=environ)
    assert done.stderr == b""
    assert done.stdout.split() == [b"AgentUnreachable"] * 4
