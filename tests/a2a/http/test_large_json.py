"""A large body is read as it comes, and says the same as if it had been read at once."""

import json
from itertools import count
from typing import Final

import pytest

from a2a_mcp.a2a.http.large_json import LargeJson
from a2a_mcp.a2a.http.responses import parse_json

TEXTS: Final = {
    "plain": "plain words " * 20_000,
    "lines": "a line\n" * 30_000,
    "quotes and backslashes": 'say "yes" \\ or "no"\\n' * 8_000,
    "Chinese": "\u4e2d\u6587" * 80_000,
    "beyond the basic plane": "\U0001f600x" * 40_000,
    "accents": "\u00e9\t" * 80_000,
    "lone surrogates": "\ud800abc" * 30_000,
    "backslashes alone": "\\" * 100_000,
}
PIECES: Final = (4_001, 37, 16_384)


def read(body: bytes) -> tuple[object, bool, int]:
    large, start = LargeJson(parse_json), 0
    for number in count():
        if start >= len(body):
            break
        size = PIECES[number % len(PIECES)]
        large.feed(body[start : start + size])
        start += size
    around = large.size
    return *large.end(), around


@pytest.mark.parametrize("escapes", [True, False], ids=["ASCII", "UTF-8"])
@pytest.mark.parametrize("kind", TEXTS)
def test_a_long_string_anywhere_is_read_as_it_was_written(kind: str, escapes: bool) -> None:
    text = TEXTS[kind]
    value = {"a": 1, "b": ["x", text, {"k": text[:5]}], "c": text + '"', "d": [1.5] * 5_000}
    body = json.dumps(value, ensure_ascii=escapes).encode("utf-8", "surrogatepass")
    found, is_json, around = read(body)
    assert (found, is_json) == parse_json(body)
    if kind != "backslashes alone":
        assert around < len(body) / 2


@pytest.mark.parametrize("size", range(5, 12))
@pytest.mark.parametrize("words", range(10, 20))
def test_pieces_may_end_within_a_character(words: int, size: int) -> None:
    body = json.dumps("a" * words + "\U0001f600\u4e2d\u00e9", ensure_ascii=False).encode()
    large = LargeJson(parse_json)
    large.feed_all([body[start : start + size] for start in range(0, len(body), size)])
    assert large.end() == parse_json(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"text": "' + b"\x01 is no JSON" * 20_000 + b'"}',
        b'{"text": "' + b"never ends" * 20_000,
        b"<html>" + b'a page "of words" ' * 20_000,
    ],
)
def test_what_is_no_json_is_told_from_json(body: bytes) -> None:
    assert read(body)[1] is False


@pytest.mark.parametrize("code", ["utf-16", "utf-32"])
def test_other_codes_than_utf_8_are_read_as_a_whole(code: str) -> None:
    body = json.dumps({"text": "words " * 20_000}).encode(code)
    assert read(body)[:2] == parse_json(body)
