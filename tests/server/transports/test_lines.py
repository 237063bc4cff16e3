"""One line of a host: read as a message, or answered with an error where it asks for an answer."""

from __future__ import annotations

import json
from typing import Any

import mcp.types as t
import pytest
from mcp.shared.message import SessionMessage

from a2a_mcp.server.transports.lines import read_message, refusal

HALF = rb'{"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"message": "\ud83d"}}'
PING = {"jsonrpc": "2.0", "id": 7, "method": "ping"}


def line(**changes: Any) -> bytes:
    return json.dumps(PING | changes).encode()


@pytest.mark.parametrize("read", [line(), bytearray(line()), b"  " + line() + b"\r"])
def test_a_line_is_read_as_the_message_in_it(read: bytes) -> None:
    found = read_message(read)
    assert isinstance(found, SessionMessage)
    assert found.message == t.JSONRPCRequest(jsonrpc="2.0", id=7, method="ping")


def test_bytes_that_are_not_utf8_are_replaced() -> None:
    found = read_message(line(params={"text": "?"}).replace(b"?", b"a\xffb"))
    assert isinstance(found, SessionMessage)
    assert isinstance(found.message, t.JSONRPCRequest)
    assert found.message.params == {"text": "a\ufffdb"}


@pytest.mark.parametrize(
    "bad",
    [
        HALF,
        HALF.replace(b"message", b"message\xff"),
        line(params=[1]),
        line(jsonrpc="1.0"),
        line(method=None),
        line(params={"deep": 0}).replace(b"0}}", b"[" * 300 + b"]" * 300 + b"}}"),
    ],
)
def test_a_request_that_cannot_be_read_is_answered_with_an_error(bad: bytes) -> None:
    assert isinstance(read_message(bad), ValueError)
    answer = refusal(bad)
    assert answer is not None
    assert answer.id == 7
    assert answer.error.code == t.INVALID_REQUEST
    assert "surrogate" in answer.error.message


def test_the_error_repeats_an_id_that_is_text() -> None:
    answer = refusal(line(id="a-1", params=[]))
    assert answer is not None
    assert answer.id == "a-1"


@pytest.mark.parametrize(
    "bad",
    [
        b"hello",
        b"{",
        HALF[:-3],
        b"{}",
        b"[]",
        b"7",
        b"[" * 100_000,
        line(id=None, params=[]),
        line(id=True, params=[]),
        line(id=1.5, params=[]),
        line(id=[1], params=[]),
        line(id="\ud800"),
        json.dumps({"jsonrpc": "2.0", "method": "notifications/x", "params": [1]}).encode(),
        json.dumps({"jsonrpc": "2.0", "id": 1, "result": 5}).encode(),
    ],
)
def test_what_asks_for_no_answer_gets_none(bad: bytes) -> None:
    assert isinstance(read_message(bad), ValueError)
    assert refusal(bad) is None
