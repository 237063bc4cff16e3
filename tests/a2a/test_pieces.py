"""The pieces of an artifact, put together as they come."""

from __future__ import annotations

import math
import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from a2a_mcp.a2a.cumulative import with_whole_texts
from a2a_mcp.a2a.model import Artifact, Part, Task, TaskState, TaskStatus
from a2a_mcp.a2a.pieces import KEPT_APART, MOST_APART, MOST_PARTS, rest_after, with_pieces

TEXTS = st.lists(st.text(alphabet="ab \n", max_size=6), max_size=3 * MOST_APART)


def parts(*texts: str) -> tuple[Part, ...]:
    return tuple(Part(kind="text", text=text) for text in texts)


def together(*pieces: Part) -> tuple[Part, ...]:
    known: tuple[Part, ...] = ()
    for piece in pieces:
        known = with_pieces(known, (piece,))
    return known


def text_of(some: tuple[Part, ...]) -> str:
    return "".join(part.text for part in some)


@given(TEXTS)
def test_no_word_is_lost_and_few_parts_remain(texts: list[str]) -> None:
    known = together(*parts(*texts))
    assert text_of(known) == "".join(texts)
    assert len(known) <= MOST_APART


@given(TEXTS, st.integers(0, 3 * MOST_APART))
def test_what_follows_known_pieces_is_found_though_they_were_joined(
    texts: list[str], told: int
) -> None:
    known = together(*parts(*texts[:told]))
    rest = rest_after(parts(*texts), known)
    assert rest is not None
    assert text_of(rest) == "".join(texts[told:])


def test_nothing_follows_pieces_that_are_not_known() -> None:
    known = together(*parts(*map(str, range(200))))
    other = parts("x", *map(str, range(1, 300)))
    assert rest_after(other, known) is None
    assert rest_after(parts("".join(map(str, range(300)))), known) is None


def test_a_few_pieces_stay_as_they_came() -> None:
    some = parts(*(f"{n} " for n in range(MOST_APART)))
    assert together(*some) == some


def test_the_last_pieces_stay_apart() -> None:
    some = parts(*(f"{n} " for n in range(1000)))
    assert together(*some)[-KEPT_APART:] == some[-KEPT_APART:]


def test_texts_of_another_kind_are_not_joined() -> None:
    thought = Part(kind="text", text="hm ", metadata={"thought": True})
    known = together(*(part for n in range(100) for part in (*parts(f"{n} "), thought)))
    assert [part.text for part in known if part.metadata] == ["hm "] * 100


def test_parts_keep_their_numbers_where_not_all_are_plain_text() -> None:
    file = Part(kind="raw", raw=b"x", filename="a.png")
    some = (*parts(*map(str, range(300))), file, *parts("end"))
    known = with_pieces((file,), some)
    assert known == (file, *some)


def test_of_too_many_parts_the_first_are_kept_and_a_word_says_so() -> None:
    data = Part(kind="data", data=1)
    known = together(*[data] * (MOST_PARTS + 50))
    assert known[:-1] == (data,) * (MOST_PARTS - 1)
    assert known[-1].problem == f"only {MOST_PARTS} parts are kept"


def test_pieces_that_each_hold_the_whole_text_so_far_are_told_once() -> None:
    words = [f"{n} " for n in range(400)]
    said = together(*parts(*("".join(words[: n + 1]) for n in range(400))))
    assert len(said) <= MOST_APART
    ended = Task(
        id="t",
        status=TaskStatus(state=TaskState.COMPLETED),
        artifacts=(Artifact(artifact_id="a", parts=said),),
    )
    assert with_whole_texts(ended).artifacts[0].parts == parts("".join(words))


def test_a_text_in_small_pieces_takes_little_more_memory_than_its_length() -> None:
    count, piece = 20_000, "0123456789"
    tracemalloc.start()
    known: tuple[Part, ...] = ()
    for _ in range(count):
        known = with_pieces(known, parts(piece))
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert held < 2 * count * len(piece)
    assert len(known) < MOST_APART + math.log2(count)
