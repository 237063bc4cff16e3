"""An answer is read within its limit, uncompressed, as JSON where it is JSON."""

import json
from typing import Any

import anyio
import pytest
from faults import (
    Peer,
    always,
    head,
    ok,
    serving,
    transport,
)
from http_calls import failing, fetch, huge_and_said, post

from a2a_mcp.a2a.errors import (
    Delivery,
    InvalidAgentResponse,
)
from a2a_mcp.a2a.http.responses import parse_json

pytestmark = pytest.mark.anyio


async def test_no_content_coding_is_accepted_and_one_that_comes_is_refused() -> None:
    bomb = ok(b"\x1f\x8b not read", "Content-Encoding: gzip, gzip")
    async with serving(always(bomb)) as server, transport() as client:
        async with failing(InvalidAgentResponse, Delivery.UNKNOWN):
            await fetch(client, post(server))
        assert server.requests[0].headers["accept-encoding"] == "identity"


async def test_the_coding_identity_is_none() -> None:
    async with (
        serving(always(ok({}, "Content-Encoding: Identity"))) as server,
        transport() as client,
    ):
        assert (await fetch(client, post(server))).body == {}


async def huge_in_chunks(peer: Peer) -> None:
    await peer.send(head("Transfer-Encoding: chunked"))
    await peer.flood(b"1000\r\n" + b"x" * 4096 + b"\r\n")


async def huge_without_an_end(peer: Peer) -> None:
    await peer.send(head("Connection: close"))
    await peer.flood(b" " * 65536)


@pytest.mark.parametrize("script", [huge_and_said, huge_in_chunks, huge_without_an_end])
async def test_a_body_beyond_its_limit_is_refused_and_the_connection_closed(script: Any) -> None:
    async with serving(always(script)) as server, transport(body_bytes=100_000) as client:
        async with failing(InvalidAgentResponse, Delivery.UNKNOWN):
            await fetch(client, post(server))
        with anyio.fail_after(20):
            await server.gone.wait()


async def test_a_limit_of_one_call_wins_over_the_general_one() -> None:
    async with serving(always(ok(b'"' + b"x" * 100 + b'"'))) as server, transport() as client:
        assert (await fetch(client, post(server), body_bytes=102)).body == "x" * 100
        with pytest.raises(InvalidAgentResponse, match="larger than 101 bytes"):
            await fetch(client, post(server), body_bytes=101)


async def test_an_answer_without_a_body_is_null() -> None:
    async with (
        serving(always(head("Content-Length: 0", status=204))) as server,
        transport() as client,
    ):
        answer = await fetch(client, post(server))
        assert (answer.status, answer.body, answer.is_json) == (204, None, True)


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (b"", None),
        (b" \r\n ", None),
        (b"null", None),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        ('{"a": "€"}'.encode("utf-16"), {"a": "€"}),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b'{"a": NaN, "b": -Infinity}', {"a": "NaN", "b": "-Infinity"}),
        (b'{"a": 1e999}', {"a": float("inf")}),
        (b'{"a": "\\ud83d\\ude00"}', {"a": "😀"}),
        (b'{"a": "\\ud800"}', {"a": "\ud800"}),
        (b'{"a": "x\xffy"}', {"a": "x\ufffdy"}),
        (b'{"a": "\xed\xa0\x80"}', {"a": "\ufffd\ufffd\ufffd"}),
        (b"[" * 100 + b"]" * 100, json.loads("[" * 100 + "]" * 100)),
    ],
)
def test_json_is_read_as_far_as_it_can_be(data: bytes, body: Any) -> None:
    assert parse_json(data) == (body, True)


@pytest.mark.parametrize(
    "data",
    [
        b"<!DOCTYPE html>",
        b"{",
        b'{"a": }',
        b"{} {}",
        b"\xff\xfe",
        b"\x00",
        b"[" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b"9" * 20_000,
        b'{"a": 9' + b"9" * 20_000 + b"}",
    ],
)
def test_what_is_no_json_is_text(data: bytes) -> None:
    body, is_json = parse_json(data)
    assert (type(body), is_json) == (str, False)
