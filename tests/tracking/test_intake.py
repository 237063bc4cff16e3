"""What came in one read is taken in together: one write, one waking, in the right order."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import anyio
import pytest
from staging import ME

from a2a_mcp.a2a.errors import InvalidAgentResponse
from a2a_mcp.a2a.model import (
    Artifact,
    Message,
    Part,
    Role,
    StreamEvent,
    Task,
    TaskArtifactUpdateEvent,
    TaskState,
    TaskStatus,
    TaskStatusUpdateEvent,
)
from a2a_mcp.errors import StoreUnavailable
from a2a_mcp.store.base import TaskRecord
from a2a_mcp.store.sqlite.store import SqliteTaskStore
from a2a_mcp.tracking import recording
from a2a_mcp.tracking.happenings import Heard
from a2a_mcp.tracking.intake import EVENTS_WITHOUT_PAUSE, Intake
from a2a_mcp.tracking.known import KnownTasks
from a2a_mcp.tracking.recording import AWAY_PAUSES
from a2a_mcp.tracking.tracked_task import TrackedTask

pytestmark = pytest.mark.anyio


class CountingStore(SqliteTaskStore):
    """The real store, which notes what is written."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.written: list[dict[str, Any]] = []

    async def update(self, record: TaskRecord, **members: Any) -> TaskRecord:
        self.written.append(members)
        return await super().update(record, **members)


class Scene:
    """An intake over a real store; `shown` is what the watchers saw."""

    def __init__(self, store: CountingStore) -> None:
        self.store = store
        self.shown: list[Task | None] = []
        self.known = KnownTasks()
        self.intake = Intake(store, self.known, (lambda _, task: self.shown.append(task),))

    async def begin(self, message_id: str = "m1", owner: str = ME) -> TrackedTask:
        record = await self.store.begin(owner=owner, agent="it", message_id=message_id)
        tracked = TrackedTask(record)
        self.known.add(tracked)
        return tracked

    async def hear(self, tracked: TrackedTask, *events: StreamEvent) -> bool:
        return await self.intake.receive(tracked, [Heard(event) for event in events])


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    store = CountingStore(tmp_path)
    yield Scene(store)
    await store.close()


def working(task_id: str = "t1") -> Task:
    return Task(id=task_id, status=TaskStatus(state=TaskState.WORKING))


def moved(state: TaskState, text: str = "") -> TaskStatusUpdateEvent:
    said = Message(message_id="", role=Role.AGENT, parts=(Part(kind="text", text=text),))
    return TaskStatusUpdateEvent(task_id="t1", status=TaskStatus(state=state, message=said))


def piece(text: str) -> TaskArtifactUpdateEvent:
    artifact = Artifact(artifact_id="a", parts=(Part(kind="text", text=text),))
    return TaskArtifactUpdateEvent(task_id="t1", artifact=artifact, append=True)


class AwayStore(CountingStore):
    """A store that cannot say whose a task is, so often."""

    away = 0

    async def held_by_other(self, *names: str, active_only: bool = False) -> bool:
        if self.away:
            self.away -= 1
            raise StoreUnavailable("away", "Try again.")
        return await super().held_by_other(*names, active_only=active_only)


@pytest.mark.parametrize(("away", "is_lost"), [(len(AWAY_PAUSES), False), (99, True)])
async def test_an_answer_waits_for_a_store_that_is_away_and_cannot_say_whose_task_it_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, away: int, is_lost: bool
) -> None:
    monkeypatch.setattr(recording, "AWAY_PAUSES", [0.0] * len(AWAY_PAUSES))
    store = AwayStore(tmp_path)
    scene = Scene(store)
    tracked = await scene.begin()
    store.away = away
    with pytest.raises(InvalidAgentResponse) if is_lost else nullcontext():
        await scene.hear(tracked, working())
    assert tracked.record.task_id == (None if is_lost else "t1")
    await store.close()


async def test_a_whole_stream_in_one_read_is_one_write_and_is_shown_once(scene: Scene) -> None:
    tracked = await scene.begin()
    pieces = [piece(f"{n} ") for n in range(9)]
    over = await scene.hear(tracked, working(), *pieces, moved(TaskState.COMPLETED))
    assert over
    assert [(each["task_id"], each["state"]) for each in scene.store.written] == [
        ("t1", TaskState.COMPLETED)
    ]
    assert scene.shown == [tracked.task]
    assert tracked.task
    assert "".join(part.text for part in tracked.task.artifacts[0].parts) == "0 1 2 3 4 5 6 7 8 "
    (record,) = await scene.store.find(ME, "t1")
    assert record.state is TaskState.COMPLETED


async def test_steps_between_two_stops_are_not_written(scene: Scene) -> None:
    tracked = await scene.begin()
    await scene.hear(tracked, working())
    for number in range(5):
        await scene.hear(tracked, moved(TaskState.WORKING, f"{number}"), piece("x"))
    assert len(scene.store.written) == 1


async def test_a_task_is_in_the_store_before_a_waiting_call_learns_of_it(scene: Scene) -> None:
    tracked = await scene.begin()
    stored: list[bool] = []

    async def look() -> None:
        await tracked.first_word(5)
        stored.append(bool(await scene.store.find(ME, "t1")))

    async with anyio.create_task_group() as group:
        group.start_soon(look)
        await anyio.lowlevel.checkpoint()
        await scene.hear(tracked, working(), piece("x"))
    assert stored == [True]


async def test_what_comes_after_the_last_word_is_left(scene: Scene) -> None:
    tracked = await scene.begin()
    assert await scene.hear(tracked, working(), moved(TaskState.FAILED, "no"), piece("late"))
    assert tracked.task
    assert tracked.task.artifacts == ()


async def test_a_task_of_another_caller_is_refused_wherever_it_stands_in_a_read(
    scene: Scene,
) -> None:
    other = await scene.begin("m0", owner="other")
    await scene.hear(other, working())
    tracked = await scene.begin()
    nameless = moved(TaskState.WORKING).model_copy(update={"task_id": None})
    with pytest.raises(InvalidAgentResponse):
        await scene.hear(tracked, nameless, working())
    assert tracked.task is None


async def test_a_call_that_hears_every_step_misses_none_of_many_reads(scene: Scene) -> None:
    tracked = await scene.begin()
    heard: list[StreamEvent] = []
    missed: list[int] = []

    async def hear(event: StreamEvent) -> bool:
        heard.append(event)
        return False

    async def wait() -> None:
        missed.append(await tracked.wait(10, hear))

    async with anyio.create_task_group() as group:
        group.start_soon(wait)
        await anyio.lowlevel.checkpoint()
        await scene.hear(tracked, working())
        for _ in range(40):
            await scene.hear(tracked, *(piece("x") for _ in range(EVENTS_WITHOUT_PAUSE // 2)))
        await scene.hear(tracked, moved(TaskState.COMPLETED))
    assert missed == [0]
    assert len(heard) == 2 + 40 * (EVENTS_WITHOUT_PAUSE // 2)
