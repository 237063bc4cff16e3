import time
from itertools import pairwise

import pytest
from captures import captures, read
from hypothesis import given, settings
from hypothesis import strategies as st

from a2a_mcp.a2a.http.sse import EventDecoder, ServerSentEvent, TooLarge

LIMIT = 10_000


def events(*pieces: bytes, limit: int = LIMIT) -> list[ServerSentEvent]:
    decoder = EventDecoder(limit)
    found = [event for piece in pieces for event in decoder.feed(piece)]
    return found + decoder.end()


def data(*pieces: bytes) -> list[str]:
    return [event.data for event in events(*pieces)]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_each_of_the_three_line_ends_ends_a_line(end: bytes) -> None:
    assert data(b"data: a" + end + end + b"data: b" + end + end) == ["a", "b"]


@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\u0085", "\x0b", "\x0c", "\x1c", "\x1e"])
def test_no_other_character_ends_a_line(mark: str) -> None:
    assert data(f"data: a{mark}b\n\n".encode()) == [f"a{mark}b"]


@pytest.mark.parametrize(
    "name",
    [item.name for item in captures() if item.name.endswith("stream-unicode-line-separators")],
)
def test_a_servers_raw_line_separators_stay_in_their_event(name: str) -> None:
    (item,) = [item for item in captures() if item.name == name]
    stream = item.stream_bytes()
    assert stream is not None
    whole = read(stream)
    assert any("\u2028" in event.data and "\x85" in event.data for event in whole)
    assert all(event.data.startswith("{") and event.data.endswith("}") for event in whole)


def test_lines_of_data_are_joined_and_one_space_is_taken() -> None:
    assert data(b"data: {\ndata:  1\ndata:}\ndata\n\n") == ["{\n 1\n}\n"]


def test_an_event_may_have_a_name() -> None:
    stream = b"event: error\ndata: 1\n\ndata: 2\n\nevent\ndata: 3\n\n"
    assert [event.name for event in events(stream)] == ["error", "message", "message"]


def test_comments_ids_and_unknown_fields_are_passed_over() -> None:
    assert data(b": ping\n\n:\nid: 1\nretry: 86400000\nodd\nDATA: x\ndata: a\n\n: end") == ["a"]


def test_an_event_without_data_is_none() -> None:
    assert data(b"event: done\n\n\n\n") == []
    assert data(b"data:\n\n") == [""]


def test_the_last_event_needs_no_blank_line() -> None:
    assert data(b"data: a\n\ndata: b") == ["a", "b"]
    assert data(b"data: a\r") == ["a"]


def test_a_byte_order_mark_is_taken_at_the_start_only() -> None:
    assert data(b"\xef\xbb\xbfdata: a\n\n\xef\xbb\xbfdata: b\n\n") == ["a"]
    assert data(b"\xef", b"\xbb", b"\xbfdata: a\n\n") == ["a"]


def test_characters_split_between_pieces_are_whole_again() -> None:
    euro = "data: €\n\n".encode()
    assert data(euro[:7], euro[7:8], euro[8:]) == ["€"]


def test_bytes_that_are_no_utf_8_are_replaced() -> None:
    assert data(b"data: a\xffb\xed\xa0\x80\n\n") == ["a\ufffdb\ufffd\ufffd\ufffd"]


def test_a_cr_lf_split_between_pieces_is_one_line_end() -> None:
    assert data(b"data: a\r", b"\ndata: b\r", b"\n\r", b"\n") == ["a\nb"]
    assert data(b"data: a\r", b"", b"\n\r\n") == ["a"]


def test_a_cr_at_the_end_of_a_piece_gives_its_event_at_once() -> None:
    decoder = EventDecoder(LIMIT)
    assert decoder.feed(b"data: a\r\r") == [ServerSentEvent("message", "a")]
    assert decoder.feed(b"\ndata: b\r\r") == [ServerSentEvent("message", "b")]


@pytest.mark.parametrize(
    "stream",
    [
        b"data: " + b"x" * LIMIT + b"\n\n",
        b"data: " + b"x" * LIMIT,
        b"x" * (LIMIT + 1),
        b": " + b"x" * LIMIT,
        b"data: xxxx\n" * (LIMIT // 5),
        b"data:\n" * LIMIT,
    ],
)
def test_an_event_beyond_its_limit_is_refused(stream: bytes) -> None:
    with pytest.raises(TooLarge):
        events(stream)
    with pytest.raises(TooLarge):
        events(*(stream[start : start + 7] for start in range(0, len(stream), 7)))


def test_the_limit_is_of_one_event_not_of_all() -> None:
    assert len(events(b"data: " + b"x" * 900 + b"\n\n", *[b"data: y\n\n"] * 5_000)) == 5_001
    assert data(b": ping\n" * 5_000 + b"data: a\n\n") == ["a"]


def test_an_endless_line_in_tiny_pieces_costs_no_more_than_its_length() -> None:
    decoder = EventDecoder(4 * 1024 * 1024)
    start = time.process_time()
    for _ in range(50_000):
        decoder.feed(b"x" * 20)
    assert time.process_time() - start < 2


LINES = st.sampled_from(
    [
        b"data: a",
        b"data:b ",
        b"data",
        b"event: error",
        b": note",
        b"",
        b"",
        "data: \u2028€😀".encode(),
        b"data: \xff\xfe",
        b"\xef\xbb\xbfdata: c",
        b"id: 1",
    ]
)
STREAMS = st.lists(st.tuples(LINES, st.sampled_from([b"\n", b"\r\n", b"\r"])), max_size=12).map(
    lambda lines: b"".join(line + end for line, end in lines)
)


@settings(max_examples=300)
@given(STREAMS, st.lists(st.integers(0, 200), max_size=12))
def test_any_split_of_the_bytes_gives_the_same_events(stream: bytes, cuts: list[int]) -> None:
    borders = [0, *sorted(cut for cut in cuts if cut < len(stream)), len(stream)]
    pieces = [stream[a:b] for a, b in pairwise(borders)]
    whole = events(stream)
    assert events(*pieces) == whole
    assert events(*(stream[at : at + 1] for at in range(len(stream)))) == whole
