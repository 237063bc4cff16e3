"""Tasks for which there is no place among those that are followed: each is read now and then.

Nothing is held open for them. Agents that list tasks are asked for many at once, and only what has
moved is read. A task leaves the sweep when it stops, or when it is followed after all.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Final

import anyio

from a2a_mcp.a2a.errors import A2AError, AgentUnreachable, AuthenticationRequired, TaskNotFound
from a2a_mcp.a2a.requests import ListTasksRequest, Operation
from a2a_mcp.errors import BridgeError
from a2a_mcp.telemetry.supervise import run_logged
from a2a_mcp.tracking.happenings import Closed, ReadFailed
from a2a_mcp.tracking.pauses import jittered
from a2a_mcp.tracking.polling import TaskPoller
from a2a_mcp.tracking.tracked_task import TrackedTask

if TYPE_CHECKING:
    from a2a_mcp.a2a.client import A2AClient
    from a2a_mcp.agents.connection import Connection

SWEEP_SECONDS: Final = 30.0
LONGEST_SECONDS: Final = 86_400.0
READERS: Final = 4
"""Reads of one agent at the same time, so that calls always find a connection."""

PAUSE_SECONDS: Final = 0.1
"""After each read of one of them: forty reads a second of an agent at most."""

LEAST_LISTED: Final = 5
PAGE_SIZE: Final = 100

Ended = Callable[[TrackedTask], None]
Swept = dict[TrackedTask, "Connection"]


class Sweep:
    """The tasks that are read every `seconds`; `ended` is called with each that is read no more."""

    def __init__(self, poller: TaskPoller, ended: Ended, seconds: float = SWEEP_SECONDS) -> None:
        self._poller = poller
        self._ended = ended
        self._seconds = seconds
        self._swept: Swept = {}
        self._wanted = anyio.Event()

    def __len__(self) -> int:
        return len(self._swept)

    def __iter__(self) -> Iterator[TrackedTask]:
        return iter(tuple(self._swept))

    def add(self, tracked: TrackedTask, connection: Connection) -> None:
        """Read a task from now on."""
        self._swept[tracked] = connection
        self._wanted.set()

    def take(self) -> tuple[TrackedTask, Connection] | None:
        """Release the task that is to be followed next: one that a call waits for, else the oldest.

        None if there is none.
        """
        if not self._swept:
            return None
        awaited = (tracked for tracked in self._swept if tracked.awaited)
        tracked = next(awaited, None) or next(iter(self._swept))
        return tracked, self._swept.pop(tracked)

    async def read(self, tracked: TrackedTask) -> None:
        """Read a task of the sweep now: a call waits for what another process has seen of it."""
        connection = self._swept.get(tracked)
        if connection:
            await self._read(tracked, connection)

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted = anyio.Event()
            async with anyio.create_task_group() as group:
                group.start_soon(anyio.sleep, jittered(self._seconds))
                await self._round()
            if self._swept:
                self._wanted.set()

    async def _round(self) -> None:
        """Read every task once; an agent that is slow keeps no other waiting."""
        by_agent: dict[Connection, list[TrackedTask]] = defaultdict(list)
        for tracked, connection in self._swept.items():
            by_agent[connection].append(tracked)
        async with anyio.create_task_group() as group:
            for connection, tasks in by_agent.items():
                what = f"sweeping the tasks of {connection.config.name}"
                group.start_soon(run_logged, what, partial(self._sweep, connection, tasks))

    async def _sweep(self, connection: Connection, tasks: list[TrackedTask]) -> None:
        unmoved = await _unmoved(connection, tasks)
        waiting = iter([tracked for tracked in tasks if tracked not in unmoved])
        async with anyio.create_task_group() as group:
            for _ in range(READERS):
                group.start_soon(self._read_all, connection, waiting)

    async def _read_all(self, connection: Connection, waiting: Iterator[TrackedTask]) -> None:
        """Read tasks one after the other; none is left for an agent that cannot be asked now."""
        for tracked in waiting:
            if tracked in self._swept and not await self._read(tracked, connection):
                deque(waiting, maxlen=0)
            await anyio.sleep(PAUSE_SECONDS)

    async def _read(self, tracked: TrackedTask, connection: Connection) -> bool:
        """Read a task; return whether its agent can be asked for more."""
        try:
            if not tracked.at_rest:
                client = await connection.client(tracked.record.interface)
                tracked.reached_over(client)
                await self._poller.look(tracked, client)
        except TaskNotFound as error:
            if not _hides_running(tracked):
                self._end(tracked, error)
            return True
        except BridgeError:
            return False
        except A2AError as error:
            tracked.happened(ReadFailed(error))
            return not isinstance(error, AgentUnreachable | AuthenticationRequired)
        if tracked.at_rest or tracked.unanswered or tracked.older_than(LONGEST_SECONDS):
            self._end(tracked)
        return True

    def _end(self, tracked: TrackedTask, error: A2AError | None = None) -> None:
        if self._swept.pop(tracked, None) is not None:
            tracked.happened(Closed(error))
            self._ended(tracked)


async def _unmoved(connection: Connection, tasks: list[TrackedTask]) -> set[TrackedTask]:
    """Return the tasks that their agent lists as they are known; none where it lists nothing."""
    calm = (tracked for tracked in tasks if not (tracked.awaited or tracked.in_doubt))
    by_id = {tracked.task.id: tracked for tracked in calm if tracked.task}
    found: set[TrackedTask] = set()
    try:
        client = await connection.client(tasks[0].record.interface)
        if len(by_id) >= LEAST_LISTED and client.interface.dialect.has(Operation.LIST_TASKS):
            await _list(client, by_id, found)
    except (A2AError, BridgeError):
        pass  # the reads find out
    return found


async def _list(client: A2AClient, by_id: dict[str, TrackedTask], found: set[TrackedTask]) -> None:
    """Add the tasks that are listed and have not moved to `found`; raises A2AError."""
    token: str | None = None
    for _ in range(len(by_id) // PAGE_SIZE + 2):
        request = ListTasksRequest(page_size=PAGE_SIZE, page_token=token, history_length=0)
        page = await client.list(request)
        for task in page.tasks:
            tracked = by_id.get(task.id)
            if tracked and not task.state.stop:
                found.add(tracked)
        token = page.next_page_token
        if not token or len(found) == len(by_id):
            return


def _hides_running(tracked: TrackedTask) -> bool:
    return tracked.client is not None and tracked.client.interface.dialect.hides_running
