"""Search in an artifact: every hit is found and shown with its line number."""

from __future__ import annotations

import re

import pytest
from reading import (
    ROOM,
    body,
    read,
    task,
    text,
)


def test_a_search_shows_the_lines_around_each_hit_with_their_numbers() -> None:
    rows = [f"row {n}" for n in range(20)]
    rows[10] = "here is the Needle"
    shown = read(task(text("\n".join(rows))), search="needle").text
    assert "1 of 20 lines hold 'needle'" in shown
    assert "8: row 8\n9: row 9\n10: here is the Needle\n11: row 11\n12: row 12" in shown


@pytest.mark.parametrize(
    ("phrase", "line"),
    [
        ("INVOICE", "the invoice of May"),
        ("voic", "the invoice of May"),
        ("strasse", "Hauptstraße 5"),
        ("STRASSE", "HAUPTSTRAßE 5"),
        ("caf\u00e9", "a cafe\u0301 in Oslo"),
        ("CAFE\u0301", "a caf\u00e9 in Oslo"),
        ("σοφός", "ΣΟΦΌΣ"),
    ],
)
@pytest.mark.parametrize("filler", ["", "ß" * 5_000])
def test_a_phrase_is_found_in_any_case_also_inside_a_word(
    phrase: str, line: str, filler: str
) -> None:
    shown = read(task(text(f"first\n{filler}{line}{filler}\nlast")), search=phrase).text
    assert "1 of 3 lines hold" in shown
    assert line in shown


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


def test_a_search_repeated_with_the_offset_it_names_shows_every_hit() -> None:
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
