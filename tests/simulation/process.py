"""One bridge of a schedule: it sends, follows, says what it reads, and takes over from others.

What it says and when is `tracking.guard`, what a task becomes is `tracking.state`: the real ones.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import ClassVar, Final

from a2a_mcp.a2a.errors import AgentUnreachable
from a2a_mcp.a2a.model import Task
from a2a_mcp.store.base import TaskRecord
from a2a_mcp.tracking.guard import Guard
from a2a_mcp.tracking.happenings import Broken, Happening, Heard, Read, ReadFailed
from a2a_mcp.tracking.phases import Ended, Sent, State
from a2a_mcp.tracking.recording import is_news
from a2a_mcp.tracking.state import advance
from simulation.clockwork import Clockwork
from simulation.parts import Agent, Away, Database

EVERY_SECONDS: Final = 5.0
POLL_SECONDS: Final = 5.0
LATE_SECONDS: Final = 1.0
BATCH: Final = 3
CUT: Final = AgentUnreachable("the connection was cut")


class Process:
    """A process that can be frozen, killed or told to end; its host never learns of it."""

    first_guard: ClassVar[Guard] = Guard()

    def __init__(self, name: str, clock: Clockwork, database: Database, agent: Agent) -> None:
        self.name = name
        self.lives = True
        self._clock = clock
        self._database = database
        self._agent = agent
        self._guard = self.first_guard
        self._frozen_until = 0.0
        self._states: dict[int, State] = {}
        self._rows: dict[int, TaskRecord] = {}
        self._late: dict[int, Task] = {}
        for work in (self._say, self._search):
            self._soon(work, clock.between(0, EVERY_SECONDS))

    def kill(self) -> None:
        """End without another word."""
        self.lives = False

    def freeze(self, seconds: float) -> None:
        """Do nothing for a while; everything that was to happen then comes late."""
        self._frozen_until = self._clock.now + seconds

    def leave(self) -> None:
        """End in order."""
        if self.lives:
            with suppress(Away):
                self._database.leave(self.name)
        self.lives = False

    def send(self, message_id: str, seconds: float) -> None:
        """Write the row, and only then send; without the database nothing is sent."""
        try:
            row = self._database.begin(message_id)
        except Away:
            return
        self._follow(row, Sent())
        self._soon(lambda: self._deliver(row, seconds), self._clock.between(0, 1))

    def _deliver(self, row: TaskRecord, seconds: float) -> None:
        self._agent.receive(row.message_id, seconds)
        until_named = self._clock.between(0, min(seconds, 4))
        cut = self._clock.between(0, 2 * seconds)
        named = f"task of {row.message_id}"
        if until_named < cut:
            self._soon(lambda: self._hear(row.key, named), until_named)
        if seconds < cut:
            self._soon(lambda: self._hear(row.key, named), seconds)
        else:
            self._soon(lambda: self._cut_off(row.key), cut)

    def _hear(self, key: int, task_id: str) -> None:
        try:
            self._happens(key, Heard(self._agent.read(task_id)))
        except Away:
            self._cut_off(key)

    def _cut_off(self, key: int) -> None:
        self._happens(key, Broken(CUT))
        self._poll(key)

    def _poll(self, key: int) -> None:
        """Read a task again and again; one without a name is looked for by its message."""
        if key not in self._states:
            return
        try:
            self._read(key)
        except Away:
            self._happens(key, ReadFailed(CUT))
        self._soon(lambda: self._poll(key), POLL_SECONDS)

    def _read(self, key: int) -> None:
        row = self._rows[key]
        found = self._agent.read(row.task_id) if row.task_id else self._agent.find(row.message_id)
        if found:
            self._happens(key, Read(found))

    def _happens(self, key: int, happening: Happening) -> None:
        if key not in self._states:
            return
        state = self._states[key] = advance(self._states[key], happening)
        if state.task and is_news(state.task, self._rows[key]):
            self._write(key, state.task)
        if isinstance(state, Ended):
            del self._states[key]

    def _write(self, key: int, task: Task) -> None:
        try:
            self._rows[key] = self._database.update(key, task)
        except Away:
            self._late[key] = task
            self._soon(self._write_late, LATE_SECONDS)

    def _write_late(self) -> None:
        try:
            for key, task in list(self._late.items()):
                self._database.update(key, task)
                del self._late[key]
        except Away:
            self._soon(self._write_late, LATE_SECONDS)

    def _say(self) -> None:
        word = self._guard.word(self._states, self._clock.now, EVERY_SECONDS)
        if word:
            with suppress(Away):
                self._database.note(self.name, word.begun, word.ended)
                self._guard = self._guard.said(word, self._clock.now)
        self._soon(self._say, EVERY_SECONDS)

    def _search(self, after: int = -1) -> None:
        try:
            found = self._database.take_over(self.name, after, BATCH)
        except Away:
            found = []
        if found:
            self._guard = self._guard.took(row.key for row in found)
        for row in found:
            self.take_up(row)
        if len(found) == BATCH:
            self._soon(lambda: self._search(found[-1].key), self._clock.between(0, 1))
        else:
            self._guard = self.after_search(self._guard)
            self._soon(self._search, self._clock.between(0.5, 1) * EVERY_SECONDS)

    def after_search(self, guard: Guard) -> Guard:
        """Return the guard after a search."""
        return guard.searched()

    def take_up(self, row: TaskRecord) -> None:
        """Follow a task by reading, if its agent can be asked."""
        with suppress(Away):
            wanted = row.task_id or self._agent.find(row.message_id)
            if wanted and row.key not in self._states:
                self._agent.read(wanted if isinstance(wanted, str) else wanted.id)
                self._follow(row, Sent())
                self._poll(row.key)

    def _follow(self, row: TaskRecord, state: State) -> None:
        self._rows[row.key] = row
        self._states[row.key] = state

    def _soon(self, work: Callable[[], None], seconds: float) -> None:
        """Let something happen in this process, unless it has ended; a frozen one is late."""

        def happen() -> None:
            wait = self._frozen_until - self._clock.now
            if self.lives and wait > 0:
                self._clock.after(wait, happen)
            elif self.lives:
                work()

        self._clock.after(seconds, happen)
