# ruff: noqa: RUF001 - a formula has its own sign
"""The capacity model: what so many users need, reckoned from what was measured."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Final

DOCS: Final = Path(__file__).resolve().parents[1]

TASKS_OF_A_USER: Final = 20  # a working day
CALLS_OF_A_TASK: Final = 3  # send_task, get_task, list_tasks
WORKING_SECONDS: Final = 8 * 3_600
PEAK: Final = 3  # times the mean of the working day
TASK_SECONDS: Final = 60
KEEP_DAYS: Final = 30
RESULT_BYTES: Final = 4_000
LARGE_OF_A_THOUSAND: Final = 20
LARGE_BYTES: Final = 5_000_000
BUSY: Final = 0.5  # of a core, so that a peak within the peak is met

CALL_CPU_MS: Final = 4.0
ROW_BYTES: Final = 1_800
STREAMS_OF_A_PROCESS: Final = 2_000
TASK_MEMORY_BYTES: Final = 20_000
IDLE_MEMORY_BYTES: Final = 62_000_000

SEEN: Final = (
    f"{CALL_CPU_MS:g} ms of processor time",
    f"{ROW_BYTES / 1_000:g} kB a row",
    "2 000 running tasks of one agent on one process",
    "104 MB at most",
    "62 MB each",
)
"""The words of docs/operating.md that say what was measured."""

USERS: Final = (1_000, 100_000)


@dataclass(frozen=True)
class Load:
    """What so many users ask for."""

    users: int

    @property
    def tasks_a_day(self) -> float:
        """Return how many tasks begin in a day."""
        return self.users * TASKS_OF_A_USER

    @property
    def tasks_a_second(self) -> float:
        """Return how many tasks begin in a second of the peak."""
        return self.tasks_a_day / WORKING_SECONDS * PEAK

    @property
    def streams(self) -> float:
        """Return how many tasks run at the same time, each with a stream open."""
        return self.tasks_a_second * TASK_SECONDS

    @property
    def rows(self) -> float:
        """Return how many tasks are in the database."""
        return self.tasks_a_day * KEEP_DAYS

    @property
    def database_bytes_a_day(self) -> float:
        """Return what comes into the database in a day."""
        return self.tasks_a_day * (ROW_BYTES + RESULT_BYTES)

    @property
    def object_bytes_a_day(self) -> float:
        """Return what comes into object storage in a day."""
        return self.tasks_a_day * LARGE_OF_A_THOUSAND / 1_000 * LARGE_BYTES

    @property
    def cores(self) -> float:
        """Return how many cores are busy at the peak."""
        return self.tasks_a_second * CALLS_OF_A_TASK * CALL_CPU_MS / 1_000

    @property
    def processes(self) -> int:
        """Return how many processes share the peak, and one more for one that dies."""
        return 1 + ceil(max(self.cores / BUSY, self.streams / STREAMS_OF_A_PROCESS))

    @property
    def memory_bytes(self) -> float:
        """Return what a process takes at the peak."""
        return IDLE_MEMORY_BYTES + self.streams / self.processes * TASK_MEMORY_BYTES


ROWS: Final = (
    ("tasks begun in a day", "users × {tasks}", "tasks_a_day", 1, ""),
    ("tasks begun in a second, at the peak", "a day's / 8 h × {peak}", "tasks_a_second", 1, ""),
    ("running tasks, each with an open stream", "a second's × {seconds} s", "streams", 1, ""),
    ("rows in the database", "a day's × {days} days", "rows", 1, ""),
    ("into the database in a day", "a day's × ({row} + {result} kB)", "database_bytes_a_day", 1e9, " GB"),
    ("into object storage in a day", "a day's × {large} % × {size} MB", "object_bytes_a_day", 1e9, " GB"),
    ("cores, at the peak", "a second's × {calls} calls × {cpu} ms", "cores", 1, ""),
    ("processes of one core", "cores / {busy}, or streams / {most}; and one", "processes", 1, ""),
    ("memory of each", "{idle} MB + its tasks × {task} kB", "memory_bytes", 1e6, " MB"),
)  # fmt: skip

HEAD: Final = """# Capacity

What so many users need, reckoned from what was measured; [sizing](operating.md#sizing) has the measurements. Made by
`scripts/reference` from `docs/making/capacity.py`: change the assumptions there, and run it again.

Assumed: {tasks} tasks of each user in a working day of 8 hours, {calls} calls for each task, a peak of {peak} times the
mean, {seconds} s for a task, results of {result} kB, and {large} in a hundred tasks with a file of {size} MB in object
storage. Measured: {cpu} ms of processor time a call with PostgreSQL, {row} kB a row with its indexes, {idle} MB for an idle
process and {task} kB for each running task (from 62 to 104 MB with {most}), which is also `max_followed`.
"""
TAIL: Final = """
Where it ends: one database has answered lists over a million rows, not over more, and one machine with two cores ran all of
it. So the last column is a sum, not a run. `keep_bytes` (1 GiB) bounds the results of all together: for these figures set
it to what a day brings into database and object storage, times `keep_days`. An agent gets at most `concurrency` connections
from each process.
"""


def page() -> str:
    """Return the page; raises ValueError where operating.md no longer says what was measured."""
    operating = (DOCS / "operating.md").read_text(encoding="utf-8")
    if gone := [words for words in SEEN if words not in operating]:
        raise ValueError(f"docs/operating.md no longer says: {gone}")
    loads = [Load(users) for users in USERS]
    titles = " | ".join(f"{_number(load.users)} users" for load in loads)
    lines = [f"| | reckoned as | {titles} |", "| --- | --- |" + " --: |" * len(loads)]
    lines += [_line(row, loads) for row in ROWS]
    return "\n".join([HEAD.format(**FACTS), *lines, TAIL])


FACTS: Final = {
    "tasks": TASKS_OF_A_USER,
    "calls": CALLS_OF_A_TASK,
    "peak": PEAK,
    "seconds": TASK_SECONDS,
    "days": KEEP_DAYS,
    "result": f"{RESULT_BYTES / 1_000:g}",
    "row": f"{ROW_BYTES / 1_000:g}",
    "large": f"{LARGE_OF_A_THOUSAND / 10:g}",
    "size": f"{LARGE_BYTES / 1e6:g}",
    "cpu": f"{CALL_CPU_MS:g}",
    "busy": BUSY,
    "most": "2 000",
    "idle": f"{IDLE_MEMORY_BYTES / 1e6:g}",
    "task": f"{TASK_MEMORY_BYTES / 1_000:g}",
}


def _line(row: tuple[str, str, str, float, str], loads: list[Load]) -> str:
    title, formula, name, unit, sign = row
    values = " | ".join(f"{_number(getattr(load, name) / unit)}{sign}" for load in loads)
    return f"| {title} | {formula.format(**FACTS)} | {values} |"


def _number(value: float) -> str:
    """Return two digits of a number, or all of a whole one above a hundred."""
    shown = f"{value:.0f}" if value >= 10 else f"{value:.2g}"
    return f"{int(shown):,}".replace(",", " ") if shown.isdigit() else shown
