"""One artifact in exact pieces: by range, by search, by pointer, as a picture."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from a2a_mcp.a2a.model import Artifact, Part, Task, TaskState, TaskStatus
from a2a_mcp.errors import NotAllowed
from a2a_mcp.presentation.artifact import ArtifactPiece, read_artifact
from a2a_mcp.presentation.artifact_request import (
    ArtifactRequest,
    NothingThere,
    find_requested,
    shown_id,
)
from a2a_mcp.presentation.attachments import LARGEST_MEDIA, media_of
from a2a_mcp.text.untrusted import scrub

ROOM = 10_000
RANGE = re.compile(r" · (?:characters|lines) (\d+) to (\d+) of (\d+)")
ITEMS = re.compile(r"items (\d+) to (\d+) of (\d+)")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


def text(words: str) -> Part:
    return Part(kind="text", text=words)


def data(value: Any) -> Part:
    return Part(kind="data", data=value)


def task(*parts: Part, name: str | None = None, artifact_id: str = "a1") -> Task:
    made = Artifact(artifact_id=artifact_id, name=name, parts=parts)
    return Task(id="t1", status=TaskStatus(state=TaskState.COMPLETED), artifacts=(made,))


def read(known: Task, room: int = ROOM, artifact_id: str = "a1", **wanted: Any) -> ArtifactPiece:
    try:
        return read_masked(known, ArtifactRequest(artifact_id, **wanted), room)
    except NothingThere as error:
        return ArtifactPiece(error.message)


def read_masked(
    known: Task, wanted: ArtifactRequest, room: int, mask: Callable[[str], str] = str
) -> ArtifactPiece:
    artifact, parts = find_requested("agent", known, wanted, mask)
    return read_artifact("agent", artifact, parts, wanted, room, mask)


def body(shown: str) -> tuple[str, int | None]:
    """Give the piece itself and where to read on."""
    heading, _, rest = shown.partition("\n\n")
    found = RANGE.search(heading)
    if found is None:
        return rest, None
    _, last, total = map(int, found.groups())
    end = last + 1
    piece = re.sub(rf"\n\nRead on with offset={end}(, unit=\"lines\")?\.$", "", rest)
    return piece, end if end < total else None


def read_through(known: Task, room: int, **wanted: Any) -> str:
    whole, offset = "", 0
    for _ in range(5000):
        piece, more = body(read(known, room, offset=offset, **wanted).text)
        whole += piece
        if more is None:
            return whole
        assert more > offset
        offset = more
    raise AssertionError("reading never ends")


# --- ranges ---


def test_a_short_text_comes_whole_under_a_heading() -> None:
    assert read(task(text("Sunny."), name="weather")).text == (
        "agent · artifact_id a1 · weather\n\nSunny."
    )


def test_an_artifact_without_anything_in_it_says_so() -> None:
    assert body(read(task(text(""))).text)[0]
    assert body(read(task()).text)[0]


def test_a_range_of_characters_is_exact_and_says_where_it_is() -> None:
    shown = read(task(text("0123456789")), offset=2, limit=3).text
    assert shown == (
        "agent · artifact_id a1 · characters 2 to 4 of 10, counted from 0\n\n234\n\n"
        "Read on with offset=5."
    )


def test_characters_are_counted_as_a_person_would_not_as_bytes() -> None:
    assert body(read(task(text("日本語のテキスト")), offset=2, limit=2).text)[0] == "語の"


def test_a_range_of_lines_is_exact() -> None:
    rows = "".join(f"row {n}\n" for n in range(10))
    shown = read(task(text(rows)), unit="lines", offset=3, limit=2).text
    assert shown == (
        "agent · artifact_id a1 · lines 3 to 4 of 10, counted from 0\n\nrow 3\nrow 4\n\n\n"
        'Read on with offset=5, unit="lines".'
    )


def test_an_offset_past_the_end_is_said() -> None:
    assert read(task(text("abc")), offset=3).text == (
        "The offset 3 is past the end of 3 characters."
    )
    assert "past the end" in read(task(text("abc")), unit="lines", offset=7).text


def test_pieces_of_text_are_joined_without_separator_and_data_stands_on_its_own_lines() -> None:
    shown = body(read(task(text("Ber"), text("lin"), data({"n": 1}), text("end"))).text)[0]
    assert shown == 'Berlin\n{\n  "n": 1\n}\nend'


def test_one_part_can_be_read_alone() -> None:
    assert body(read(task(text("first"), text("second")), part=1).text)[0] == "second"


@pytest.mark.parametrize("part", [2, -1])
def test_a_part_that_is_not_there_is_refused_with_those_there_are(part: int) -> None:
    with pytest.raises(NotAllowed) as caught:
        read(task(text("first"), text("second")), part=part)
    assert "0 to 1" in caught.value.next_step
    assert caught.value.task_id == "t1"


def test_an_artifact_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(NotAllowed) as caught:
        read(task(text("x")), artifact_id="a2")
    assert "'a2'" in caught.value.message
    assert "a1" in caught.value.next_step


def test_an_id_works_as_it_was_shown_even_if_it_had_to_be_scrubbed() -> None:
    hostile = task(text("x"), artifact_id="a\u202eb")
    assert body(read(hostile, artifact_id=scrub("a\u202eb")).text)[0] == "x"


def test_hostile_text_is_shown_as_escapes() -> None:
    shown = read(task(text("a\x1b[2J\u202e"), name="n\x07")).text
    assert not {"\x1b", "\u202e", "\x07"} & set(shown)


scripts = st.text(
    st.characters(codec=None)
    | st.sampled_from("\r\n\u2028\u2029\x85\x0b\x0cé日👩\u200d\u202e\U000e0041\ud800\t"),
    max_size=400,
)


@given(st.lists(scripts, min_size=1, max_size=3), st.sampled_from([401, 420, 500, 2000]))
@settings(max_examples=80, deadline=None)
def test_consecutive_ranges_of_characters_join_to_exactly_the_text(
    words: list[str], room: int
) -> None:
    if "".join(words):
        assert read_through(task(*map(text, words)), room) == scrub("".join(words))


@given(scripts, st.integers(1, 50))
@settings(max_examples=60, deadline=None)
def test_ranges_of_any_size_join_to_exactly_the_text(words: str, size: int) -> None:
    if words:
        assert read_through(task(text(words)), ROOM, limit=size) == scrub(words)


@given(st.lists(scripts, min_size=1, max_size=20), st.integers(1, 7))
@settings(max_examples=60, deadline=None)
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


def test_a_long_name_does_not_break_the_room() -> None:
    assert len(read(task(text("x" * 50_000), name="n" * 50_000)).text.encode()) <= ROOM


# --- search ---


def test_a_search_shows_the_lines_around_each_hit_with_their_numbers() -> None:
    rows = [f"row {n}" for n in range(20)]
    rows[10] = "here is the Needle"
    shown = read(task(text("\n".join(rows))), search="needle").text
    assert "1 of 20 lines hold 'needle'" in shown
    assert "8: row 8\n9: row 9\n10: here is the Needle\n11: row 11\n12: row 12" in shown


def test_the_number_of_a_hit_is_the_offset_that_reads_it() -> None:
    known = task(text("\n".join(f"row {n}\u2028" for n in range(50))))
    shown = read(known, search="row 31").text
    number = re.search(r"(\d+): row 31", shown)
    assert number
    line = body(read(known, unit="lines", offset=int(number[1]), limit=1).text)[0]
    assert line.startswith("row 31")


def test_a_search_without_a_hit_says_so() -> None:
    shown = read(task(text("a\nb")), search="z").text
    assert "'z' does not occur" in shown


def test_many_hits_are_counted_and_the_first_ones_shown_within_the_room() -> None:
    shown = read(task(text("needle\n" * 5000)), search="needle").text
    assert "5000 of 5000 lines" in shown
    assert len(shown.encode()) <= ROOM


def test_a_search_goes_on_at_the_offset_that_it_names_until_every_hit_was_shown() -> None:
    rows = [f"needle {n}" if n % 3 == 0 else f"row {n}" for n in range(100)]
    known, found, offset = task(text("\n".join(rows))), [], 0
    while True:
        shown = read(known, search="needle", offset=offset).text
        assert "34 of 100 lines hold 'needle'" in shown
        found += re.findall(r"^\d+: needle (\d+)$", shown, re.MULTILINE)
        more = re.search(r"search again with offset=(\d+)\.", shown)
        if more is None:
            break
        assert int(more[1]) > offset
        offset = int(more[1])
    assert found == [str(n) for n in range(0, 100, 3)]
    past = read(known, search="needle", offset=100).text
    assert "does not occur from line 100 on; 34 lines before hold it" in past


def test_a_hit_in_a_very_long_line_is_shown_with_what_is_around_it() -> None:
    shown = read(task(text("x" * 100_000 + " needle " + "y" * 100_000)), search="needle").text
    assert "x needle y" in shown
    assert len(shown.encode()) <= ROOM


# --- data ---

ROWS = {"rows": [{"n": n} for n in range(100)], "a/b": {"m~n": "deep"}, "": "empty key"}


@pytest.mark.parametrize(
    ("pointer", "value"),
    [("/rows/7", {"n": 7}), ("/a~1b/m~0n", "deep"), ("/", "empty key"), ("/rows/7/n", 7)],
)
def test_a_pointer_leads_into_data(pointer: str, value: Any) -> None:
    shown = read(task(data(ROWS)), pointer=pointer).text
    assert json.loads(shown.partition("\n")[2]) == value


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


def test_an_offset_past_a_lists_end_is_said() -> None:
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


def test_a_range_of_a_short_text_in_data_is_exact() -> None:
    shown = read(task(data({"t": "0123456789"})), pointer="/t", offset=2, limit=3).text
    assert body(shown)[0] == "234"


# --- pictures and sound ---


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0rest", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "audio/wav"),
        (b"OggS\x00", "audio/ogg"),
        (b"ID3\x04", "audio/mpeg"),
    ],
)
def test_pictures_and_sound_are_known_by_their_first_bytes_alone(start: bytes, kind: str) -> None:
    media = media_of(Part(kind="raw", raw=start, media_type="application/pdf"))
    assert media
    assert (media.media_type, media.data) == (kind, start)


@pytest.mark.parametrize(
    "content", [b"<svg onload=alert(1)>", b"%PDF-1.7", b"RIFF\0\0\0\0AVI ", b"", b"<html>"]
)
def test_bytes_that_only_claim_to_be_a_picture_are_not_shown(content: bytes) -> None:
    part = Part(kind="raw", raw=content, media_type="image/png", filename="x.png")
    assert media_of(part) is None
    shown = read(task(part))
    assert shown.media == ()
    assert f"[file 'x.png': image/png, {len(content)} bytes]" in shown.text


def test_a_picture_comes_beside_words_that_name_it() -> None:
    shown = read(task(Part(kind="raw", raw=PNG, media_type="image/png", filename="dot.png")))
    assert [media.data for media in shown.media] == [PNG]
    assert "dot.png" in shown.text


@pytest.mark.parametrize("later", [{"offset": 3}, {"search": "see"}, {"pointer": "/dots"}])
def test_a_picture_comes_once_with_the_first_piece(later: dict[str, Any]) -> None:
    known = task(text("see it"), Part(kind="raw", raw=PNG), data({"dots": [1, 2]}))
    assert read(known).media
    assert read(known, **later).media == ()


def test_a_picture_too_large_for_a_host_is_named_and_not_shown() -> None:
    shown = read(task(Part(kind="raw", raw=PNG + bytes(LARGEST_MEDIA), filename="big.png")))
    assert shown.media == ()
    assert "big.png" in shown.text


def test_many_pictures_stay_far_below_what_breaks_a_hosts_connection() -> None:
    large = Part(kind="raw", raw=PNG + bytes(LARGEST_MEDIA - 100))
    shown = read(task(*[large] * 12))
    assert 0 < sum(len(media.data) for media in shown.media) <= 4 * 1024 * 1024


def test_a_link_is_shown_and_nothing_is_fetched() -> None:
    shown = read(task(Part(kind="url", url="http://127.0.0.1:1/x.png", media_type="image/png")))
    assert shown.media == ()
    assert "http://127.0.0.1:1/x.png" in shown.text


def test_a_secret_at_the_border_of_a_range_does_not_pass_by_half() -> None:
    known = task(text("the token is SUPERSECRET, they said"))
    assert "SUPER" not in read_masked(known, ArtifactRequest("a1", limit=18), ROOM, hide).text


def hide(words: str) -> str:
    return words.replace("SUPERSECRET", "***")


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


def test_half_a_secret_is_no_name_of_a_link() -> None:
    def hide(whole: str) -> str:
        return whole.replace("SUPERSECRET", "***")

    for filler in range(170, 200, 5):
        url = f"https://e.example/{'x' * filler}SUPERSECRET"
        (link,) = read_masked(
            task(Part(kind="url", url=url)), ArtifactRequest("a1"), ROOM, hide
        ).links
        assert "SUPER" not in link.name
