"""Files and data a caller hands over, made into parts."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from pydantic import ValidationError

from a2a_mcp.errors import NotAllowed
from a2a_mcp.files.allowed_paths import AllowedPaths
from a2a_mcp.files.file_argument import FileIn
from a2a_mcp.files.incoming import LARGEST_FILE, data_parts, to_parts

pytestmark = pytest.mark.anyio


CLOSED = AllowedPaths()


async def parts_of(paths: AllowedPaths = CLOSED, **file: Any) -> Any:
    return await to_parts([FileIn(**file)], paths)


async def test_content_becomes_bytes_with_its_name_and_kind() -> None:
    (part,) = await parts_of(content=b64encode(b"\x00hi").decode(), name="a.png")
    assert (part.kind, part.raw, part.filename, part.media_type) == (
        "raw",
        b"\x00hi",
        "a.png",
        "image/png",
    )


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({}, "text/plain"),
        ({"name": "a.csv"}, "text/csv"),
        ({"name": "a.csv", "media_type": "text/x-special"}, "text/x-special"),
        ({"path": "", "url": "", "content": "", "name": "", "media_type": ""}, "text/plain"),
    ],
    ids=str,
)
async def test_a_text_becomes_its_bytes_in_utf_8(more: dict[str, str], kind: str) -> None:
    (part,) = await parts_of(text="Grüße,\n", **more)
    assert (part.kind, part.raw, part.media_type) == ("raw", "Grüße,\n".encode(), kind)
    assert part.filename == (more.get("name") or None)


async def test_a_declared_type_wins_over_that_of_the_name() -> None:
    (part,) = await parts_of(content="aGk=", name="a.png", media_type="text/x-special")
    assert part.media_type == "text/x-special"


async def test_bytes_of_unknown_kind_are_octets() -> None:
    (part,) = await parts_of(content="aGk=")
    assert part.media_type == "application/octet-stream"


@pytest.mark.parametrize("content", ["aGk=", "aGk", " aG\nk= ", "-_8=", "+/8="])
async def test_base64_is_read_in_either_alphabet_padded_or_not(content: str) -> None:
    assert (await parts_of(content=content))[0].raw in (b"hi", b"\xfb\xff")


async def test_a_url_is_passed_on_as_a_reference() -> None:
    (part,) = await parts_of(url="https://example.com/x/report.pdf?v=1")
    assert (part.kind, part.url, part.filename, part.media_type) == (
        "url",
        "https://example.com/x/report.pdf?v=1",
        "report.pdf",
        "application/pdf",
    )


@pytest.mark.parametrize(
    ("url", "content", "kind"),
    [
        ("data:text/html;base64,aGk=", b"hi", "text/html"),
        ("data:,a%20b", b"a b", "text/plain"),
        ("data:application/json;charset=utf-8,%7B%7D", b"{}", "application/json"),
        ("DATA:text/html,hi", b"hi", "text/html"),
        ("data:text/html;BASE64,aGk%3D", b"hi", "text/html"),
    ],
)
@pytest.mark.parametrize("member", ["url", "content"])
async def test_a_data_url_becomes_bytes(member: str, url: str, content: bytes, kind: str) -> None:
    (part,) = await parts_of(**{member: url})
    assert (part.kind, part.raw, part.media_type) == ("raw", content, kind)


async def test_an_empty_file_is_a_file() -> None:
    assert (await parts_of(content="", name="empty.txt"))[0].raw == b""


@pytest.mark.parametrize(
    "file",
    [
        {},
        {"url": "https://x.example", "content": "aGk="},
        {"text": "a", "content": "aGk="},
        {"text": "", "content": ""},
        {"url": "file:///etc/passwd"},
        {"url": "ftp://x.example/a"},
        {"url": "/etc/passwd"},
        {"url": "http://[bad"},
        {"url": "https://"},
        {"content": "not base64!"},
        {"url": "data:;base64,???"},
        {"content": b64encode(bytes(LARGEST_FILE + 1)).decode()},
    ],
    ids=lambda file: str(file)[:40],
)
async def test_a_file_that_cannot_be_sent_is_refused_with_a_next_step(file: dict[str, Any]) -> None:
    with pytest.raises(NotAllowed) as caught:
        await parts_of(**file)
    assert caught.value.next_step


@pytest.mark.parametrize("path", ["/etc/passwd", "notes.txt", "../x", "~/.ssh/id_rsa"])
async def test_no_path_is_ever_read(path: str) -> None:
    with pytest.raises(NotAllowed, match="paths"):
        await parts_of(path=path)


def test_an_unknown_member_of_a_file_is_an_error() -> None:
    with pytest.raises(ValidationError):
        FileIn.model_validate({"content": "aGk=", "mime": "text/plain"})


@pytest.mark.parametrize(
    "value", [{"a": 1}, [1, 2], "text", 0, False, [], {}, [{"data": 1, "x": 2}]]
)
def test_any_json_value_is_one_data_part(value: Any) -> None:
    (part,) = data_parts(value)
    assert (part.kind, part.data) == ("data", value)


def test_a_list_of_data_parts_keeps_each_with_its_metadata() -> None:
    first, second = data_parts([{"data": 1, "metadata": {"id": "x"}}, {"data": None}])
    assert (first.data, first.metadata) == (1, {"id": "x"})
    assert (second.data, second.metadata) == (None, {})


@pytest.mark.parametrize("metadata", ["x", 1, [1]])
def test_a_list_with_invalid_metadata_is_plain_data(metadata: Any) -> None:
    value = [{"data": 1, "metadata": metadata}]
    (part,) = data_parts(value)
    assert part.data == value


def test_no_data_makes_no_part() -> None:
    assert data_parts(None) == ()
