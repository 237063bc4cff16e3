"""Every failure of HTTP is an error that says whether the request was sent."""

from typing import Any

import pytest
from faults import (
    Peer,
    always,
    closed_port,
    head,
    ok,
    serving,
    transport,
)
from http_calls import NOTHING, cut_in_the_body, failing, fetch, post

from a2a_mcp.a2a.auth.static import Attachment
from a2a_mcp.a2a.bindings.base import HttpRequest
from a2a_mcp.a2a.errors import (
    AgentUnreachable,
    Delivery,
)

pytestmark = pytest.mark.anyio


async def test_a_refused_connection_delivered_nothing() -> None:
    async with transport() as client, failing(AgentUnreachable, Delivery.NEVER):
        await fetch(client, HttpRequest("POST", f"http://127.0.0.1:{closed_port()}/", {}))


@pytest.mark.parametrize("greeting", [b"", b"220 mail.example ready\r\n"])
async def test_a_server_that_speaks_no_tls_got_nothing(greeting: bytes) -> None:
    limits = {"connect_seconds": 0.3}
    async with serving(always(ok({})), greeting) as server, transport(**limits) as client:
        with pytest.raises(AgentUnreachable) as failed:
            await fetch(client, HttpRequest("POST", server.url.replace("http:", "https:"), {}))
        assert failed.value.delivery is Delivery.NEVER
        assert server.requests == []
        if greeting:
            assert f"the server speaks http at this port, not https: use {server.url}" in (
                failed.value.message
            )


async def cut_before_the_answer(_: Peer) -> None:
    pass


async def reset_before_the_answer(peer: Peer) -> None:
    peer.reset()


async def cut_in_the_head(peer: Peer) -> None:
    await peer.send(b"HTTP/1.1 200 OK\r\nContent-Le")


async def cut_in_a_chunk(peer: Peer) -> None:
    await peer.send(head("Transfer-Encoding: chunked") + b"a\r\n{}")


async def reset_in_the_body(peer: Peer) -> None:
    await peer.send(head("Content-Length: 100") + b"{")
    peer.reset()


async def something_else(peer: Peer) -> None:
    await peer.send(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")


async def huge_head(peer: Peer) -> None:
    await peer.send(head(*(f"X-{number}: {'x' * 1000}" for number in range(300))))


async def two_lengths(peer: Peer) -> None:
    await peer.send(head("Content-Length: 2", "Content-Length: 3") + b"{}")


async def a_negative_length(peer: Peer) -> None:
    await peer.send(head("Content-Length: -1") + b"{}")


async def an_unknown_transfer(peer: Peer) -> None:
    await peer.send(head("Transfer-Encoding: smoke") + b"{}")


async def a_bad_header(peer: Peer) -> None:
    await peer.send(head("X Y: \x00"))


async def a_bad_status(peer: Peer) -> None:
    await peer.send(b"HTTP/1.1 -7 Odd\r\nContent-Length: 0\r\n\r\n")


BROKEN = [
    cut_before_the_answer,
    reset_before_the_answer,
    cut_in_the_head,
    cut_in_the_body,
    cut_in_a_chunk,
    reset_in_the_body,
    something_else,
    huge_head,
    two_lengths,
    a_negative_length,
    an_unknown_transfer,
    a_bad_header,
    a_bad_status,
]


@pytest.mark.parametrize("script", BROKEN)
async def test_a_broken_answer_leaves_delivery_unknown(script: Any) -> None:
    async with serving(always(script)) as server, transport() as client:
        async with failing(AgentUnreachable, Delivery.UNKNOWN):
            await fetch(client, post(server))
        assert len(server.requests) == 1


@pytest.mark.parametrize("script", BROKEN)
async def test_a_broken_stream_fails_in_the_same_words(script: Any) -> None:
    async with serving(always(script)) as server, transport() as client:
        async with (
            failing(AgentUnreachable, Delivery.UNKNOWN),
            client.stream(post(server), {}, NOTHING),
        ):
            pass
        assert len(server.requests) == 1


@pytest.mark.parametrize("value", ["tök", "a\r\nX: y", "\x00", "\ud800"])
async def test_a_header_that_cannot_be_sent_is_an_error_that_delivered_nothing(value: str) -> None:
    async with serving(always(ok({}))) as server, transport() as client:
        with pytest.raises(AgentUnreachable) as failed:
            await client.fetch(post(server), {}, Attachment({"Authorization": value}))
        assert failed.value.delivery is Delivery.NEVER
        assert server.requests == []
        assert value not in failed.value.message
