"""A store that runs out of disk, descriptors or patience, with limits that only POSIX can set."""

from __future__ import annotations

import fcntl
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest
from store.sqlite.stores import begun, listed, opened

from a2a_mcp.a2a.model import TaskState

pytestmark = pytest.mark.anyio


@contextmanager
def writes_end_at(size: int) -> Iterator[None]:
    """No file may grow beyond `size` bytes: SQLite's writes past it fail, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def open_descriptors() -> int:
    return len(os.listdir("/dev/fd"))


async def test_nobody_opens_the_file_while_another_process_may_be_moving_it(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as tasks:
        with (tmp_path / "tasks.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            async with anyio.create_task_group() as group:
                group.start_soon(begun, tasks, "m1")
                for _ in range(20):
                    await anyio.sleep(0.001)
                    assert not (tmp_path / "tasks.db").exists()
                fcntl.flock(lock, fcntl.LOCK_UN)
        assert await listed(tasks) == ["m1"]
        assert tasks.problem is None


async def test_a_disk_that_fills_up_at_any_write_loses_no_task(tmp_path: Path) -> None:
    spilled = 0
    for size in [0, 1, *range(2048, 600_000, 12_000)]:
        folder = tmp_path / str(size)
        async with opened(folder) as tasks:
            await begun(tasks, "before", "before")
            with writes_end_at(size):
                for number in range(12):
                    record = await begun(tasks, f"m{number}", f"t{number}")
                    await tasks.update(record, state=TaskState.COMPLETED)
            await begun(tasks, "after", "after")
            expected = sorted(["before", "after", *(f"m{number}" for number in range(12))])
            assert await listed(tasks) == expected
            spilled += tasks.problem is not None
            kept = expected if tasks.problem is None else ["before"]
        async with opened(folder) as tasks:
            assert set(await listed(tasks)) >= set(kept)
            assert tasks.problem is None
    assert 5 < spilled < 45


async def test_a_full_disk_at_the_start_still_knows_the_tasks_of_before(tmp_path: Path) -> None:
    async with opened(tmp_path) as tasks:
        await begun(tasks, "before", "t1")
    with writes_end_at(0):
        async with opened(tmp_path) as tasks:
            await begun(tasks, "new", "t2")
            assert await listed(tasks) == ["before", "new"]
            assert tasks.problem is not None


async def test_a_thousand_calls_leave_no_descriptor_open(tmp_path: Path) -> None:
    before = open_descriptors()
    for number in range(50):
        async with opened(tmp_path if number % 2 else tmp_path / "tasks.db") as tasks:
            for _ in range(20):
                await begun(tasks, f"m{number}")
    assert open_descriptors() <= before
