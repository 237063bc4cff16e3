"""One piece of an artifact: its heading, its text, and no half of a secret."""

from __future__ import annotations

import pytest
from reading import (
    ROOM,
    body,
    data,
    hide,
    read,
    read_masked,
    task,
    text,
)

from a2a_mcp.errors import NotAllowed
from a2a_mcp.presentation.artifact_request import (
    ArtifactRequest,
    shown_id,
)


def test_a_short_text_comes_whole_under_a_heading() -> None:
    assert read(task(text("Sunny."), name="weather")).text == (
        "agent · artifact_id a1 · weather\n\nSunny."
    )


def test_an_empty_artifact_says_that_it_is_empty() -> None:
    assert body(read(task(text(""))).text)[0]
    assert body(read(task()).text)[0]


def test_texts_are_joined_without_separator_and_data_has_its_own_lines() -> None:
    shown = body(read(task(text("Ber"), text("lin"), data({"n": 1}), text("end"))).text)[0]
    assert shown == 'Berlin\n{"n": 1}\nend'


def test_hostile_text_is_shown_as_escapes() -> None:
    shown = read(task(text("a\x1b[2J\u202e"), name="n\x07")).text
    assert not {"\x1b", "\u202e", "\x07"} & set(shown)


def test_a_long_name_does_not_break_the_room() -> None:
    assert len(read(task(text("x" * 50_000), name="n" * 50_000)).text.encode()) <= ROOM


def test_no_half_of_a_secret_passes_at_the_border_of_a_range() -> None:
    known = task(text("the token is SUPERSECRET, they said"))
    assert "SUPER" not in read_masked(known, ArtifactRequest("a1", limit=18), ROOM, hide).text


@pytest.mark.parametrize("before", range(0, 80, 7))
def test_no_half_of_a_secret_passes_where_data_is_cut(before: int) -> None:
    words = "x" * (9_000 + before) + "SUPERSECRET" + "y" * 3_000
    for value, pointer in ((words, ""), ({"k": words}, ""), ([words[:8_900], words], "/1")):
        shown = read_masked(
            task(data(value)), ArtifactRequest("a1", pointer=pointer), ROOM, hide
        ).text
        assert "SUPER" not in shown
        assert "SECRET" not in shown


@pytest.mark.parametrize("before", range(485, 515, 3))
def test_no_half_of_a_secret_passes_in_a_name_or_an_id_that_is_cut(before: int) -> None:
    words = "n" * before + "SUPERSECRET" + "m" * 600
    known = task(text("x"), name=words[300:], artifact_id=words)
    shown = shown_id(known.artifacts[0], hide)
    answer = read_masked(known, ArtifactRequest(shown), ROOM, hide)
    assert "SUPE" not in answer.text
    with pytest.raises(NotAllowed) as caught:
        read_masked(known, ArtifactRequest("other"), ROOM, hide)
    assert "SUPE" not in caught.value.next_step
