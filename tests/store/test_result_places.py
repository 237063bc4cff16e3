"""Where results are kept: a folder, a database, and object storage beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import object_storage
import postgres
import pytest

from a2a_mcp.a2a.model import Artifact, Part, Task, TaskState, TaskStatus
from a2a_mcp.presentation.message_artifacts import count_results
from a2a_mcp.store.objects import ObjectStorage
from a2a_mcp.store.result_files import KeptTask, Key
from a2a_mcp.store.result_folder import ResultFolder
from a2a_mcp.store.results import ResultPlace
from a2a_mcp.text.masking import Mask

pytestmark = pytest.mark.anyio

KEY: Final = ("local", "a", "t\0/1")
NOW: Final = 1_800_000_000.0
DAY: Final = 86_400.0
SECRET: Final = "hunter2"
USUAL: Final = {"keep_seconds": DAY, "count_results": count_results, "mask": Mask([SECRET])}


class Clock:
    now = NOW

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def in_folder(folder: Path, clock: Clock, size: int) -> AsyncIterator[ResultPlace]:
    yield ResultFolder(folder, keep_bytes=size, clock=clock, **USUAL)


@asynccontextmanager
async def in_database(
    folder: Path, clock: Clock, size: int, objects: ObjectStorage | None = None
) -> AsyncIterator[ResultPlace]:
    from a2a_mcp.store.postgres.bodies import Bodies
    from a2a_mcp.store.postgres.results import PostgresResults

    async with postgres.opened(folder) as database:
        bodies = Bodies(database, objects, inline_bytes=0)
        yield PostgresResults(database, bodies=bodies, keep_bytes=size, clock=clock, **USUAL)


@asynccontextmanager
async def in_object_folder(folder: Path, clock: Clock, size: int) -> AsyncIterator[ResultPlace]:
    objects = ObjectStorage(f"file://{folder}/objects")
    async with in_database(folder, clock, size, objects) as place:
        yield place


@asynccontextmanager
async def in_s3(folder: Path, clock: Clock, size: int) -> AsyncIterator[ResultPlace]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in object_storage.environment().items():
            patch.setenv(name, value)
        objects = ObjectStorage(f"s3://{object_storage.bucket()}/some/prefix")
        async with in_database(folder, clock, size, objects) as place:
            yield place


PLACES: Final[list[Any]] = [in_folder]
if postgres.IS_HERE:
    PLACES.extend([in_database, in_object_folder, pytest.param(in_s3, marks=pytest.mark.slow)])
each_place = pytest.mark.parametrize("opened", PLACES)
Opened = Callable[[Path, Clock, int], AbstractAsyncContextManager[ResultPlace]]


def answered(*texts: str, state: TaskState = TaskState.COMPLETED) -> Task:
    artifacts = [
        Artifact(artifact_id=str(number), parts=(Part(kind="text", text=text),))
        for number, text in enumerate(texts)
    ]
    return Task(
        id="t\0/1", context_id="c", status=TaskStatus(state=state), artifacts=tuple(artifacts)
    )


def files_below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


async def kept(place: ResultPlace, key: Key = KEY) -> Task | None:
    found = await place.read(key)
    return found and found.task


@each_place
async def test_a_result_is_read_as_it_was_written(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path, Clock(), 2**30) as place:
        long = answered("short", "x" * 3_000_000, "a lone surrogate \ud800 and \0")
        assert await place.read(KEY) is None
        await place.write({KEY: KeptTask(long, NOW)})
        assert await place.read(KEY) == KeptTask(long, NOW)
        assert await place.read(("eve", *KEY[1:])) is None


@pytest.mark.skipif(not postgres.IS_HERE, reason="PostgreSQL has no wheel there")
async def test_small_results_go_to_the_database_together_and_a_large_one_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from a2a_mcp.store.postgres import results
    from a2a_mcp.store.postgres.database import Database

    monkeypatch.setattr(results, "TOGETHER", 10)
    ways, run = list[None](), Database.run

    async def counted(database: Database, work: Any) -> Any:
        ways.append(None)
        return await run(database, work)

    texts = {f"t{number}": f"answer {number}" for number in range(25)} | {"large": "x" * 2**24}
    batch = {
        (*KEY[:2], name): KeptTask(answered(text).model_copy(update={"id": name}), NOW)
        for name, text in texts.items()
    }
    async with in_database(tmp_path, Clock(), 2**30) as place:
        await place.write({})  # sweeps
        monkeypatch.setattr(Database, "run", counted)
        await place.write(batch)
        assert len(ways) == 4
        assert {key: await place.read(key) for key in batch} == batch


@each_place
async def test_a_removed_result_is_gone_with_its_object(opened: Opened, tmp_path: Path) -> None:
    other = (*KEY[:2], "t2")
    async with opened(tmp_path, Clock(), 2**30) as place:
        await place.write({KEY: KeptTask(answered("one"), NOW)})
        before = files_below(tmp_path)
        await place.write({other: KeptTask(answered("two").model_copy(update={"id": "t2"}), NOW)})
        await place.remove(other)
        await place.remove(other)
        assert (await kept(place, other), await kept(place)) == (None, answered("one"))
        assert files_below(tmp_path) == before


@each_place
async def test_a_poorer_result_of_the_same_state_does_not_replace_what_is_kept(
    opened: Opened, tmp_path: Path
) -> None:
    rich, poor = answered("one", "two"), answered("one")
    richer, failed = answered("one", "two", "three"), answered(state=TaskState.FAILED)
    async with opened(tmp_path, Clock(), 2**30) as place:
        for written, stays in ((rich, rich), (poor, rich), (richer, richer), (failed, failed)):
            await place.write({KEY: KeptTask(written, NOW)})
            assert await kept(place) == stays


@each_place
async def test_texts_are_kept_without_secrets_and_files_and_ids_as_they_came(
    opened: Opened, tmp_path: Path
) -> None:
    def told(secret: str) -> Task:
        said = f"you sent {secret}"
        spoken = Part(kind="data", data={secret: [said]}, metadata={"long": f"{said} " * 10_000})
        enclosed = Part(kind="raw", raw=SECRET.encode(), filename=secret)
        made = Artifact(artifact_id="1", parts=(Part(kind="text", text=said), spoken, enclosed))
        status = TaskStatus(state=TaskState.COMPLETED)
        return Task(id=SECRET, context_id=SECRET, status=status, artifacts=(made,))

    async with opened(tmp_path, Clock(), 2**30) as place:
        for age in (0, 60):
            await place.write({KEY: KeptTask(told(SECRET), NOW + age)})
        assert await place.read(KEY) == KeptTask(told("***"), NOW)  # the second was the same


@each_place
async def test_the_same_result_is_not_written_again(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path, Clock(), 2**30) as place:
        await place.write({KEY: KeptTask(answered("one"), NOW)})
        await place.write({KEY: KeptTask(answered("one"), NOW + 60)})
        found = await place.read(KEY)
        assert found
        assert found.since == NOW


@each_place
async def test_the_oldest_go_where_there_are_too_many(opened: Opened, tmp_path: Path) -> None:
    clock = Clock()
    keys = [("local", "a", str(number)) for number in range(4)]
    async with opened(tmp_path, clock, 2_500) as place:
        for age, key in enumerate(keys):
            await place.write({key: KeptTask(answered("x" * 800), NOW + age)})
        clock.now += 2 * 3600
        await place.write({})
        assert await kept(place, keys[0]) is None
        assert await kept(place, keys[3]) is not None


@each_place
async def test_a_result_larger_than_all_that_is_kept_is_not_kept(
    opened: Opened, tmp_path: Path
) -> None:
    async with opened(tmp_path, Clock(), 2_000) as place:
        await place.write({KEY: KeptTask(answered("x" * 3_000), NOW)})
        assert await place.read(KEY) is None
