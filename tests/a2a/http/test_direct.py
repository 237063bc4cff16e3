"""A connection of our own: what it survives, what it never sends twice, when it is used again."""

import asyncio
import socket
import ssl
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio.lowlevel
import httpx
import pytest
from certificates import serving_tls
from faults import Peer, always, head, in_turn, ok, serving, stream_head, unread

from a2a_mcp.a2a.http.direct import DirectConnection

pytestmark = pytest.mark.anyio

MIB = 1024 * 1024
TOO_MUCH = bytes(32 * MIB)
"""More than the system takes from a sender whose receiver does not read."""


@asynccontextmanager
async def connection(trusts: ssl.SSLContext | None = None) -> AsyncIterator[DirectConnection]:
    used = DirectConnection(trusts or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    try:
        yield used
    finally:
        await used.aclose()


async def begun(
    used: DirectConnection, url: str, body: bytes = b"", **times: float
) -> httpx.Response:
    """Call, and return the answer when its head is there."""
    request = httpx.Request("POST", url, content=body, extensions={"timeout": times})
    return await used.handle_async_request(request)


async def asked(used: DirectConnection, url: str, body: bytes = b"", **times: float) -> bytes:
    """Call, and return the whole body."""
    return await rest(await begun(used, url, body, **times))


async def rest(response: httpx.Response) -> bytes:
    try:
        return b"".join([piece async for piece in response.aiter_raw()])
    finally:
        await response.aclose()


HINTS = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
CHUNKS = b"".join(b"1\r\n" + bytes([value]) + b"\r\n" for value in b"whole")


async def half_closed(peer: Peer) -> None:
    await peer.send(ok("whole"))
    await peer.stream.send_eof()
    await peer.wait()


async def without_a_length(peer: Peer) -> None:
    await peer.send(head("Connection: close") + b"who")
    await peer.send(b"le")


async def in_the_old_version(peer: Peer) -> None:
    await peer.send(b"HTTP/1.0 200 OK\r\n\r\nwhole")


@pytest.mark.parametrize(
    ("answer", "connections"),
    [
        pytest.param(ok("whole"), 1, id="with a length"),
        pytest.param(HINTS + ok("whole"), 1, id="after early ones"),
        pytest.param(
            head("Transfer-Encoding: chunked") + CHUNKS + b"0\r\nX-Trailer: 1\r\n\r\n",
            1,
            id="in chunks",
        ),
        pytest.param(ok("whole", "Connection: close"), 2, id="said to be the last"),
        pytest.param(ok("whole") + ok("stray"), 2, id="with another behind it"),
        pytest.param(half_closed, 2, id="half-closed"),
        pytest.param(without_a_length, 2, id="without a length"),
        pytest.param(in_the_old_version, 2, id="HTTP/1.0"),
    ],
)
async def test_only_a_connection_on_which_all_is_read_and_nothing_else_came_is_used_again(
    answer: Any, connections: int
) -> None:
    async with serving(in_turn(answer, ok("second"))) as server, connection() as used:
        assert await asked(used, server.url) == b"whole"
        assert await asked(used, server.url) == b"second"
        assert (len(server.requests), server.connections) == (2, connections)


async def test_what_the_server_closed_meanwhile_is_replaced_before_anything_is_sent() -> None:
    async def answer_and_close(peer: Peer) -> None:
        await peer.send(ok("first"))

    async with serving(in_turn(answer_and_close, ok("second"))) as server, connection() as used:
        assert await asked(used, server.url) == b"first"
        await anyio.wait_all_tasks_blocked()
        assert await asked(used, server.url) == b"second"
        assert (len(server.requests), server.connections) == (2, 2)


async def closed(_: Peer) -> None:
    pass


async def reset(peer: Peer) -> None:
    peer.reset()


@pytest.mark.parametrize("script", [closed, reset])
async def test_a_request_that_the_server_may_have_read_is_not_sent_again(script: Any) -> None:
    async with serving(in_turn(ok("first"), script)) as server, connection() as used:
        assert await asked(used, server.url) == b"first"
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            await asked(used, server.url)
        assert (len(server.requests), server.connections) == (2, 1)


async def test_half_an_answer_without_a_length_is_no_answer_when_we_close() -> None:
    async def half(peer: Peer) -> None:
        await peer.send(stream_head() + b"half")
        await peer.wait()

    async with serving(always(half)) as server, connection() as used:
        response = await begun(used, server.url)
        pieces = response.aiter_raw()
        assert await anext(pieces) == b"half"
        await used.aclose()
        with pytest.raises(httpx.ReadError):
            await anext(pieces)
        await response.aclose()


async def test_an_answer_while_the_body_is_still_sent_is_read_and_the_connection_closed() -> None:
    loop = asyncio.get_running_loop()

    async def refuse(listener: socket.socket) -> None:
        with (await loop.sock_accept(listener))[0] as accepted:
            await loop.sock_recv(accepted, 1000)
            await loop.sock_sendall(accepted, ok("too large", status=413))
            with (await loop.sock_accept(listener))[0] as another:
                await loop.sock_sendall(another, ok("second"))

    async with connection() as used, anyio.create_task_group() as group:
        with unread() as (listener, url), anyio.fail_after(20):
            group.start_soon(refuse, listener)
            assert await asked(used, url, TOO_MUCH) == b"too large"
            assert await asked(used, url) == b"second"


async def test_a_server_that_reads_nothing_is_not_waited_for_without_end() -> None:
    async with connection() as used:
        with unread() as (_, url), pytest.raises(httpx.WriteTimeout):
            await asked(used, url, TOO_MUCH, write=0.2)


async def test_a_server_that_says_nothing_is_not_waited_for_without_end() -> None:
    async with connection() as used:
        with unread() as (_, url), pytest.raises(httpx.ReadTimeout):
            await asked(used, url, read=0.2)


async def silent(peer: Peer) -> None:
    await peer.wait()


async def in_the_head(peer: Peer) -> None:
    await peer.send(b"HTTP/1.1 200 OK\r\nContent-")
    await peer.wait()


async def in_the_body(peer: Peer) -> None:
    await peer.send(head("Content-Length: 9") + b"half")
    await peer.wait()


@pytest.mark.parametrize("script", [silent, in_the_head, in_the_body])
async def test_a_call_that_is_cancelled_closes_its_connection(script: Any) -> None:
    async with serving(in_turn(script, ok("second"))) as server, connection() as used:
        with anyio.move_on_after(0.1) as cancelled:
            await asked(used, server.url)
        assert cancelled.cancelled_caught
        await server.gone.wait()
        assert await asked(used, server.url) == b"second"
        assert (len(server.requests), server.connections) == (2, 2)


async def test_a_call_that_is_cancelled_while_it_writes_closes_its_connection() -> None:
    loop = asyncio.get_running_loop()
    async with connection() as used:
        with unread() as (listener, url), anyio.fail_after(20):
            with anyio.move_on_after(0.1) as cancelled:
                await asked(used, url, TOO_MUCH)
            assert cancelled.cancelled_caught
            with (await loop.sock_accept(listener))[0] as accepted:
                received = 0
                while piece := await loop.sock_recv(accepted, MIB):
                    received += len(piece)
            assert received < len(TOO_MUCH)


async def test_a_call_that_is_cancelled_already_sends_nothing() -> None:
    async with serving(always(ok("answer"))) as server, connection() as used:
        await asked(used, server.url)
        with anyio.CancelScope() as scope:
            scope.cancel()
            await asked(used, server.url)
        await asked(used, server.url)
        assert (len(server.requests), server.connections) == (2, 1)


async def test_the_head_of_an_answer_may_not_be_endless() -> None:
    async def endless(peer: Peer) -> None:
        await peer.send(b"HTTP/1.1 200 OK\r\nX-Long: ")
        await peer.flood(b"x" * 65536)

    async with serving(always(endless)) as server, connection() as used:
        with pytest.raises(httpx.RemoteProtocolError):
            await asked(used, server.url)
        await server.gone.wait()


async def test_a_large_body_is_held_piece_by_piece() -> None:
    size = 20 * MIB

    async def large(peer: Peer) -> None:
        await peer.send(head(f"Content-Length: {size}"))
        piece = bytes(MIB)
        for _ in range(size // MIB):
            await peer.send(piece)

    async with serving(always(large)) as server, connection() as used:
        response = await begun(used, server.url)
        tracemalloc.start()
        try:
            received = 0
            async for piece in response.aiter_raw():
                received += len(piece)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        await response.aclose()
        assert received == size
        assert peak < 4 * MIB  # one of them is the server's


async def test_a_body_of_tiny_chunks_does_not_hold_up_others() -> None:
    answer = head("Transfer-Encoding: chunked") + CHUNKS * 4000 + b"0\r\n\r\n"
    async with serving(always(answer)) as server, connection() as used:
        response = await begun(used, server.url)
        await anyio.wait_all_tasks_blocked()
        async with anyio.create_task_group() as group:
            turns: list[int] = []
            group.start_soon(take_turns, turns)
            assert await rest(response) == b"whole" * 4000
            group.cancel_scope.cancel()
        assert len(turns) > 30


async def take_turns(turns: list[int]) -> None:
    while True:
        turns.append(1)
        await anyio.lowlevel.checkpoint()


async def test_tls_is_used_again_for_the_same_name_only(tmp_path: Path) -> None:
    async with (
        serving_tls(always(ok("answer")), "agent.example", tmp_path) as (server, trusts),
        connection(trusts) as used,
    ):
        url = f"https://127.0.0.1:{server.port}/"

        async def call(name: str) -> bytes:
            more = {"sni_hostname": name}
            request = httpx.Request("GET", url, extensions=more)
            return await rest(await used.handle_async_request(request))

        assert [await call("agent.example") for _ in range(2)] == [b"answer"] * 2
        assert server.connections == 1
        with pytest.raises(httpx.ConnectError):
            await call("other.example")
        assert len(server.requests) == 2


async def test_a_handshake_that_is_cut_is_told_as_such() -> None:
    loop = asyncio.get_running_loop()

    async def cut(listener: socket.socket) -> None:
        with (await loop.sock_accept(listener))[0] as accepted:
            await loop.sock_recv(accepted, 1000)

    trusts = ssl.create_default_context()
    async with connection(trusts) as used, anyio.create_task_group() as group:
        with unread() as (listener, url), anyio.fail_after(20):
            group.start_soon(cut, listener)
            with pytest.raises(httpx.ConnectError, match="handshake"):
                await asked(used, url.replace("http:", "https:"))


async def test_a_handshake_that_is_not_answered_ends_in_time() -> None:
    trusts = ssl.create_default_context()
    async with connection(trusts) as used:
        with unread() as (_, url), pytest.raises(httpx.ConnectTimeout):
            await asked(used, url.replace("http:", "https:"), connect=0.2)
