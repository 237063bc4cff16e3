"""What a folder keeps goes into a database and back, each row once, whatever stops it midway."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import moving
import postgres
import psycopg
import pytest
from pydantic import SecretStr

from a2a_mcp.a2a.model import TaskState
from a2a_mcp.errors import StoreUnavailable
from a2a_mcp.presentation.message_artifacts import count_results
from a2a_mcp.store.base import Store
from a2a_mcp.store.logins import Logins
from a2a_mcp.store.moving.ends import Direction
from a2a_mcp.store.moving.move import Moved
from a2a_mcp.store.moving.tables import TASKS as TASK_TABLE
from a2a_mcp.store.objects import ObjectStorage
from a2a_mcp.store.postgres.bodies import Bodies
from a2a_mcp.store.postgres.database import Database
from a2a_mcp.store.postgres.key_mark import ready_for
from a2a_mcp.store.postgres.logins import PostgresLogins, SharedKey
from a2a_mcp.store.postgres.results import PostgresResults
from a2a_mcp.store.postgres.store import PostgresTaskStore
from a2a_mcp.store.registered import KeptAgent, RegisteredFolder
from a2a_mcp.store.sqlite.store import SqliteTaskStore

pytestmark = pytest.mark.anyio

TASKS = 3
MANY = TASK_TABLE.at_once + 20
KEY = SecretStr(moving.KEY)
COUNTS = {
    "tasks": TASKS + 2,
    "earlier_handles": 1,
    "claims": 1,
    "overrides": 2,
    "kept": TASKS + 1,
    "registered": 2,
    "logins": 1,
    "clients": 1,
}
ROWS = list(COUNTS.values())


async def moved(folder: Path, url: str, direction: Direction = "to-database") -> list[Moved]:
    return (await moving.ends(folder, url).moved(direction, lambda *_: None)).tables


def written(tables: list[Moved]) -> list[int]:
    assert all(it.is_whole for it in tables)
    return [it.written for it in tables]


async def test_all_comes_back_as_it_went(tmp_path: Path) -> None:
    one, two, url = tmp_path / "one", tmp_path / "two", postgres.database(tmp_path)
    await moving.filled(one, TASKS)
    before = moving.in_folder(one)
    there = await moved(one, url)
    back = await moved(two, url, "to-folder")
    assert (written(there), written(back)) == (ROWS, ROWS)
    assert moving.counts(url) == COUNTS
    assert moving.in_folder(one) == before
    assert moving.in_folder(two) == before
    digests = [(it.digest, it.found) for it in there]
    assert all(read == found for read, found in digests)


async def test_large_results_come_out_of_object_storage_or_it_is_said_what_is_missing(
    tmp_path: Path,
) -> None:
    folder, url = tmp_path / "one", postgres.database(tmp_path)
    objects = ObjectStorage(f"file://{tmp_path}/objects")
    await _kept_in_object_storage(url, objects)
    with pytest.raises(StoreUnavailable, match="has no `files`"):
        await moved(folder, url, "to-folder")
    ends = replace(moving.ends(folder, url), objects=objects)
    there = (await ends.moved("to-folder", lambda *_: None)).tables
    assert sum(written(there)) == 1
    assert await moving.results(folder).read(("ann", "a", "t")) == moving.kept("t")
    again = (await ends.moved("to-database", lambda *_: None)).tables
    assert sum(written(again)) == 0
    (path,) = (tmp_path / "objects" / "kept").iterdir()
    path.unlink()
    with pytest.raises(StoreUnavailable, match="not in the object storage any more"):
        await ends.moved("to-folder", lambda *_: None)


async def _kept_in_object_storage(url: str, objects: ObjectStorage) -> None:
    database = Database(url, most=2)
    results = PostgresResults(
        database,
        keep_seconds=86_400.0,
        keep_bytes=2**30,
        bodies=Bodies(database, objects, inline_bytes=0),
        count_results=count_results,
        clock=lambda: moving.NOW,
    )
    await results.write({("ann", "a", "t"): moving.kept("t")})
    await database.close()


async def test_a_store_finds_what_was_moved(tmp_path: Path) -> None:
    folder, url = tmp_path / "one", postgres.database(tmp_path)
    await moving.filled(folder, TASKS)
    await moved(folder, url)
    store = PostgresTaskStore(Database(url, most=2))
    try:
        (found,) = await store.find("ann", "t-1")
        assert (found.state, found.title) == (TaskState.COMPLETED, "Say 1")
        assert [it.task_id for it in await store.find("ann", "pending-0")] == ["t-0"]
        assert [it.task_id for it in await store.find("bob", moving.NUL)] == [moving.NUL]
        assert [it.state for it in await store.find("ann", "pending-m-unnamed")] == [
            TaskState.SUBMITTED
        ]
        assert not await store.claim("reply-1")
        assert await store.interface_overrides("a") == ["second", "first"]
    finally:
        await store.close()


async def test_a_second_move_writes_nothing(tmp_path: Path) -> None:
    folder, url = tmp_path / "one", postgres.database(tmp_path)
    await moving.filled(folder, TASKS)
    await moved(folder, url)
    assert written(await moved(folder, url)) == [0] * len(ROWS)
    assert written(await moved(folder, url, "to-folder")) == [0] * len(ROWS)


async def test_two_folders_go_into_one_database(tmp_path: Path) -> None:
    one, two, url = tmp_path / "one", tmp_path / "two", postgres.database(tmp_path)
    await moving.filled(one, TASKS)
    store = SqliteTaskStore(two)
    record = await store.begin(owner="cy", agent="a", message_id="m-cy")
    await store.update(record, task_id="t-cy")
    await store.close()
    await moved(one, url)
    assert written(await moved(two, url)) == [1, *[0] * (len(ROWS) - 1)]
    assert moving.counts(url)["tasks"] == TASKS + 3


@pytest.mark.parametrize("direction", ["to-database", "to-folder"])
async def test_of_two_rows_of_a_task_the_later_one_stays(
    tmp_path: Path, direction: Direction
) -> None:
    folder, url = tmp_path / "one", postgres.database(tmp_path)
    await moving.filled(folder, TASKS)
    await moved(folder, url)
    later = moving.NOW * 2
    folder_store = SqliteTaskStore(folder, clock=lambda: later)
    database_store = PostgresTaskStore(Database(url, most=2), clock=lambda: later)
    stores: dict[str, Store] = {"to-folder": folder_store, "to-database": database_store}
    changed, other = stores.pop(direction), next(iter(stores.values()))
    (record,) = await changed.find("bob", moving.NUL)
    await changed.update(record, state=TaskState.FAILED)
    await changed.close()
    tables = await moved(folder, url, direction)
    assert written(tables) == [0] * len(ROWS)
    (kept,) = await other.find("bob", moving.NUL)
    assert kept.state is TaskState.WORKING
    await other.close()
    opposite: Direction = "to-folder" if direction == "to-database" else "to-database"
    assert written(await moved(folder, url, opposite))[0] == 1


async def test_a_task_that_was_named_after_the_first_move_stays_one(tmp_path: Path) -> None:
    folder, url = tmp_path / "one", postgres.database(tmp_path)
    await moving.filled(folder, TASKS)
    await moved(folder, url)
    store = SqliteTaskStore(folder)
    (record,) = await store.find("ann", "pending-m-unnamed")
    await store.update(record, task_id="t-named")
    await store.close()
    assert written(await moved(folder, url))[0] == 1
    assert moving.counts(url)["tasks"] == TASKS + 2


@pytest.mark.parametrize(("before", "after", "written_then"), [(1.0, 2.0, 1), (2.0, 1.0, 0)])
async def test_of_two_logins_the_one_with_the_newer_token_stays(
    tmp_path: Path, before: float, after: float, written_then: int
) -> None:
    folder, url = tmp_path / "one", postgres.database(tmp_path)
    await moving.sign_in(folder, "ann", "a", before)
    await moved(folder, url)
    await moving.sign_in(folder, "ann", "a", after)
    assert sum(written(await moved(folder, url))) == written_then
    logins = Logins(PostgresLogins(database := Database(url, most=1)), SharedKey(KEY))
    kept = await logins.get("ann", "a")
    await database.close()
    assert kept is not None
    assert kept.token.got_at == 2.0


async def test_a_state_key_that_opens_no_login_is_refused(tmp_path: Path) -> None:
    folder, url = tmp_path / "one", postgres.database(tmp_path)
    await moving.filled(folder, TASKS)
    await moving.sign_in(folder, "ann", "a", 1.0, key="another key that is just as long, 32 bytes")
    assert "None of the 1 logins opens with state_key" in await refused(folder, url)
    assert moving.counts(url)["tasks"] == 0
    await moving.sign_in(folder, "bob", "a", 1.0)
    outcome = await moving.ends(folder, url).moved("to-database", lambda *_: None)
    assert (outcome.logins.opening, outcome.logins.all) == (1, 2)


async def test_a_name_that_another_caller_has_there_stays_theirs(tmp_path: Path) -> None:
    one, two, url = tmp_path / "one", tmp_path / "two", postgres.database(tmp_path)
    await moving.filled(one, TASKS)
    await moved(one, url)
    await RegisteredFolder(two).add(KeptAgent("eve", "RAIN", "https://eve.example", None))
    tables = {it.title: it for it in await moved(two, url)}
    assert [it.title for it in tables.values() if not it.is_whole] == ["registered agents"]
    three = tmp_path / "three"
    await moved(three, url, "to-folder")
    assert moving.in_folder(three) == moving.in_folder(one)


KILLED: dict[str, str] = {
    "between batches": """
hits = 0
def tell(*_):
    global hits
    hits += 1
    if hits == AT:
        os.kill(os.getpid(), signal.SIGKILL)
""",
    "at a statement of the database": """
from psycopg import AsyncCursor
hits = 0
def tell(*_): pass
inner = AsyncCursor.executemany
async def executemany(self, *given, **named):
    global hits
    hits += 1
    if hits == AT:
        os.kill(os.getpid(), signal.SIGKILL)
    return await inner(self, *given, **named)
AsyncCursor.executemany = executemany
""",
    "at a statement of the file": """
import sqlite3
hits = 0
def tell(*_): pass
def traced(statement):
    global hits
    hits += statement.startswith("COMMIT")
    if hits == AT and statement.startswith("INSERT INTO titles"):
        os.kill(os.getpid(), signal.SIGKILL)
from a2a_mcp.store.sqlite import moving as inner
hold = inner._hold
def held(file):
    hold(file)
    file.set_trace_callback(traced)
inner._hold = held
""",
}
SCRIPT = """
import os, signal, sys
from pathlib import Path
import anyio
AT = {at}
sys.path[:0] = {paths}
{kill}
import moving
anyio.run(moving.ends(Path({folder!r}), {url!r}).moved, {direction!r}, tell)
"""


def run_killed(kill: str, at: int, folder: Path, url: str, direction: Direction) -> int:
    """Run a move in a process of its own that kills itself; return how it ended."""
    script = SCRIPT.format(
        at=at,
        paths=json.dumps([str(Path(moving.__file__).parent)]),
        kill=KILLED[kill],
        folder=str(folder),
        url=url,
        direction=direction,
    )
    return subprocess.run([sys.executable, "-c", script], timeout=60, check=False).returncode


@pytest.mark.parametrize(
    ("kill", "at", "direction"),
    [
        ("between batches", 1, "to-database"),
        ("between batches", 9, "to-folder"),
        ("at a statement of the database", 6, "to-database"),
        ("at a statement of the file", 1, "to-folder"),
    ],
)
async def test_a_move_that_was_killed_goes_on(
    tmp_path: Path, kill: str, at: int, direction: Direction
) -> None:
    one, two, url = tmp_path / "one", tmp_path / "two", postgres.database(tmp_path)
    await moving.filled(one, MANY)
    if direction == "to-folder":
        await moved(one, url)
    target = one if direction == "to-database" else two
    assert run_killed(kill, at, target, url, direction) == -signal.SIGKILL
    again = written(await moved(target, url, direction))
    assert 0 < sum(again) <= sum(ROWS) + 2 * (MANY - TASKS) - TASK_TABLE.at_once
    await moved(two, url, "to-folder")
    assert moving.in_folder(two) == moving.in_folder(one)


async def refused(folder: Path, url: str, direction: Direction = "to-database") -> str:
    """Return why a move is refused; a look is refused with the same words."""
    ends = moving.ends(folder, url)
    with pytest.raises(StoreUnavailable) as at_move:
        await ends.moved(direction, lambda *_: None)
    with pytest.raises(StoreUnavailable) as at_look:
        await ends.looked(direction)
    assert at_move.value.message == at_look.value.message
    return at_move.value.message


async def test_a_folder_that_a_bridge_uses_is_left_alone(tmp_path: Path) -> None:
    folder, url = tmp_path / "one", postgres.database(tmp_path)
    await moving.filled(folder, TASKS)
    bridge = SqliteTaskStore(folder)
    await bridge.look()
    assert "is in use" in await refused(folder, url)
    assert "is in use" in await refused(folder, url, "to-folder")
    await bridge.close()
    assert written(await moved(folder, url)) == ROWS


async def test_a_database_on_which_a_bridge_lives_is_left_alone(tmp_path: Path) -> None:
    folder, url = tmp_path / "one", postgres.database(tmp_path)
    await moving.filled(folder, TASKS)
    bridge = PostgresTaskStore(Database(url, most=2))
    await bridge.note_reader("one", (), ())
    assert "bridges have said that they live (1)" in await refused(folder, url)
    await bridge.leave("one")
    await bridge.close()
    assert written(await moved(folder, url)) == ROWS


async def test_a_database_whose_bridges_have_another_state_key_is_left_alone(
    tmp_path: Path,
) -> None:
    folder, url = tmp_path / "one", postgres.database(tmp_path)
    await moving.filled(folder, TASKS)
    await moved(folder, url)  # a move does not say which key is the right one
    bridge = Database(url, most=1, prepare=ready_for(b"o" * 32))
    await bridge.run(lambda it: it.execute("SELECT 1"))
    await bridge.close()
    assert "state_key is another one" in await refused(folder, url)


def _newer_database(folder: Path, url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO schema_version VALUES (999)")


def _newer_file(folder: Path, url: str) -> None:
    import sqlite3

    with closing(sqlite3.connect(folder / "tasks.db")) as file:
        file.execute("PRAGMA user_version = 999")


@pytest.mark.parametrize("age", [_newer_database, _newer_file])
async def test_what_a_later_version_made_is_left_alone(
    tmp_path: Path, age: Callable[[Path, str], None]
) -> None:
    folder, url = tmp_path / "one", postgres.database(tmp_path)
    await moving.filled(folder, TASKS)
    await moved(folder, url)
    age(folder, url)
    for direction in ("to-database", "to-folder"):
        assert "later version" in await refused(folder, url, direction)


async def test_a_look_makes_nothing(tmp_path: Path) -> None:
    one, two, url = tmp_path / "one", tmp_path / "two", postgres.database(tmp_path)
    await moving.filled(one, TASKS)
    found = await moving.ends(one, url).looked("to-database")
    assert [it.written for it in found.tables] == ROWS
    with psycopg.connect(url) as connection:
        made: Any = connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()"
        ).fetchone()
    assert made == (0,)
    await moved(one, url)
    found = await moving.ends(two, url).looked("to-folder")
    assert [it.written for it in found.tables] == ROWS
    assert not two.exists()
