"""Agents' files never fill the disk, and no file of the user's is removed for them."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from a2a_mcp.files.quota import RECOUNT_SECONDS, SMALLEST_FILE, DiskQuota
from a2a_mcp.files.saving import folder_of, save
from a2a_mcp.files.sweep import SWEEP_SECONDS

START = 1_700_000_000.0
DAY = 86_400.0
KIB = 1024
LIMIT = 100 * KIB


class Clock:
    """A clock that a test sets."""

    now = START

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def room(root: Path, clock: Clock, *, own: bool = True, days: float = 30) -> DiskQuota:
    return DiskQuota(root, own=own, keep_seconds=days * DAY, keep_bytes=LIMIT, clock=clock)


def kept(there: DiskQuota, clock: Clock, task: str, size: int = 10 * KIB, name: str = "f") -> Path:
    """Save a file of a task, dated by the clock."""
    content = os.urandom(size)
    path = save(folder_of(there.root, "local", "it", task), name, content, there.reserve)
    os.utime(path, (clock.now, clock.now))
    return path


def names(root: Path) -> set[str]:
    return {path.parent.name for path in root.rglob("f")}


def test_the_oldest_files_are_removed_when_the_quota_is_full(tmp_path: Path, clock: Clock) -> None:
    there = room(tmp_path / "files", clock)
    paths = []
    for number in range(30):
        clock.now += 1
        paths.append(kept(there, clock, f"t{number}"))
        assert paths[-1].exists()
        assert sum(path.stat().st_size for path in there.root.rglob("f")) <= LIMIT
    left = [path.exists() for path in paths]
    assert left == sorted(left)
    assert sum(left) >= 8


def test_an_expired_file_is_removed_and_later_its_empty_folder(
    tmp_path: Path, clock: Clock
) -> None:
    there = room(tmp_path / "files", clock)
    old = kept(there, clock, "old")
    clock.now += 29 * DAY
    middle = kept(there, clock, "middle")
    assert old.exists()
    clock.now += 2 * DAY
    kept(there, clock, "new")
    assert (old.exists(), middle.exists()) == (False, True)
    os.utime(old.parent, (clock.now, clock.now))
    clock.now += 2 * SWEEP_SECONDS
    kept(there, clock, "newer")
    assert not old.parent.exists()


def test_a_file_larger_than_the_quota_is_refused_and_nothing_is_removed_for_it(
    tmp_path: Path, clock: Clock
) -> None:
    there = room(tmp_path / "files", clock)
    before = kept(there, clock, "before")
    with pytest.raises(OSError, match="keep_bytes"):
        kept(there, clock, "large", LIMIT + 1)
    assert list(there.root.rglob("f")) == [before]


def test_many_small_files_fill_the_quota_too(tmp_path: Path, clock: Clock) -> None:
    there = room(tmp_path / "files", clock)
    for number in range(60):
        clock.now += 1
        kept(there, clock, "t", 1, f"f{number}")
    assert len(list(there.root.rglob("f*"))) <= LIMIT // SMALLEST_FILE


def test_a_file_that_is_already_saved_takes_no_more_of_the_quota(
    tmp_path: Path, clock: Clock
) -> None:
    there = room(tmp_path, clock, own=False)
    folder = folder_of(tmp_path, "local", "it", "t")
    content = bytes(LIMIT - KIB)
    assert len({save(folder, "f", content, there.reserve) for _ in range(5)}) == 1


def test_a_full_folder_of_the_users_loses_no_file_and_takes_no_more(
    tmp_path: Path, clock: Clock
) -> None:
    mine = [tmp_path / "thesis.pdf", tmp_path / "work-2024" / "a.txt", tmp_path / "x" / "y" / "z"]
    for path in mine:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(LIMIT))
        os.utime(path, (0, 0))
    there = room(tmp_path, clock, own=False)
    paths = [kept(there, clock, f"t{number}") for number in range(10)]
    clock.now += 300 * DAY
    with pytest.raises(OSError, match="keep_bytes") as full:
        kept(there, clock, "one more")
    assert full.value.errno not in (errno.ENOENT, errno.EEXIST)
    assert all(path.exists() for path in mine + paths)
    assert len(names(tmp_path)) == 10
    paths[0].unlink()
    clock.now += RECOUNT_SECONDS + 1
    assert kept(there, clock, "one more").exists()


def test_files_outside_the_task_folders_are_never_counted_or_removed(
    tmp_path: Path, clock: Clock
) -> None:
    there = room(tmp_path / "files", clock)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "f").write_bytes(bytes(LIMIT))
    kept(there, clock, "t")
    (there.root / "it-0123456789abcdef").symlink_to(elsewhere)
    (there.root / "notes").mkdir()
    (there.root / "notes" / "n").write_bytes(bytes(LIMIT))
    clock.now += 40 * DAY
    kept(there, clock, "u")
    assert (elsewhere / "f").exists()
    assert (there.root / "notes" / "n").exists()
    assert len(names(there.root) - {"it-0123456789abcdef"}) == 1
