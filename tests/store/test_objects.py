"""Large results in object storage, over a server that speaks S3: what is where, and what fails."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import anyio
import object_storage
import postgres
import psycopg
import pytest
from cutting import Cut, Relay, relayed

from a2a_mcp.a2a.model import Artifact, Part, Task, TaskState, TaskStatus
from a2a_mcp.errors import StoreUnavailable
from a2a_mcp.presentation.message_artifacts import count_results
from a2a_mcp.store import objects as module
from a2a_mcp.store.objects import DELETERS, ObjectStorage
from a2a_mcp.store.postgres import bodies as bodies_module
from a2a_mcp.store.postgres import results as results_module
from a2a_mcp.store.postgres.bodies import AWAY_SECONDS, Bodies
from a2a_mcp.store.postgres.database import Database
from a2a_mcp.store.postgres.results import PostgresResults
from a2a_mcp.store.result_files import KeptTask

pytestmark = pytest.mark.anyio

NOW: Final = 1_800_000_000.0
HOUR: Final = 3_600.0
INLINE: Final = 10_000
KEY: Final = ("local", "a", "t")


class Clock:
    now = NOW

    def __call__(self) -> float:
        return self.now


def answered(*sizes: int, state: TaskState = TaskState.COMPLETED) -> KeptTask:
    made = [Artifact(artifact_id="1", parts=(Part(kind="raw", raw=b"x" * it),)) for it in sizes]
    status = TaskStatus(state=state)
    return KeptTask(Task(id="t", context_id="c", status=status, artifacts=tuple(made)), NOW)


class Stage:
    """Results of a database with a bucket; `relay` stands before the object storage."""

    def __init__(self, folder: Path, database: Database, bucket: str, relay: Relay) -> None:
        self.bucket = bucket
        self.relay = relay
        self.clock = Clock()
        self.objects = ObjectStorage(f"s3://{bucket}/prefix")
        self.results = self.with_objects(database, self.objects)
        self.url = postgres.database(folder)
        self.without = self.with_objects(database, None)

    def with_objects(self, database: Database, objects: ObjectStorage | None) -> PostgresResults:
        return PostgresResults(
            database,
            keep_seconds=30 * 24 * HOUR,
            keep_bytes=2**30,
            bodies=Bodies(database, objects, INLINE, self.clock),
            count_results=count_results,
            clock=self.clock,
        )

    async def write(self, kept: KeptTask, key: tuple[str, str, str] = KEY) -> None:
        await self.results.write({key: kept})

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            found = connection.execute(statement.encode())
            return found.fetchall() if found.description else []

    def objects_of_rows(self) -> set[str]:
        named = self.sql("SELECT object FROM kept WHERE object IS NOT NULL AND body = ''")
        return {f"prefix/kept/{name}" for (name,) in named}

    async def sweep_hours_later(self) -> None:
        self.sql(f"UPDATE objects SET noted = noted - {2 * HOUR}")
        self.clock.now += 2 * HOUR
        await self.results.write({})


@pytest.fixture
async def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    async with relayed(object_storage.server()) as relay, postgres.opened(tmp_path) as database:
        for name, value in object_storage.environment(relay.url).items():
            monkeypatch.setenv(name, value)
        yield Stage(tmp_path, database, object_storage.bucket(), relay)


async def test_what_is_larger_than_the_row_may_hold_is_an_object_named_by_the_row(
    stage: Stage,
) -> None:
    small, large = answered(INLINE // 2), answered(20_000_000)
    await stage.write(small, ("local", "a", "t"))
    assert object_storage.names(stage.bucket) == set()
    await stage.write(large)
    assert await stage.results.read(KEY) == large
    assert object_storage.names(stage.bucket) == stage.objects_of_rows() != set()
    assert stage.sql("SELECT octet_length(body), object_bytes > 20000000 FROM kept") == [(0, True)]


async def test_the_same_result_is_no_second_object(stage: Stage) -> None:
    await stage.write(answered(50_000))
    first = object_storage.names(stage.bucket)
    await stage.write(KeptTask(answered(50_000).task, NOW + 60))
    assert object_storage.names(stage.bucket) == first
    await stage.write(answered(state=TaskState.FAILED))  # small, and another state
    assert await stage.results.read(KEY) == answered(state=TaskState.FAILED)


async def test_while_object_storage_is_away_a_result_stays_in_the_database(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    kept, late, later = answered(50_000), answered(60_000), answered(70_000)
    await stage.write(kept)
    stage.relay.cut = Cut("reset", to_agent=True, after=0)
    await stage.write(late, ("local", "a", "late"))
    struck = stage.relay.struck
    await stage.write(late, ("local", "a", "late too"))
    assert stage.relay.struck == struck > 0  # it is not asked again so soon
    with pytest.raises(StoreUnavailable, match="object storage cannot be reached"):
        await stage.results.read(KEY)
    said = [it.message for it in caplog.records if "object storage" in it.message]
    assert len(said) == 1  # once, with the reason
    assert "a-key" not in said[0]
    stage.relay.cut = None
    assert await stage.results.read(KEY) == kept
    stage.clock.now += AWAY_SECONDS
    await stage.write(later, ("local", "a", "later"))
    in_rows = stage.sql("SELECT task_id FROM kept WHERE body <> '' ORDER BY task_id")
    assert in_rows == [("late",), ("late too",)]


async def test_objects_that_no_row_names_go_after_an_hour_and_the_others_stay(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies_module, "SLICE", 2)
    monkeypatch.setattr(bodies_module, "AT_ONCE", 1)
    for name in ("stays", "replaced", "removed"):
        await stage.write(answered(50_000), ("local", "a", name))
    await stage.write(answered(50_000, 60_000), ("local", "a", "replaced"))
    stage.sql("DELETE FROM kept WHERE task_id = 'removed'")
    await stage.objects.put("kept/begun", b"a bridge was killed before it wrote the row")
    stage.sql(f"INSERT INTO objects VALUES ('begun', {NOW - 3e8})")
    await stage.objects.put("kept/of-another-database", b"in the same place")
    assert len(object_storage.names(stage.bucket)) == 6
    await stage.sweep_hours_later()
    foreign = {"prefix/kept/of-another-database"}
    assert object_storage.names(stage.bucket) == stage.objects_of_rows() | foreign
    assert stage.sql("SELECT count(*) FROM objects") == [(2,)]
    assert await stage.results.read(("local", "a", "stays")) is not None


async def test_what_cannot_be_removed_now_is_removed_later(stage: Stage) -> None:
    await stage.write(answered(50_000))
    stage.sql("DELETE FROM kept")
    stage.relay.cut = Cut("reset", to_agent=True, after=0)
    await stage.sweep_hours_later()
    assert len(object_storage.names(stage.bucket)) == 1
    stage.relay.cut = None
    await stage.sweep_hours_later()
    assert object_storage.names(stage.bucket) == set()


async def test_a_row_is_never_there_before_its_object(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, int]] = []
    put = stage.objects.put

    async def watched(name: str, content: bytes) -> None:
        seen.append(stage.sql("SELECT (SELECT count(*) FROM objects), count(*) FROM kept")[0])
        await put(name, content)

    monkeypatch.setattr(stage.objects, "put", watched)
    await stage.write(answered(50_000))
    assert seen == [(1, 0)]


async def test_a_lost_object_is_no_result_and_without_object_storage_the_reason_is_told(
    stage: Stage,
) -> None:
    await stage.write(answered(50_000))
    with pytest.raises(StoreUnavailable, match="has no `files`"):
        await stage.without.read(KEY)
    (name,) = stage.objects_of_rows()
    await stage.objects.delete([name.removeprefix("prefix/")])
    assert await stage.results.read(KEY) is None


async def test_an_object_that_is_not_there_can_be_removed(tmp_path: Path) -> None:
    objects = ObjectStorage(f"file://{tmp_path}/made/by/it")
    await objects.put("a", b"1")
    await objects.delete(["b", "a"])
    assert await objects.get("a") is None


async def test_objects_are_removed_beside_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects = ObjectStorage(f"file://{tmp_path}/made/by/it")
    await objects.put("a", b"1")
    begun, all_begun = 0, anyio.Event()

    class Slow:
        """A storage that removes nothing before it is asked for some at once."""

        async def delete_async(self, name: str) -> None:
            nonlocal begun
            begun += 1
            if begun == DELETERS:
                all_begun.set()
            await all_begun.wait()

    monkeypatch.setattr(objects, "_store", Slow())
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 5.0)
    await objects.delete([str(number) for number in range(3 * DELETERS)])
    assert begun == 3 * DELETERS


async def test_a_sweep_that_takes_too_long_fails_no_write(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    too_long = "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '57014'; END $$"
    monkeypatch.setattr(results_module, "_TOO_OLD", too_long)
    await stage.write(answered(50_000))
    assert await stage.results.read(KEY) == answered(50_000)
