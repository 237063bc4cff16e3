"""Tasks that a dead process was reading are taken over, so that their results are kept.

Each process notes in the store which tasks it reads, and that it lives. It looks for tasks that run
and that no living process reads: at first soon after a host's first request, and then now and then.
Nothing is sent or written before that request. Two processes may read one task at the same time for
a moment, which costs a read; no message is ever sent from here. `tracking.guard` decides what is
said to the store, and when.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final
from uuid import uuid4

import anyio

from a2a_mcp.a2a.errors import A2AError, AgentUnreachable, AuthenticationRequired
from a2a_mcp.bridge.send import SendRequest
from a2a_mcp.bridge.service import Bridge
from a2a_mcp.errors import AgentDisabled, BridgeError, StoreUnavailable, UnknownAgent
from a2a_mcp.store.base import TaskRecord, TaskStore
from a2a_mcp.telemetry.metrics import instruments
from a2a_mcp.tracking.guard import Guard
from a2a_mcp.tracking.pauses import jittered
from a2a_mcp.tracking.tracker import TaskTracker

NOTE_SECONDS: Final = 5.0
WORD_SECONDS: Final = 10.0
"""How often a process says that it lives, while it reads any task."""

FIRST_SEARCH_SECONDS: Final = 2.0
SEARCH_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 5.0
BATCH: Final = 50
READERS: Final = 4
"""Tasks of one agent that are taken up at the same time."""


class TaskRecoverer:
    """Takes over tasks for one process; it does nothing before `wake` was called."""

    def __init__(
        self,
        bridge: Bridge,
        tasks: TaskStore,
        tracker: TaskTracker,
        *,
        note_seconds: float = NOTE_SECONDS,
        word_seconds: float = WORD_SECONDS,
        first_search_seconds: float = FIRST_SEARCH_SECONDS,
        search_seconds: float = SEARCH_SECONDS,
    ) -> None:
        self._bridge = bridge
        self._tasks = tasks
        self._tracker = tracker
        self._note_seconds = note_seconds
        self._word_seconds = word_seconds
        self._first_search_seconds = first_search_seconds
        self._search_seconds = search_seconds
        self._awake = anyio.Event()
        self._reader = uuid4().hex
        self._guard = Guard()

    def wake(self) -> None:
        """Begin: a host has made its first real request."""
        self._awake.set()

    async def run(self) -> None:
        """Note and search until cancelled."""
        await self._awake.wait()
        async with anyio.create_task_group() as group:
            group.start_soon(self._note)
            group.start_soon(self._search)

    async def leave(self) -> None:
        """Let others take over at once what this process was reading: it is about to end."""
        if self._guard.noted:
            with suppress(StoreUnavailable):  # then they wait until it counts as dead
                await self._tasks.leave(self._reader)

    async def _note(self) -> None:
        while True:
            await anyio.sleep(self._note_seconds)
            with suppress(StoreUnavailable):  # it is said again with the next word
                await self._say()

    async def _say(self) -> None:
        now = time.monotonic()
        followed = [record.key for record in self._tracker.records()]
        word = self._guard.word(followed, now, self._word_seconds)
        if word:
            await self._tasks.note_reader(self._reader, word.begun, word.ended)
            self._guard = self._guard.said(word, now)

    async def _search(self) -> None:
        await anyio.sleep(jittered(self._first_search_seconds))
        while True:
            with suppress(StoreUnavailable):
                await self._take_over_all()
            self._guard = self._guard.searched()
            await anyio.sleep(jittered(self._search_seconds))

    async def _take_over_all(self) -> None:
        position: int | None = 0
        while position is not None:
            records, position = await self._tasks.take_over(
                self._reader, after=position, limit=BATCH
            )
            if records:
                await self._bridge.registry.discover()  # an agent may have been added elsewhere
                _count(len(records))
            self._guard = self._guard.took(record.key for record in records)
            await self._follow_all(records)

    async def _follow_all(self, records: Iterable[TaskRecord]) -> None:
        """Follow tasks, some of each agent at a time; an agent that is slow keeps no other waiting.

        What is left over is let go with the search, for any process to take over.
        """
        by_agent: dict[str, list[TaskRecord]] = defaultdict(list)
        for record in records:
            by_agent[record.agent].append(record)
        async with anyio.create_task_group() as group:
            for tasks in by_agent.values():
                waiting = iter(tasks)
                for _ in range(READERS):
                    group.start_soon(self._follow_each, waiting)

    async def _follow_each(self, waiting: Iterator[TaskRecord]) -> None:
        """Follow one task after the other; none is left for an agent that cannot be asked now."""
        for record in waiting:
            if not await self._follow(record):
                deque(waiting, maxlen=0)

    async def _follow(self, record: TaskRecord) -> bool:
        """Read a task and follow it if it runs; return whether its agent can be asked for more."""
        task_id = record.task_id or record.pending_id
        wanted = SendRequest("", record.agent, task_id, wait_seconds=LOOK_SECONDS)
        try:
            await self._bridge.attach(record.owner, wanted)
        except (AgentUnreachable, AuthenticationRequired, UnknownAgent, AgentDisabled):
            return False
        except (A2AError, BridgeError):
            return True
        return True


def _count(tasks: int) -> None:
    if found := instruments():
        found.taken_over.add(tasks)
