from base64 import b64encode, encodebytes, urlsafe_b64encode
from typing import Any

import pytest
from captures import bodies

from a2a_mcp.a2a.decoding.data_urls import decode_base64
from a2a_mcp.a2a.decoding.events import decode_event, decode_message
from a2a_mcp.a2a.decoding.parts import decode_part
from a2a_mcp.a2a.model import Task


@pytest.mark.parametrize(
    "name",
    [
        "a2a-sdk-0.2.16/send-files",
        "a2a-sdk-0.3.26/send-files",
        "a2a-sdk-1.3.0-jsonrpc/send-file",
        "a2a-sdk-1.3.0-jsonrpc-compat/v03-file",
    ],
)
def test_a_file_is_the_same_from_every_server(name: str) -> None:
    task = decode_event(bodies(name)[-1])
    assert isinstance(task, Task)
    raw, link, *_ = task.artifacts[0].parts
    assert (raw.raw, raw.media_type, raw.filename) == (b"hello", "text/plain", "a.txt")
    assert (link.kind, link.media_type, link.filename) == ("url", "application/pdf", "b.pdf")


@pytest.mark.parametrize(
    ("value", "kind", "content"),
    [
        ({"text": ""}, "text", ""),
        ({"type": "text", "text": "a"}, "text", "a"),
        ({"data": None}, "data", None),
        ({"data": False}, "data", False),
        ({"data": {"data": {"a": 1}}}, "data", {"a": 1}),
        ({"data": {"data": [1]}}, "data", {"data": [1]}),
        ({"kind": "data", "data": {"data": {"a": 1}}}, "data", {"data": {"a": 1}}),
        ({"data": 3.0}, "data", 3),
        ({"data": [2.5, {"n": 7.0}]}, "data", [2.5, {"n": 7}]),
        ({"data": float("inf")}, "data", "inf"),
        ({"raw": "aGk="}, "raw", b"hi"),
        ({"raw": "aGk"}, "raw", b"hi"),
        ({"raw": "-_8="}, "raw", b"\xfb\xff"),
        ({"raw": ""}, "raw", b""),
        ({"file": {"bytes": "aGk=\n"}}, "raw", b"hi"),
        ({"file": {"uri": "https://e.test/f"}}, "url", "https://e.test/f"),
        ({"file": {"fileWithUri": "https://e.test/f"}}, "url", "https://e.test/f"),
        ({"url": "https://e.test/f", "text": None}, "url", "https://e.test/f"),
        ({"file": "https://e.test/f"}, "url", "https://e.test/f"),
        ({"text": {"answer": 42.0}}, "data", {"answer": 42}),
        ({"kind": "text", "text": ["a"]}, "data", ["a"]),
        ({"text": 3}, "data", 3),
        ({"text": {"a": 1}, "data": {"b": 2}}, "data", {"b": 2}),
    ],
)
def test_the_member_that_is_present_makes_the_part(value: Any, kind: str, content: Any) -> None:
    part = decode_part(value)
    assert part.kind == kind
    assert {"text": part.text, "data": part.data, "raw": part.raw, "url": part.url}[kind] == content


@pytest.mark.parametrize(
    "value",
    [{}, {"text": None}, {"kind": "file"}, {"raw": "not base64!"}, {"raw": "a-b c*"}],
)
def test_a_part_that_cannot_be_read_says_why_and_costs_no_other(value: Any) -> None:
    message = decode_message({"role": "agent", "parts": [value, {"text": "fine"}]})
    empty, fine = message.parts
    assert (empty.kind, fine.text) == ("empty", "fine")
    assert empty.problem


@pytest.mark.parametrize(
    ("member", "media_type", "kept"),
    [
        ("bytes", "application/json", b"true"),
        ("fileWithBytes", "text/plain", b"dHJ1ZQ=="),
        ("fileWithBytes", "image/png", b"\x89PNG"),
        ("fileWithBytes", None, b"dHJ1ZQ=="),
    ],
)
def test_a_file_that_happens_to_look_like_base64_is_left_alone(
    member: str, media_type: str | None, kept: bytes
) -> None:
    encoded = b64encode(kept).decode()
    part = decode_part({"file": {member: encoded, "mimeType": media_type}})
    assert part.raw == kept


def test_the_second_base64_of_0_3_over_http_json_is_undone() -> None:
    twice = b64encode(b64encode(b"\x89PNG\r\n\x1a\n..")).decode()
    part = decode_part({"file": {"fileWithBytes": twice, "mimeType": "image/png"}})
    assert part.raw == b"\x89PNG\r\n\x1a\n.."


@pytest.mark.parametrize("text", ["a", "****", "aGk=aGk=", "é", "a-b!", "=", "\ud800"])
def test_text_that_is_not_base64_is_not_decoded(text: str) -> None:
    assert decode_base64(text) is None


PNG = b64encode(b"\x89PNG\r\n\x1a\n..").decode()


@pytest.mark.parametrize("member", ["uri", "url", "fileWithUri", "bytes", "raw", "fileWithBytes"])
@pytest.mark.parametrize(
    ("url", "raw", "media_type"),
    [
        (f"data:image/png;base64,{PNG}", b"\x89PNG\r\n\x1a\n..", "image/png"),
        (f"data:;base64,{PNG}", b"\x89PNG\r\n\x1a\n..", None),
        (f"DATA:image/png;name=a.png;BASE64,{PNG}", b"\x89PNG\r\n\x1a\n..", "image/png"),
        ("data:;base64,-_8", b"\xfb\xff", None),
        ("data:;base64,aGk%3D", b"hi", None),
        ("data:,a%20b+c", b"a b+c", None),
        ("data:text/csv;charset=utf-8,caf%C3%A9,1", "café,1".encode(), "text/csv"),
        ("data:text/plain,", b"", "text/plain"),
    ],
)
@pytest.mark.parametrize("inside", [True, False], ids=["in file", "flat"])
def test_a_data_url_is_bytes_wherever_a_file_is(
    member: str, url: str, raw: bytes, media_type: str | None, *, inside: bool
) -> None:
    file = {member: url, "name": "chart.png"}
    part = decode_part({"kind": "file", "file": file} if inside else file)
    assert (part.kind, part.raw, part.url) == ("raw", raw, "")
    assert (part.media_type, part.filename) == (media_type, "chart.png")


def test_the_media_type_of_a_file_wins_over_that_of_its_data_url() -> None:
    part = decode_part({"file": {"uri": "data:text/plain,x", "mimeType": "text/csv"}})
    assert (part.raw, part.media_type) == (b"x", "text/csv")


@pytest.mark.parametrize("url", ["data:", "data:image/png;base64", "data:;base64,***"])
def test_a_data_url_that_cannot_be_read_is_neither_link_nor_bytes(url: str) -> None:
    part = decode_part({"file": {"uri": url}})
    assert (part.kind, part.url) == ("empty", "")
    assert part.problem == "the file's data: URL could not be read"


LONG = bytes(range(256)) * 3_000


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (b64encode(LONG).decode(), LONG),
        (encodebytes(LONG).decode() + " \n", LONG),
        (urlsafe_b64encode(LONG[1:]).decode().rstrip("="), LONG[1:]),
        (b64encode(LONG[1:]).decode() + "A" * 600_000, None),
        ("A" * (256 * 1024 - 2) + "==" + "AAAA", None),
        (b64encode(LONG).decode() + "\u00e9", None),
    ],
)
def test_long_base64_is_read_like_short_base64(written: str, read: bytes | None) -> None:
    assert decode_base64(written) == read
