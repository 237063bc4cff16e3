"""Which artifact and which part a request names."""

from __future__ import annotations

import pytest
from reading import (
    body,
    read,
    task,
    text,
)

from a2a_mcp.errors import NotAllowed
from a2a_mcp.text.untrusted import scrub


def test_one_part_can_be_read_alone() -> None:
    assert body(read(task(text("first"), text("second")), part=1).text)[0] == "second"


@pytest.mark.parametrize("part", [2, -1])
def test_an_unknown_part_is_refused_with_the_known_ones(part: int) -> None:
    with pytest.raises(NotAllowed) as caught:
        read(task(text("first"), text("second")), part=part)
    assert "0 to 1" in caught.value.next_step
    assert caught.value.task_id == "t1"


def test_an_unknown_artifact_is_refused_with_the_known_ones() -> None:
    with pytest.raises(NotAllowed) as caught:
        read(task(text("x")), artifact_id="a2")
    assert "'a2'" in caught.value.message
    assert "a1" in caught.value.next_step


def test_a_scrubbed_id_works_as_it_is_shown() -> None:
    hostile = task(text("x"), artifact_id="a\u202eb")
    assert body(read(hostile, artifact_id=scrub("a\u202eb")).text)[0] == "x"
