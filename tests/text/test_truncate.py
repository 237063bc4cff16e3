"""A cut keeps whole characters within its limit."""

from __future__ import annotations

import pytest

from a2a_mcp.text.truncate import shorten


@pytest.mark.parametrize(
    ("limit", "short"),
    [(99, "naïve café"), (12, "naïve café"), (11, "naïve c…"), (5, "na…"), (2, "")],
)
def test_a_cut_keeps_whole_characters_within_the_limit(limit: int, short: str) -> None:
    assert shorten("naïve café", limit) == short
    assert len(shorten("naïve café", limit).encode()) <= limit
