"""Streams that no call waits for are read in turn, so that hundreds of them cost little."""

from __future__ import annotations

from collections.abc import Sequence

import anyio
import pytest

from a2a_mcp.a2a.model import Task, TaskState, TaskStatus
from a2a_mcp.store.base import TaskRecord
from a2a_mcp.tracking.happenings import Heard
from a2a_mcp.tracking.paced import AT_HAND, PART_OF_A_TURN, READS_A_SECOND, PacedStream, Turns
from a2a_mcp.tracking.tracked_task import TrackedTask

pytestmark = pytest.mark.anyio

LONG = 60


class Clock:
    """A clock that moves only when it is told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Scene:
    """One followed task, and turns that are taken for the next minute."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.turns = Turns(self.clock)
        record = TaskRecord(
            1, "me", "it", "m1", "t1", None, None, TaskState.WORKING, None, 0.0, 0.0
        )
        self.tracked = TrackedTask(record)
        self.stream = PacedStream(self.tracked, self.take, self.turns)
        self.taken = anyio.Event()
        self.seconds = 0.0

    def fill(self) -> None:
        for _ in range(LONG * READS_A_SECOND):
            self.turns.seconds_to_next()

    async def take(self, tracked: TrackedTask, heard: Sequence[Heard]) -> bool:
        for each in heard:
            tracked.happened(each)
        self.clock.now += self.seconds
        self.taken.set()
        return tracked.over

    async def hear(self, state: TaskState, *, after: float = 1.0) -> bool:
        self.clock.now += after
        status = TaskStatus(state=state)
        with anyio.fail_after(5):
            return await self.stream.take_in([Heard(Task(id="t1", status=status))])


@pytest.fixture
async def scene() -> Scene:
    return Scene()


def test_turns_are_evenly_spread() -> None:
    clock = Clock()
    turns = Turns(clock)
    waits = [turns.seconds_to_next() for _ in range(READS_A_SECOND + 1)]
    assert waits[0] == 0
    assert waits[-1] == pytest.approx(1.0)
    clock.now += 10
    assert turns.seconds_to_next() == 0


def test_a_stream_that_uses_much_time_puts_the_turns_of_all_off() -> None:
    turns = Turns(Clock())
    assert turns.seconds_to_next(0.2) == 0
    assert turns.seconds_to_next(0.2) == pytest.approx(0.2 / PART_OF_A_TURN)
    assert turns.seconds_to_next() == pytest.approx(0.2 / PART_OF_A_TURN + 1 / READS_A_SECOND)


async def test_the_time_of_all_that_was_taken_in_since_the_last_turn_counts(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: list[float] = []
    monkeypatch.setattr(scene.turns, "seconds_to_next", lambda spent: noted.append(spent) or 0.0)
    scene.seconds = 0.1
    for after in (1.0, 0.0, 1.0):
        await scene.hear(TaskState.WORKING, after=after)
    assert noted == pytest.approx([0.1, 0.2])


async def test_a_stream_among_few_does_not_rest(scene: Scene) -> None:
    for _ in range(5):
        assert not await scene.hear(TaskState.WORKING)


async def test_a_stream_among_many_rests_until_a_call_waits_for_its_task(scene: Scene) -> None:
    scene.fill()
    read_on = anyio.Event()

    async def read() -> None:
        await scene.hear(TaskState.WORKING)
        read_on.set()

    async with anyio.create_task_group() as group:
        group.start_soon(read)
        await scene.taken.wait()
        await anyio.wait_all_tasks_blocked()
        assert not read_on.is_set()
        group.start_soon(scene.tracked.wait, LONG)
        with anyio.fail_after(5):
            await read_on.wait()
        group.cancel_scope.cancel()


async def test_a_stream_of_a_task_that_a_call_waits_for_does_not_rest(scene: Scene) -> None:
    scene.fill()
    async with anyio.create_task_group() as group:
        group.start_soon(scene.tracked.wait, LONG)
        await anyio.wait_all_tasks_blocked()
        assert not await scene.hear(TaskState.WORKING)
        group.cancel_scope.cancel()


@pytest.mark.parametrize("state", [TaskState.COMPLETED, TaskState.INPUT_REQUIRED])
async def test_a_stream_does_not_rest_once_its_task_has_stopped(
    scene: Scene, state: TaskState
) -> None:
    scene.fill()
    assert await scene.hear(state) is state.terminal


async def test_what_lies_ready_is_read_without_a_rest(scene: Scene) -> None:
    scene.fill()
    await scene.hear(TaskState.WORKING, after=AT_HAND / 2)
