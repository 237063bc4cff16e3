"""What the processes of a schedule share: the database, and an agent with all its habits."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache

from a2a_mcp.a2a.model import Task, TaskState, TaskStatus
from a2a_mcp.store.base import TaskRecord
from simulation.clockwork import Clockwork

ALIVE_SECONDS = 20.0


class Away(Exception):
    """The database, or the agent, cannot be reached now."""


@cache
def shown(task_id: str, state: TaskState) -> Task:
    """Return a task as the agent shows it."""
    return Task(id=task_id, status=TaskStatus(state=state))


@dataclass
class Database:
    """The rows of tasks, who reads them, and who said when that it lives: the store's rules."""

    clock: Clockwork
    rows: dict[int, TaskRecord] = field(default_factory=dict)
    readers: dict[int, str] = field(default_factory=dict)
    seen: dict[str, float] = field(default_factory=dict)
    is_away: bool = False

    def _reach(self) -> float:
        if self.is_away:
            raise Away
        return self.clock.now

    def begin(self, message_id: str) -> TaskRecord:
        now = self._reach()
        row = TaskRecord(
            *(len(self.rows), "local", "a", message_id, None, None, None),
            *(TaskState.SUBMITTED, None, now, now),
        )
        self.rows[row.key] = row
        return row

    def update(self, key: int, task: Task) -> TaskRecord:
        """Write a task's id and state; an ended one stays ended."""
        now, row = self._reach(), self.rows[key]
        state = row.state if row.state.terminal else task.state
        self.rows[key] = replace(row, task_id=task.id, state=state, updated=now)
        return self.rows[key]

    def note(self, reader: str, begun: frozenset[int], ended: frozenset[int]) -> None:
        self.seen[reader] = self._reach()
        self.readers |= dict.fromkeys(begun, reader)
        for key in ended:
            if self.readers.get(key) == reader:
                del self.readers[key]

    def leave(self, reader: str) -> None:
        self.seen[reader] = self._reach() - ALIVE_SECONDS

    def take_over(self, reader: str, after: int, limit: int) -> list[TaskRecord]:
        self.seen[reader] = self._reach()
        left = [row for key, row in self.rows.items() if key > after and self._is_left(row)]
        self.readers |= dict.fromkeys((row.key for row in left[:limit]), reader)
        return left[:limit]

    def _is_left(self, row: TaskRecord) -> bool:
        if row.state not in (TaskState.SUBMITTED, TaskState.WORKING):
            return False
        last_sign = self.seen.get(self.readers.get(row.key, ""), row.updated)
        return last_sign <= self.clock.now - ALIVE_SECONDS


@dataclass
class Agent:
    """It counts each message that arrives, and works on its task until the task's time is over."""

    clock: Clockwork
    received: dict[str, int] = field(default_factory=dict)
    ends: dict[str, float] = field(default_factory=dict)
    is_away: bool = False

    def receive(self, message_id: str, seconds: float) -> None:
        self.received[message_id] = self.received.get(message_id, 0) + 1
        self.ends.setdefault(f"task of {message_id}", self.clock.now + seconds)

    def read(self, task_id: str) -> Task:
        if self.is_away:
            raise Away
        is_over = self.ends[task_id] <= self.clock.now
        return shown(task_id, TaskState.COMPLETED if is_over else TaskState.WORKING)

    def find(self, message_id: str) -> Task | None:
        """Return the task that a message has begun, as its history shows."""
        if self.is_away:
            raise Away
        return self.read(f"task of {message_id}") if message_id in self.received else None
