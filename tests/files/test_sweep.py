"""A sweep removes expired files first, then the oldest, and no file more than needed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from a2a_mcp.files.sweep import SWEEP_SECONDS, SweptFile, is_due, sweep

NOW = 1_000.0


def written(folder: Path, *sizes: int) -> list[SweptFile]:
    """Write files of these sizes; each is one second younger than the one before."""
    found = []
    for number, size in enumerate(sizes):
        path = folder / str(number)
        path.write_bytes(bytes(size))
        os.utime(path, (number, number))
        found.append(SweptFile(float(number), size, str(path)))
    return found


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_nothing_is_removed_within_both_limits(tmp_path: Path) -> None:
    assert sweep(written(tmp_path, 5, 5), NOW, keep_seconds=2_000, keep_bytes=10) == 10
    assert left(tmp_path) == ["0", "1"]


def test_an_expired_file_is_removed_although_there_is_room(tmp_path: Path) -> None:
    assert sweep(written(tmp_path, 5, 5), NOW, keep_seconds=NOW, keep_bytes=99) == 5
    assert left(tmp_path) == ["1"]


def test_the_oldest_files_are_removed_until_some_room_is_left(tmp_path: Path) -> None:
    files = written(tmp_path, 5, 5, 5)
    assert sweep(reversed(files), NOW, keep_seconds=2_000, keep_bytes=11) == 5
    assert left(tmp_path) == ["2"]


def test_needed_bytes_count_as_used(tmp_path: Path) -> None:
    files = written(tmp_path, 5, 5)
    assert sweep(files, NOW, keep_seconds=2_000, keep_bytes=20, needed_bytes=11) == 5


def test_a_file_that_another_process_removed_counts_as_removed(tmp_path: Path) -> None:
    files = written(tmp_path, 5, 5)
    os.unlink(files[0].path)
    assert sweep(files, NOW, keep_seconds=NOW, keep_bytes=99) == 5


@pytest.mark.parametrize(
    ("age", "due"), [(0.0, False), (SWEEP_SECONDS - 1, False), (SWEEP_SECONDS, True), (-1.0, True)]
)
def test_a_sweep_is_due_after_an_hour_and_when_the_clock_was_set_back(
    age: float, due: bool
) -> None:
    assert is_due(NOW - age, NOW) is due
