"""No schedule of deaths, freezes, ends and failovers loses a task, or sends a message twice."""

import os
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import pytest

from a2a_mcp.store.base import TaskRecord
from a2a_mcp.tracking.guard import Guard
from simulation.process import Process
from simulation.schedule import Schedule

FIRST: Final = int(os.environ.get("SIMULATION_SEED", "0"))
SCHEDULES: Final = int(os.environ.get("SIMULATION_SCHEDULES", "1000"))
UNTIL_FOUND: Final = 200


def test_no_schedule_loses_a_task_or_sends_a_message_twice() -> None:
    for seed in range(FIRST, FIRST + SCHEDULES):
        broken = Schedule(seed).run()
        assert not broken, f"SIMULATION_SEED={seed} SIMULATION_SCHEDULES=1: {broken}"


def test_a_seed_is_always_the_same_schedule() -> None:
    assert [Schedule(seed, Sender).run() for seed in range(9)] == [
        Schedule(seed, Sender).run() for seed in range(9)
    ]


class Sender(Process):
    """A takeover that sends the message again where it does not know the task."""

    def take_up(self, row: TaskRecord) -> None:
        if row.task_id is None:
            self._agent.receive(row.message_id, 5)
        super().take_up(row)


class Keeper(Process):
    """A search that never lets go of what it could not follow."""

    def after_search(self, guard: Guard) -> Guard:
        return guard


class Unaware(Guard):
    """A guard that does not count what it was given as said."""

    def took(self, keys: Iterable[int]) -> Guard:
        return replace(self, taken=self.taken.union(keys))


class Hoarder(Process):
    """A process that never lets go in the store of what it could not follow."""

    first_guard = Unaware()


class Loner(Process):
    """A process that takes nothing over."""

    def take_up(self, row: TaskRecord) -> None:
        """Leave the task to nobody."""


@pytest.mark.parametrize(
    ("broken", "seen"),
    [
        (Sender, "arrived 2 times"),
        (Keeper, "in the map"),
        (Hoarder, "in the map"),
        (Loner, "in the map"),
    ],
)
def test_a_protocol_that_is_broken_in_one_place_is_found(broken: type[Process], seen: str) -> None:
    lines = (line for seed in range(UNTIL_FOUND) for line in Schedule(seed, broken).run())
    assert seen in next(lines, "nothing was found")
