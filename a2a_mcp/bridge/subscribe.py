"""Follow a task without sending anything: join its tracking, or read it and start to track it.

A task that is tracked already is never read again from its agent.
"""

from __future__ import annotations

from dataclasses import dataclass

from a2a_mcp.a2a.model import Task
from a2a_mcp.agents.registry import Registry
from a2a_mcp.bridge.deadlines import FIRST_WORD_SECONDS, call_within, seconds_to_wait
from a2a_mcp.bridge.read_task import Reader
from a2a_mcp.bridge.reading import Reading
from a2a_mcp.bridge.routing import checked_id
from a2a_mcp.bridge.send import SendRequest
from a2a_mcp.store.base import TaskRecord, TaskStore
from a2a_mcp.tracking.tracked_task import TrackedTask
from a2a_mcp.tracking.tracker import TaskTracker


@dataclass(frozen=True, slots=True)
class Joined:
    """A task that is followed; `tracked` is None for a message whose task cannot be found.

    `note` says how old the task is if its agent could not be asked.
    """

    record: TaskRecord
    tracked: TrackedTask | None
    note: str | None = None


class Subscriber:
    """Follows tasks for the callers of one process."""

    def __init__(
        self, registry: Registry, tasks: TaskStore, reader: Reader, tracker: TaskTracker
    ) -> None:
        self._registry = registry
        self._tasks = tasks
        self._reader = reader
        self._tracker = tracker

    async def join(self, owner: str, request: SendRequest) -> Joined:
        """Return the tracked task that `request` names, tracked from now on if it was not.

        Raises A2AError and BridgeError, as `Reader.read` does.
        """
        task_id = request.task_id or ""
        name = self._registry.resolve(request.agent, owner) if request.agent else None
        known = await self._tasks.find(owner, checked_id(task_id), name)
        live = self._find_live(known[0]) if len(known) == 1 else None
        if live and (live.message or not live.ended):
            return _join_live(live, request)
        asked = name or (self._registry.resolve(known[0].agent, owner) if known else None)
        with call_within(self._seconds(asked, request)):
            found = await self._reader.read(owner, task_id, request.agent)
        return self._join_read(found, request)

    def _join_read(self, found: Reading, request: SendRequest) -> Joined:
        """Follow a task that was just read; somebody else may have started to meanwhile."""
        live = self._find_live(found.record)
        if live and not live.ended:
            return _join_live(live, request)
        if found.message:
            return Joined(found.record, TrackedTask.answered(found.record, found.message))
        if found.task is None:
            return Joined(found.record, None)
        return Joined(found.record, self._track(found.record, found.task, request), found.note)

    def _track(self, record: TaskRecord, task: Task, request: SendRequest) -> TrackedTask:
        self._tracker.make_room(record.owner)
        connection = self._registry.connection_of(record)
        return self._tracker.attach(connection, record, task, request.past)

    def _find_live(self, record: TaskRecord) -> TrackedTask | None:
        """Return what tracks a task: the last message to it, while that is on its way."""
        return self._tracker.answering(record) or self._tracker.of(record)

    def _seconds(self, agent: str | None, request: SendRequest) -> float:
        """Return the seconds that the agent may take to show the task; 0 if none is known."""
        if agent is None:
            return 0
        budget = seconds_to_wait(self._registry, agent, request.wait_seconds, request.spent)
        return budget + FIRST_WORD_SECONDS


def _join_live(live: TrackedTask, request: SendRequest) -> Joined:
    live.pass_by(request.past)
    return Joined(live.record, live)
