"""Data by JSON pointer, and long lists of it by range."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from reading import (
    ITEMS,
    RANGE,
    ROOM,
    body,
    data,
    read,
    read_through,
    task,
    text,
)

from a2a_mcp.a2a.model import Part

ROWS = {"rows": [{"n": n} for n in range(100)], "a/b": {"m~n": "deep"}, "": "empty key"}


@pytest.mark.parametrize(
    ("pointer", "value"),
    [("/rows/7", {"n": 7}), ("/a~1b/m~0n", "deep"), ("/", "empty key"), ("/rows/7/n", 7)],
)
def test_a_pointer_leads_into_data(pointer: str, value: Any) -> None:
    shown = read(task(data(ROWS)), pointer=pointer).text
    assert json.loads(shown.partition("\n")[2]) == value


def json_file(content: str, **facts: str) -> Part:
    return Part(kind="raw", raw=content.encode(), **facts)


@pytest.mark.parametrize(
    "facts", [{"media_type": "application/json; charset=utf-8"}, {"filename": "rows.json"}]
)
def test_a_pointer_leads_into_a_file_of_json(facts: dict[str, str]) -> None:
    known = task(text("see"), json_file(json.dumps(ROWS), **facts))
    shown = read(known, pointer="/rows/7").text
    assert json.loads(shown.partition("\n")[2]) == {"n": 7}


def test_data_comes_before_a_file_of_json() -> None:
    known = task(json_file('{"n": 1}', media_type="application/json"), data({"n": 2}))
    assert read(known, pointer="/n").text.endswith("\n2")


@pytest.mark.parametrize("content", ["{", "[" * 5_000 + "]" * 5_000, ""])
def test_a_file_of_broken_json_is_no_data(content: str) -> None:
    known = task(json_file(content, media_type="application/json"))
    assert "holds no data for a pointer" in read(known, pointer="").text


def test_the_empty_pointer_is_the_whole() -> None:
    shown = read(task(data({"n": 1})), pointer="").text
    assert json.loads(shown.partition("\n")[2]) == {"n": 1}


def test_a_pointer_without_its_first_slash_is_not_the_whole() -> None:
    with_slash = read(task(data(ROWS)), pointer="/rows/7").text
    assert read(task(data(ROWS)), pointer="rows/7").text == with_slash


def test_a_list_is_read_by_range() -> None:
    shown = read(task(data(ROWS)), pointer="/rows", offset=10, limit=2).text
    assert shown.endswith(
        'items 10 to 11 of 100, counted from 0\n\n{"n": 10}\n{"n": 11}\n\nRead on with offset=12.'
    )


def test_consecutive_ranges_of_a_list_are_the_list() -> None:
    known, found, offset = task(data([f"é{n}" * 40 for n in range(200)])), [], 0
    while offset < 200:
        shown = read(known, 2_000, pointer="", offset=offset).text
        place = ITEMS.search(shown)
        assert place
        found += [json.loads(line) for line in shown.split("\n") if line.startswith('"')]
        assert int(place[1]) == offset <= int(place[2])
        offset = int(place[2]) + 1
    assert found == [f"é{n}" * 40 for n in range(200)]


def test_an_offset_past_the_end_of_a_list_is_refused() -> None:
    shown = read(task(data([1, 2])), pointer="", offset=5).text
    assert "of 2" in shown
    assert "items 5 to 5" not in shown


@pytest.mark.parametrize(
    ("pointer", "said"),
    [("/nope", "rows"), ("/rows/100", "a list of 100"), ("/rows/7/n/x", "a single value")],
)
def test_a_pointer_that_leads_nowhere_says_what_is_there(pointer: str, said: str) -> None:
    shown = read(task(data(ROWS)), pointer=pointer).text
    assert "leads nowhere" in shown
    assert said in shown


@pytest.mark.parametrize("step", ["9" * 5000, "²", "-1", "01", "٣", "-"])
def test_a_strange_index_leads_nowhere(step: str) -> None:
    assert "leads nowhere" in read(task(data([0, 1, 2, 3])), pointer=f"/{step}").text


def test_a_pointer_into_text_says_that_there_is_no_data() -> None:
    assert "holds no data" in read(task(text("x")), pointer="/rows").text


@pytest.mark.parametrize("value", ["x" * 60_000, ["x" * 60_000], {"k" * 60_000: 1}])
def test_large_data_keeps_within_the_room(value: Any) -> None:
    assert len(read(task(data(value)), pointer="").text.encode()) <= ROOM
    assert len(read(task(data(value)), pointer="/nope").text.encode()) <= ROOM


def test_a_long_text_in_data_is_read_by_ranges_to_its_end() -> None:
    words = "سطر\n" * 8_000
    assert read_through(task(data({"report": words})), ROOM, pointer="/report") == words


def test_a_large_object_is_read_by_ranges_and_says_what_can_be_pointed_to() -> None:
    value = {f"key{n}": "x" * 50 for n in range(500)}
    shown = read(task(data(value)), pointer="").text
    assert "characters 0 to " in shown
    assert "Read on with offset=" in shown
    assert "the keys there are key0, key1" in shown
    assert "480 more" in shown
    whole, offset = "", 0
    while True:
        shown = read(task(data(value)), pointer="", offset=offset).text
        place = RANGE.search(shown)
        assert place
        piece = shown.partition("\n\n")[2].partition("\nOr read a member")[0]
        whole += re.sub(r"\n\nRead on with offset=\d+\.$", "", piece)
        offset = int(place[2]) + 1
        if offset == int(place[3]):
            break
    assert json.loads(whole) == value


def test_data_that_is_cut_says_that_a_pointer_leads_into_it() -> None:
    value = {f"key{n}": "x" * 50 for n in range(500)}
    first = read(task(text("Found:"), data(value)))
    assert "Or read a member by pointer: the keys there are key0, key1" in first.text
    assert len(first.text.encode()) <= ROOM
    assert "by pointer" not in read(task(text("Found:"), data(value)), offset=9_000).text
    assert "by pointer" not in read(task(text("Found:"), data({"n": 1}))).text


def test_a_range_of_a_short_text_in_data_is_exact() -> None:
    shown = read(task(data({"t": "0123456789"})), pointer="/t", offset=2, limit=3).text
    assert body(shown)[0] == "234"
