"""Long texts are worked on in steps, and the result is that of the whole."""

import pytest

from a2a_mcp.text.steps import STEP, steps, utf8_size
from a2a_mcp.text.untrusted import scrub

FLAG = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
UNIT = f"line\r\n{FLAG} \u202e and \x1b[0m plain words here\n"
LONG = UNIT * (2 * STEP // len(UNIT))


def test_steps_are_all_of_a_text() -> None:
    assert "".join(steps(LONG)) == LONG
    assert list(steps("short")) == ["short"]


@pytest.mark.parametrize("text", [LONG, "a" * (3 * STEP), "\ud800\u00e9" * STEP])
def test_the_size_of_a_long_text_is_that_of_its_bytes(text: str) -> None:
    assert utf8_size(text) == len(text.encode("utf-8", "replace"))


@pytest.mark.parametrize("unit", [UNIT, UNIT.replace("\n", "")])
def test_a_long_text_is_scrubbed_like_a_short_one(unit: str) -> None:
    count = 2 * STEP // len(unit)
    assert scrub(unit * count) == scrub(unit) * count


def test_a_clean_long_text_is_the_same_object() -> None:
    text = "clean\n" * STEP
    assert scrub(text) is text
