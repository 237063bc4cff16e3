"""Ranges of a text: exact, within their room, and without gaps."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import (
    ROOM,
    body,
    read,
    read_through,
    task,
    text,
)

from a2a_mcp.text.untrusted import scrub


def test_a_range_of_characters_is_exact_and_says_where_it_is() -> None:
    shown = read(task(text("0123456789")), offset=2, limit=3).text
    assert shown == (
        "agent · artifact_id a1 · characters 2 to 4 of 10, counted from 0\n\n234\n\n"
        "Read on with offset=5."
    )


def test_offsets_count_characters_and_not_bytes() -> None:
    assert body(read(task(text("日本語のテキスト")), offset=2, limit=2).text)[0] == "語の"


def test_a_range_of_lines_is_exact() -> None:
    rows = "".join(f"row {n}\n" for n in range(10))
    shown = read(task(text(rows)), unit="lines", offset=3, limit=2).text
    assert shown == (
        "agent · artifact_id a1 · lines 3 to 4 of 10, counted from 0\n\nrow 3\nrow 4\n\n\n"
        'Read on with offset=5, unit="lines".'
    )


def test_an_offset_past_the_end_is_refused() -> None:
    assert read(task(text("abc")), offset=3).text == (
        "The offset 3 is past the end of 3 characters."
    )
    assert "past the end" in read(task(text("abc")), unit="lines", offset=7).text


scripts = st.text(
    st.characters(codec=None)
    | st.sampled_from("\r\n\u2028\u2029\x85\x0b\x0cé日👩\u200d\u202e\U000e0041\ud800\t"),
    max_size=400,
)


@given(st.lists(scripts, min_size=1, max_size=3), st.sampled_from([401, 420, 500, 2000]))
@settings(max_examples=80)
def test_consecutive_ranges_of_characters_join_to_exactly_the_text(
    words: list[str], room: int
) -> None:
    if "".join(words):
        assert read_through(task(*map(text, words)), room) == scrub("".join(words))


@given(scripts, st.integers(1, 50))
@settings(max_examples=60)
def test_ranges_of_any_size_join_to_exactly_the_text(words: str, size: int) -> None:
    if words:
        assert read_through(task(text(words)), ROOM, limit=size) == scrub(words)


@given(st.lists(scripts, min_size=1, max_size=20), st.integers(1, 7))
@settings(max_examples=60)
def test_consecutive_ranges_of_lines_join_to_exactly_the_text(rows: list[str], size: int) -> None:
    words = "\n".join(rows)
    if words:
        assert read_through(task(text(words)), 100_000, unit="lines", limit=size) == scrub(words)


@pytest.mark.parametrize("letter", ["a", "é", "日", "👩", "\n", "\x00"], ids=repr)
def test_a_piece_of_any_script_keeps_within_its_room(letter: str) -> None:
    shown = read(task(text(letter * 60_000))).text
    assert ROOM // 2 < len(shown.encode()) <= ROOM


@pytest.mark.parametrize("unit", ["characters", "lines"])
def test_a_single_long_line_keeps_within_the_room_and_says_how_to_read_it(unit: Any) -> None:
    shown = read(task(text("x" * 200_000)), unit=unit).text
    assert len(shown.encode()) <= ROOM
    assert "characters" in shown or "Read on" in shown
