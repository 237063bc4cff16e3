"""Times and durations as a model reads them."""

from __future__ import annotations

import pytest

from a2a_mcp.text.times import rfc3339, roughly


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "less than a second"),
        (0.9, "less than a second"),
        (1, "1 second"),
        (119, "1 minute"),
        (3 * 3600, "3 hours"),
        (400 * 86_400, "400 days"),
    ],
)
def test_a_duration_is_told_in_whole_units_of_the_largest_kind(seconds: float, words: str) -> None:
    assert roughly(seconds) == words


def test_a_moment_is_told_in_utc() -> None:
    assert rfc3339(1_700_000_000.9) == "2023-11-14T22:13:20Z"
