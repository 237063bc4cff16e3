"""Which ids are accepted, whoever made them."""

from __future__ import annotations

import pytest

from a2a_mcp.a2a.ids import LONGEST_ID_BYTES, is_usable_id


@pytest.mark.parametrize("text", ["", "t1", "x" * LONGEST_ID_BYTES, "é" * (LONGEST_ID_BYTES // 2)])
def test_an_id_within_the_limit_is_usable(text: str) -> None:
    assert is_usable_id(text)


@pytest.mark.parametrize("text", ["x" * (LONGEST_ID_BYTES + 1), "é" * LONGEST_ID_BYTES, "\ud800"])
def test_an_id_that_is_too_long_or_not_unicode_is_not_usable(text: str) -> None:
    assert not is_usable_id(text)
