"""Titles of tasks: the first line of a message, short, without secrets."""

from __future__ import annotations

import pytest

from a2a_mcp.text.masking import Mask
from a2a_mcp.text.titles import title_of

SECRET = "Zq7-hvrse-bqttery-xtvple"


@pytest.mark.parametrize(
    ("message", "title"),
    [
        ("Compare heat pumps\nfor Oslo, in full", "Compare heat pumps"),
        ("  \n\n  Compare   heat pumps  ", "Compare heat pumps"),
        ("é" * 80, "é" * 80),
        ("é" * 81, "é" * 79 + "…"),
        (f"Log in with {SECRET} now", "Log in with *** now"),
        ("a\x1b[2Jb\u202ec", "a\\u001b[2Jb\\u202ec"),
        ("", None),
        (" \n\t", None),
    ],
)
def test_a_title_is_the_first_line_without_what_must_not_be_shown(
    message: str, title: str | None
) -> None:
    assert title_of(message, Mask([SECRET]).pieces) == title


def test_no_part_of_a_secret_is_in_a_title_wherever_the_message_is_cut() -> None:
    for filler in range(4_000 - len(SECRET), 4_001):
        shown = title_of("x\r" * 10 + " " * (filler - 20) + SECRET, Mask([SECRET]).pieces) or ""
        assert SECRET[:6] not in shown
