from __future__ import annotations

import logging
import os
import shutil
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint
from store.sqlite.stores import begun, listed, opened

from a2a_mcp.a2a.model import TaskState
from a2a_mcp.store.sqlite import queries, records, schema
from a2a_mcp.store.sqlite.file import TaskFile
from a2a_mcp.store.sqlite.store import SqliteTaskStore

pytestmark = pytest.mark.anyio

DAY = 86400.0
NOW = 1_800_000_000.0
SCHEMA_DIGEST = "9dac36e07b810ee78d5277bba7b6f91fdac783a90ebeaf34e9bc9c23a87f447c"


class Clock:
    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def set_aside(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("tasks.db.damaged-*") if path.name[-4:-3] != "-"]


# --- rows -------------------------------------------------------------------------------------


async def test_a_stale_record_never_changes_the_row_that_took_its_key(tmp_path: Path) -> None:
    async with opened(tmp_path, clock=Clock()) as tasks:
        await begun(tasks, "m1", "t1")
        gone = await begun(tasks, "m2")
        await tasks.update(gone, task_id="t1")
        taker = await begun(tasks, "m3")
        assert taker.key == gone.key
        await tasks.update(gone, state=TaskState.FAILED)
        page, _ = await tasks.list("local")
        assert taker in page


async def test_a_message_is_found_by_its_pending_id_without_a_walk_over_all_rows(
    tmp_path: Path,
) -> None:
    """Anyone may ask for any id, again and again; a page that is read costs steps."""

    def steps(task_id: str) -> int:
        taken = 0

        def step() -> None:
            nonlocal taken
            taken += 1

        with closing(sqlite3.connect(tmp_path / "tasks.db")) as file:
            file.set_progress_handler(step, 10)
            queries.find(file, "local", task_id, None)
        return taken

    async with opened(tmp_path) as tasks:
        record = await begun(tasks, "m1")
        for number in range(2_000):
            await begun(tasks, f"n{number}")
        assert await tasks.find("local", record.pending_id) == [record]
    assert steps(record.pending_id) < 100
    assert steps("pending-nobody") < 100


# --- the file ---------------------------------------------------------------------------------


async def test_the_folder_and_its_files_are_for_this_user_only(tmp_path: Path) -> None:
    folder = tmp_path / "x" / "state"
    async with opened(folder) as tasks:
        assert not folder.exists()
        await begun(tasks, "m1")
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert set(modes) >= {"tasks.db", "tasks.db-wal"}
        assert set(modes.values()) == {0o600}


async def test_a_file_that_disappears_is_made_again_and_known_tasks_return(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    async with opened(folder) as tasks:
        record = await begun(tasks, "m1", "t1")
        shutil.rmtree(folder)
        await tasks.update(record, state=TaskState.COMPLETED)
        async with opened(folder) as other:
            assert [one.state for one in await other.find("local", "t1")] == [TaskState.COMPLETED]


async def test_a_store_without_a_folder_works_and_says_that_it_forgets() -> None:
    async with opened(None) as tasks:
        record = await begun(tasks, "m1", "t1")
        assert await tasks.find("local", "t1") == [record]
        assert "forgotten at a restart" in (tasks.problem or "")


def spoil_with(content: bytes) -> Any:
    return lambda path: path.write_bytes(content)


def cut_in_half(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2 // 4096 * 4096)


def spoil_all_but_the_first_page(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xa5" * (len(whole) - 4096))


def spoil_the_tables(path: Path) -> None:
    with closing(sqlite3.connect(path)) as file:
        file.execute("DROP INDEX tasks_by_task")


def drop_the_tables(path: Path) -> None:
    with closing(sqlite3.connect(path)) as file:
        file.execute("DROP TABLE tasks")


def put_a_folder_there(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "x").touch()


DAMAGE = {
    "garbage": spoil_with(b"not a database" * 1000),
    "NULs": spoil_with(bytes(20000)),
    "a few bytes": spoil_with(b"SQLite format 3\0"),
    "half of it": cut_in_half,
    "a torn end": lambda path: os.truncate(path, path.stat().st_size - 4096 * 5 - 100),
    "only its first page": lambda path: os.truncate(path, 4096),
    "good first page": spoil_all_but_the_first_page,
    "other tables": spoil_the_tables,
    "a folder": put_a_folder_there,
}


@pytest.mark.parametrize("kind", DAMAGE)
async def test_a_damaged_file_is_set_aside_and_both_stores_go_on_with_one_new_file(
    tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(tmp_path) as tasks:
        for number in range(100):
            await begun(tasks, f"m{number}", f"t{number}")
    DAMAGE[kind](tmp_path / "tasks.db")
    async with opened(tmp_path) as one, opened(tmp_path) as two:
        for number in range(5):
            await begun(one, f"one{number}", f"one{number}")
            await begun(two, f"two{number}", f"two{number}")
        new = sorted(f"{name}{number}" for name in ("one", "two") for number in range(5))
        assert await listed(one) == await listed(two) == new
        assert one.problem is None
        assert two.problem is None
    assert len(set_aside(tmp_path)) == 1
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    with closing(sqlite3.connect(tmp_path / "tasks.db")) as file:
        assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.parametrize(
    "spoil",
    [
        spoil_with(b"garbage" * 9000),
        spoil_with(b""),
        spoil_all_but_the_first_page,
        put_a_folder_there,
        drop_the_tables,
    ],
)
@pytest.mark.parametrize("cut_log", [False, True])
async def test_damage_under_open_stores_moves_both_to_one_new_file(
    tmp_path: Path, spoil: Callable[[Path], None], cut_log: bool
) -> None:
    async with opened(tmp_path) as one, opened(tmp_path) as two:
        for number in range(100):
            await begun(one, f"m{number}", f"t{number}")
        await begun(two, "m", "t")
        if not cut_log:
            with closing(sqlite3.connect(tmp_path / "tasks.db")) as file:
                file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        spoil(tmp_path / "tasks.db")
        if cut_log:
            (tmp_path / "tasks.db-wal").write_bytes(b"")
        await begun(one, "one", "one")
        await begun(two, "two", "two")
        await begun(one, "last", "last")
        assert await listed(one) == await listed(two)
        assert {"one", "two", "last"} <= set(await listed(two))
        assert (one.problem, two.problem) == (None, None)
        for name in set_aside(tmp_path):
            # The second map still held the old file, so its log was there to be taken along.
            assert (tmp_path / f"{name}-wal").exists()
    async with opened(tmp_path) as tasks:
        assert {"one", "two", "last"} <= set(await listed(tasks))


def test_a_good_file_is_kept_by_the_second_who_finds_the_damaged_one(tmp_path: Path) -> None:
    def write(file: sqlite3.Connection) -> None:
        file.execute("INSERT INTO earlier_handles VALUES (hex(randomblob(9)), 1)")

    def write_after_the_first_mended_it(file: sqlite3.Connection) -> None:
        first.run(write)
        write(file)

    first, second = TaskFile(tmp_path, "normal"), TaskFile(tmp_path, "normal")
    first.run(write)
    second.run(write)
    drop_the_tables(tmp_path / "tasks.db")
    with closing(sqlite3.connect(tmp_path / "tasks.db")) as file:
        file.execute("DROP TABLE earlier_handles")
    second.run(write_after_the_first_mended_it)
    assert len(set_aside(tmp_path)) == 1
    first.close()
    second.close()


async def test_a_store_whose_file_was_set_aside_by_another_follows_and_harms_nothing(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as behind, opened(tmp_path) as first:
        await begun(behind, "before")
        for end in ("-wal", "-shm", ""):
            (tmp_path / f"tasks.db{end}").rename(tmp_path / f"aside{end}")
        await begun(first, "first")
        await begun(behind, "behind")
        await begun(first, "again")
        assert await listed(first) == await listed(behind) == ["again", "behind", "first"]
        # Giving up the old file must not have taken the new one's log away.
        assert (tmp_path / "tasks.db-wal").stat().st_size > 0
    async with opened(tmp_path) as tasks:
        assert await listed(tasks) == ["again", "behind", "first"]


async def test_an_empty_file_is_a_new_store(tmp_path: Path) -> None:
    (tmp_path / "tasks.db").touch()
    async with opened(tmp_path) as tasks:
        await begun(tasks, "m1")
        assert tasks.problem is None
    assert set_aside(tmp_path) == []


async def test_a_file_of_before_ids_of_messages_were_indexed_keeps_its_tasks(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as tasks:
        record = await begun(tasks, "m1")
    with closing(sqlite3.connect(tmp_path / "tasks.db")) as file:
        file.execute("DROP INDEX tasks_by_message")
    async with opened(tmp_path) as tasks:
        assert await tasks.find("local", record.pending_id) == [record]
        assert tasks.problem is None
    assert set_aside(tmp_path) == []


def test_what_an_earlier_version_looks_for_is_unchanged() -> None:
    digest = sha256("\n".join(schema.SCHEMA).encode()).hexdigest()
    assert (schema.SCHEMA_VERSION, digest) == (1, SCHEMA_DIGEST)


async def test_a_file_of_before_titles_keeps_its_tasks_and_serves_the_version_before_too(
    tmp_path: Path,
) -> None:
    row = "'local', 'a', {}, NULL, NULL, NULL, 'completed', NULL, 1.0, 1.0"
    insert = f"INSERT INTO tasks ({records.COLUMNS}) VALUES ({row})"
    with closing(sqlite3.connect(tmp_path / "tasks.db", isolation_level=None)) as before:
        for statement in schema.SCHEMA:
            before.execute(statement)
        before.execute("PRAGMA user_version = 1")
        before.execute(insert.format("'old'"))
        async with opened(tmp_path, clock=Clock(2.0)) as tasks:
            new = await tasks.begin(owner="local", agent="a", message_id="new", title="Heat pumps")
            page, _ = await tasks.list("local")
            assert {record.message_id: record.title for record in page} == {
                "old": None,
                "new": "Heat pumps",
            }
            assert tasks.problem is None
            found = {sql for (sql,) in before.execute("SELECT sql FROM sqlite_master")}
            assert found.issuperset(schema.SCHEMA)
            assert before.execute("PRAGMA user_version").fetchall() == [(1,)]
            before.execute("DELETE FROM tasks WHERE key = ?", (new.key,))
            before.execute(insert.format("'taker'"))
            page, _ = await tasks.list("local")
            assert {record.message_id: record.title for record in page} == {
                "old": None,
                "taker": None,
            }
    assert set_aside(tmp_path) == []


async def test_a_file_of_a_newer_version_is_left_as_it_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(sqlite3.connect(tmp_path / "tasks.db")) as file:
        file.execute("PRAGMA journal_mode = WAL")
        file.execute("CREATE TABLE tasks (something INTEGER)")
        file.execute("PRAGMA user_version = 99")
    before = (tmp_path / "tasks.db").read_bytes()
    async with opened(tmp_path) as tasks:
        record = await begun(tasks, "m1", "t1")
        assert await tasks.find("local", "t1") == [record]
        assert "later version" in (tasks.problem or "")
    assert (tmp_path / "tasks.db").read_bytes() == before
    assert len(caplog.records) == 1


async def test_without_a_usable_folder_the_store_works_in_memory_and_warns_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    async with opened(tmp_path / "file" / "state") as tasks:
        record = await begun(tasks, "m1", "t1")
        assert await tasks.find("local", "t1") == [record]
        assert "forgotten at a restart" in (tasks.problem or "")
        assert str(tmp_path) not in (tasks.problem or "")
    assert len(caplog.records) == 1


# --- others at the same file ------------------------------------------------------------------


async def test_a_file_that_is_held_for_a_moment_stops_neither_the_call_nor_the_loop(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as tasks:
        await begun(tasks, "m1")
        with closing(sqlite3.connect(tmp_path / "tasks.db", isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            turns = 0
            async with anyio.create_task_group() as group:
                group.start_soon(begun, tasks, "m2")
                while turns < 100:
                    await anyio.sleep(0.001)
                    turns += 1
                holder.execute("ROLLBACK")
        assert await listed(tasks) == ["m1", "m2"]
        assert tasks.problem is None


@pytest.mark.parametrize("fresh", [False, True])
async def test_a_file_that_is_held_too_long_sends_the_store_to_memory_with_its_tasks(
    tmp_path: Path, fresh: bool
) -> None:
    async with opened(tmp_path, patience_seconds=0.05) as tasks:
        await begun(tasks, "m1")
        if fresh:
            await tasks.close()
        with closing(sqlite3.connect(tmp_path / "tasks.db", isolation_level=None)) as holder:
            holder.execute("BEGIN EXCLUSIVE")
            await begun(tasks, "m2")
            assert await listed(tasks) == ["m1", "m2"]
            assert "another process holds" in (tasks.problem or "")


async def test_many_callers_at_two_stores_lose_nothing(tmp_path: Path) -> None:
    async def call(tasks: SqliteTaskStore, name: str) -> None:
        record = await begun(tasks, name)
        await checkpoint()
        record = await tasks.update(record, task_id=f"t{name}", state=TaskState.WORKING)
        await checkpoint()
        await tasks.update(record, state=TaskState.COMPLETED)

    async with opened(tmp_path) as one, opened(tmp_path) as two:
        async with anyio.create_task_group() as group:
            for number in range(200):
                group.start_soon(call, one if number % 2 else two, f"m{number}")
        page, _ = await one.list("local", state=TaskState.COMPLETED, limit=500)
        assert len(page) == 200


async def test_full_durability_is_asked_of_sqlite(tmp_path: Path) -> None:
    for durability, level in (("normal", 1), ("full", 2)):
        async with opened(tmp_path / durability, durability=durability) as tasks:
            # Only the connection itself can tell.
            told = await tasks._run(lambda file: file.execute("PRAGMA synchronous").fetchall())
            assert told == [(level,)]
