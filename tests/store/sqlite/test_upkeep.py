"""What is done for the file beside the calls: ended rows go, and lists stay fast."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from store.sqlite.stores import begun, opened

from a2a_mcp.a2a.model import TaskState
from a2a_mcp.store.sqlite import space, sweep
from a2a_mcp.store.sqlite.store import SqliteTaskStore

pytestmark = pytest.mark.anyio

DAY = 86400.0
NOW = 1_800_000_000.0


class Clock:
    """A clock that a test sets."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


async def tended(tasks: SqliteTaskStore, clock: Clock) -> None:
    """One round of the upkeep, when all that was written has settled."""
    clock.now += 60
    await tasks._upkeep.round()
    clock.now -= 60


async def filled(
    tasks: SqliteTaskStore, clock: Clock, ages: Mapping[str, tuple[float, TaskState]]
) -> None:
    for name, (days, state) in ages.items():
        clock.now = NOW - days * DAY
        await tasks.adopt(owner="local", agent="a", task_id=name, state=state)
    clock.now = NOW


async def names(tasks: SqliteTaskStore) -> set[str | None]:
    page, _ = await tasks.list("local", limit=1000)
    return {record.task_id for record in page}


# --- which rows go ----------------------------------------------------------------------------

OLD_AND_NEW = {
    "old": (31, TaskState.COMPLETED),
    "running": (400, TaskState.WORKING),
    "new": (29, TaskState.FAILED),
}


async def test_old_ended_tasks_are_removed_and_running_ones_never(tmp_path: Path) -> None:
    clock = Clock()
    async with opened(tmp_path, clock=clock) as tasks:
        await filled(tasks, clock, OLD_AND_NEW)
    async with opened(tmp_path, clock=clock) as tasks:
        await begun(tasks, "m", "now")
        assert await names(tasks) == {*OLD_AND_NEW, "now"}  # no call removes anything
        await tended(tasks, clock)
        assert await names(tasks) == {"running", "new", "now"}


async def test_a_store_that_stays_open_is_swept_once_an_hour(tmp_path: Path) -> None:
    clock = Clock()
    async with opened(tmp_path, clock=clock) as tasks:
        await filled(tasks, clock, {"old": (0, TaskState.COMPLETED)})
        for seconds, kept in ((-600, True), (60, True), (3700, False)):
            clock.now = NOW + 30 * DAY + seconds
            await begun(tasks, "m", str(seconds))
            await tended(tasks, clock)
            assert ("old" in await names(tasks)) is kept


@pytest.mark.parametrize("jump", [-60 * DAY, 60 * DAY])
async def test_a_jump_of_the_clock_removes_nothing(tmp_path: Path, jump: float) -> None:
    clock = Clock()
    async with opened(tmp_path, clock=clock) as tasks:
        ages = {f"t{days}": (float(days), TaskState.COMPLETED) for days in range(10)}
        # One row of a clock that stood far behind, which is old whatever happens.
        await filled(tasks, clock, {"behind": (500, TaskState.COMPLETED), **ages})
        clock.now = NOW + jump
        await begun(tasks, "m", "now")
        await tended(tasks, clock)
    async with opened(tmp_path, clock=clock) as tasks:
        await begun(tasks, "n", "again")
        await tended(tasks, clock)
        assert len(await names(tasks)) == 13


async def test_of_too_many_ended_tasks_the_oldest_go_also_between_the_hours(
    tmp_path: Path,
) -> None:
    clock = Clock()
    async with opened(tmp_path, clock=clock, max_ended=5) as tasks:
        await begun(tasks, "m", "now")
        await tended(tasks, clock)
        ended = {f"t{days}": (float(days), TaskState.COMPLETED) for days in range(20)}
        await filled(tasks, clock, {"running": (25, TaskState.WORKING), **ended})
        await tended(tasks, clock)
        assert await names(tasks) == {"running", "now", "t0", "t1", "t2", "t3", "t4"}


async def test_two_stores_that_sweep_at_once_do_not_remove_twice_as_much(tmp_path: Path) -> None:
    clock = Clock()
    ended = {f"t{number}": (number / 10, TaskState.COMPLETED) for number in range(200)}
    async with (
        opened(tmp_path, clock=clock, max_ended=100) as one,
        opened(tmp_path, clock=clock, max_ended=100) as two,
    ):
        await filled(one, clock, ended)
        await begun(two, "m", "now")
        clock.now += 60
        async with anyio.create_task_group() as group:
            group.start_soon(one._upkeep.round)
            group.start_soon(two._upkeep.round)
        assert await names(one) == {"now", *(f"t{number}" for number in range(100))}


async def test_a_running_task_that_took_the_key_of_a_removed_one_is_spared(
    tmp_path: Path,
) -> None:
    clock = Clock()
    async with opened(tmp_path, clock=clock) as tasks:
        await filled(tasks, clock, {"ended": (1, TaskState.COMPLETED)})
        await tended(tasks, clock)
        (ended,) = await tasks.find("local", "ended")
        await tasks._run(lambda file: file.execute("DELETE FROM tasks"))
        taker = await begun(tasks, "m", "running")
        assert taker.key == ended.key
        await tasks._run(lambda file: sweep.remove(file, NOW + DAY, 10))
        assert await names(tasks) == {"running"}


async def test_the_handles_of_a_removed_task_go_with_it(tmp_path: Path) -> None:
    clock = Clock(NOW - 40 * DAY)
    async with opened(tmp_path, clock=clock) as tasks:
        for handle in ("h1", "h2"):
            record = await tasks.update(await begun(tasks, handle), handle=handle)
            record = await tasks.update(record, task_id="t", state=TaskState.COMPLETED)
        await begun(tasks, "running", "running")
        clock.now = NOW
        await begun(tasks, "m", "now")
        await tended(tasks, clock)
        assert await tasks.find("local", "h1") == []
    with closing(sqlite3.connect(tmp_path / "tasks.db")) as file:
        for table in ("earlier_handles", "settled WHERE task NOT IN (SELECT key FROM tasks)"):
            assert file.execute(f"SELECT * FROM {table}").fetchall() == []


async def test_another_process_at_the_file_delays_the_upkeep_and_never_sends_it_to_memory(
    tmp_path: Path,
) -> None:
    clock = Clock()
    async with opened(tmp_path, clock=clock, patience_seconds=0) as tasks:
        await filled(tasks, clock, OLD_AND_NEW)
        with closing(sqlite3.connect(tmp_path / "tasks.db", isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            await tended(tasks, clock)
            assert await names(tasks) == set(OLD_AND_NEW)
        assert tasks.problem is None
        await tended(tasks, clock)
        assert await names(tasks) == {"running", "new"}


# --- beside calls -----------------------------------------------------------------------------


@asynccontextmanager
async def tending(tasks: SqliteTaskStore) -> AsyncIterator[None]:
    async with anyio.create_task_group() as group:
        group.start_soon(tasks.tend)
        yield
        group.cancel_scope.cancel()


def grown(folder: Path, rows: int, age: float) -> None:
    """Fill the file with ended rows, as an earlier version has left them."""
    states = ("completed", "failed")
    with closing(sqlite3.connect(folder / "tasks.db")) as file, file:
        for statement in ("DROP TABLE settled", "DROP TABLE settling"):
            file.execute(statement)
        for (name,) in file.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%settl%'"
        ).fetchall():
            file.execute(f"DROP TRIGGER {name}")
        file.executemany(
            "INSERT INTO tasks (owner, agent, message_id, state, created, updated) "
            "VALUES ('local', 'a', ?, ?, ?, ?)",
            (
                (f"old{number}", states[number % 2], at, at)
                for number, at in ((it, NOW - age + it * 1e-3) for it in range(rows))
            ),
        )


async def test_a_large_file_of_an_earlier_version_is_swept_while_calls_go_on(
    tmp_path: Path,
) -> None:
    """No call waits for more than a step; what one costs at 300 000 rows is measured elsewhere."""
    clock = Clock()
    async with opened(tmp_path, clock=clock) as tasks:
        await begun(tasks, "m", "now")
    grown(tmp_path, 6_000, age=DAY)
    clock.now += 60
    async with opened(tmp_path, clock=clock, max_ended=1_000) as tasks, tending(tasks):
        waits = []
        while await ended(tasks) > 1_000:
            began = time.process_time()
            await tasks.find("local", "now")
            waits.append(time.process_time() - began)
            await anyio.lowlevel.checkpoint()
        assert len(waits) > 50
        assert (await names(tasks)) >= {"now"}
        assert max(waits) < 0.05


async def ended(tasks: SqliteTaskStore) -> int:
    counted: list[tuple[int]] = await tasks._run(
        lambda file: file.execute(f"SELECT count(*) FROM tasks WHERE updated < {NOW}").fetchall()
    )
    return counted[0][0]


# --- space ------------------------------------------------------------------------------------


def size_of(folder: Path) -> int:
    """The bytes of the file, once its log is in it."""
    with closing(sqlite3.connect(folder / "tasks.db")) as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return (folder / "tasks.db").stat().st_size


async def test_while_calls_come_the_upkeep_leaves_most_of_the_time_to_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    async with opened(tmp_path, clock=clock) as tasks:
        await filled(tasks, clock, {f"t{n}": (1, TaskState.WORKING) for n in range(500)})
        spent = 0.0
        ask = tasks._upkeep._ask

        async def timed(work: Any) -> Any:
            nonlocal spent
            begun_at = time.perf_counter()
            try:
                return await ask(work)
            finally:
                spent += time.perf_counter() - begun_at

        monkeypatch.setattr(tasks._upkeep, "_ask", timed)
        begun_at = time.perf_counter()
        await tended(tasks, clock)
        assert spent < (time.perf_counter() - begun_at) / 8


@pytest.mark.parametrize("is_new", [True, False])
async def test_a_file_shrinks_when_its_rows_have_gone_also_one_of_an_earlier_version(
    tmp_path: Path, is_new: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(space, "FEW_PAGES", 5)
    clock = Clock()
    if not is_new:
        with closing(sqlite3.connect(tmp_path / "tasks.db")) as file:
            file.execute("PRAGMA journal_mode = WAL")
    async with opened(tmp_path, clock=clock) as tasks:
        await begun(tasks, "m", "now")
    grown(tmp_path, 5_000, age=DAY)
    before = size_of(tmp_path)
    clock.now += 60
    async with opened(tmp_path, clock=clock, max_ended=100) as tasks:
        await begun(tasks, "n", "last")
        await tasks._upkeep.round()
        assert (size_of(tmp_path) < before / 2) is is_new
        await tasks._upkeep._rebuild_once()
        assert size_of(tmp_path) < before / 2
        assert await names(tasks) >= {"now", "last"}
        assert tasks.problem is None
    with closing(sqlite3.connect(tmp_path / "tasks.db")) as file:
        assert file.execute("PRAGMA auto_vacuum").fetchall() == [(2,)]
        assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


async def test_a_file_that_is_wanted_or_takes_too_long_is_not_rebuilt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(sqlite3.connect(tmp_path / "tasks.db")) as file:
        file.execute("PRAGMA journal_mode = WAL")
    async with opened(tmp_path) as tasks:
        await begun(tasks, "m", "now")
        grown(tmp_path, 5_000, age=DAY)
        before = size_of(tmp_path)
        assert space.rebuild(tmp_path / "tasks.db", lambda: True)
        monkeypatch.setattr(space, "MOST_REBUILD_SECONDS", 0)
        assert not space.rebuild(tmp_path / "tasks.db", lambda: False)
        assert size_of(tmp_path) == before
        await begun(tasks, "n", "after")


# --- lists ------------------------------------------------------------------------------------

FILTERS: list[dict[str, Any]] = [
    {},
    {"agent": "rare"},
    {"agent": "nobody"},
    {"state": TaskState.FAILED},
    {"state": TaskState.REJECTED},
    {"unfinished": True},
    {"agent": "rare", "state": TaskState.COMPLETED},
    {"agent": "rare", "unfinished": True},
    {"context_id": "short"},
    {"context_id": "long"},
    {"context_id": "long", "state": TaskState.REJECTED},
    {"context_id": "long", "agent": "rare", "unfinished": True},
    {"updated_after": NOW - 100, "agent": "rare"},
    {"unfinished": True, "state": TaskState.COMPLETED},
]
"""All kinds of lists; `varied` makes rows for each."""


async def varied(tasks: SqliteTaskStore, clock: Clock) -> None:
    states = [TaskState.COMPLETED] * 17 + [TaskState.FAILED, TaskState.WORKING, TaskState.UNKNOWN]
    for number in range(1_300):
        clock.now = NOW - 1_300 + number // 2  # two at each moment
        await tasks.adopt(
            owner="local" if number % 9 else "other",
            agent="rare" if number % 100 == 7 else "common",
            task_id=f"t{number}",
            context_id="long" if number % 2 else "short" if number % 100 == 4 else None,
            state=states[number % 20],
        )
    clock.now = NOW


async def pages(tasks: SqliteTaskStore, wanted: dict[str, Any]) -> list[str | None]:
    """The task ids of all pages of a list, walked with its cursors."""
    found: list[str | None] = []
    page, cursor = await tasks.list("local", limit=7, **wanted)
    found += [record.task_id for record in page]
    while cursor:
        page, cursor = await tasks.list("local", limit=7, cursor=cursor, **wanted)
        found += [record.task_id for record in page]
    return found


@pytest.mark.parametrize("seconds_later", [-3_600, -300, 0, 60])
async def test_lists_are_the_same_however_many_rows_have_settled(
    tmp_path: Path, seconds_later: float
) -> None:
    clock = Clock()
    async with opened(tmp_path, clock=clock) as tasks:
        await varied(tasks, clock)
        before = [await pages(tasks, wanted) for wanted in FILTERS]
        clock.now = NOW - 650 + seconds_later
        await tasks._upkeep.round()
        assert [await pages(tasks, wanted) for wanted in FILTERS] == before
    assert sum(map(len, before)) > 1_000


@pytest.mark.parametrize("moved", [0.1, 3_600, -3_600])
async def test_a_settled_row_that_changes_moves_in_every_list_whatever_the_clock_says(
    tmp_path: Path, moved: float
) -> None:
    clock = Clock()
    async with opened(tmp_path, clock=clock) as tasks:
        await varied(tasks, clock)
        await tended(tasks, clock)
        clock.now += moved
        (record,) = await tasks.find("local", "t107")
        await tasks.update(record, state=TaskState.REJECTED)
        new = await tasks.begin(owner="local", agent="rare", message_id="m", context_id="long")
        await tasks.update(new, task_id="new", state=TaskState.REJECTED)
        for wanted in ({}, {"agent": "rare"}, {"context_id": "long"}):
            found = await pages(tasks, {**wanted, "state": TaskState.REJECTED})
            assert sorted(map(str, found)) == ["new", "t107"]
        assert "t107" not in await pages(tasks, {"agent": "rare", "state": TaskState.COMPLETED})
        assert (await pages(tasks, {"agent": "rare"})).count("t107") == 1
        await tended(tasks, clock)
        found = await pages(tasks, {"agent": "rare"})
        assert len(found) == len(set(found)) == 12


@pytest.mark.parametrize("wanted", FILTERS, ids=str)
async def test_no_list_walks_over_rows_that_it_does_not_show(
    tmp_path: Path, wanted: dict[str, Any]
) -> None:
    clock = Clock()
    statements: list[str] = []
    async with opened(tmp_path, clock=clock) as tasks:
        await varied(tasks, clock)
        await tended(tasks, clock)
        await tasks._run(lambda file: file.set_trace_callback(statements.append))
        await pages(tasks, wanted)
        await tasks._run(lambda file: file.set_trace_callback(None))
    plans = [line for it in statements if it.startswith("SELECT") for line in plan(tmp_path, it)]
    assert plans
    assert [line for line in plans if line.startswith("SCAN") and "(subquery" not in line] == []
    if "context_id" not in wanted:
        assert [line for line in plans if "TEMP B-TREE" in line] == []


def plan(folder: Path, statement: str) -> list[str]:
    statement = re.sub(r"\bInf\b", "9e999", statement)
    with closing(sqlite3.connect(folder / "tasks.db")) as file:
        rows = file.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
    return [line for *_, line in rows]
