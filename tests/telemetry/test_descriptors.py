"""How many files this process may have open bounds how many tasks it follows."""

from __future__ import annotations

import logging
import sys

import pytest

from a2a_mcp.telemetry.descriptors import SPARE, bounded_by_descriptors

resource = pytest.importorskip("resource")


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Return the limits of a process that has only these."""
    now = {"soft": 1024, "hard": 4096}

    def set_limit(_: int, wanted: tuple[int, int]) -> None:
        if wanted[0] > now["hard"]:
            raise ValueError("above the hard limit")
        now["soft"] = wanted[0]

    monkeypatch.setattr(resource, "getrlimit", lambda _: (now["soft"], now["hard"]))
    monkeypatch.setattr(resource, "setrlimit", set_limit)
    return now


@pytest.mark.parametrize(
    ("wanted", "allowed", "soft"),
    [(500, 500, 1024), (2000, 2000, 2000 + SPARE), (10_000, 4096 - SPARE, 4096)],
)
def test_the_limit_is_raised_as_far_as_needed_and_allowed(
    wanted: int,
    allowed: int,
    soft: int,
    limits: dict[str, int],
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        assert bounded_by_descriptors(wanted) == allowed
    assert limits["soft"] == soft
    assert ("max_followed" in caplog.text) is (allowed < wanted)


def test_a_limit_that_cannot_be_raised_counts_as_it_is(
    limits: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("not permitted")

    monkeypatch.setattr(resource, "setrlimit", refuse)
    assert bounded_by_descriptors(2000) == 1024 - SPARE


def test_a_system_without_such_limits_bounds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resource", None)
    assert bounded_by_descriptors(5_000) == 5_000
