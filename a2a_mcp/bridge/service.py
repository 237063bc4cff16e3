"""The facade that the server calls: send, get, subscribe, cancel. No MCP types, no HTTP.

Each call names its owner and sees only that owner's tasks. It returns a view, or raises a
BridgeError or an A2AError; only the server turns these into results. The work is done by the other
modules of this room.
"""

from __future__ import annotations

import anyio

from a2a_mcp.agents.registry import Registry
from a2a_mcp.bridge.cancel import Canceller
from a2a_mcp.bridge.deadlines import FIRST_WORD_SECONDS, seconds_to_wait
from a2a_mcp.bridge.last_seen import as_last_seen
from a2a_mcp.bridge.outcome import OutcomeReporter
from a2a_mcp.bridge.read_task import Reader
from a2a_mcp.bridge.routing import Router
from a2a_mcp.bridge.send import Sender, SendRequest, Tracked
from a2a_mcp.bridge.subscribe import Subscriber
from a2a_mcp.bridge.task_result import TaskResultBuilder
from a2a_mcp.bridge.updates import Notice, Updates
from a2a_mcp.errors import BridgeError, CallerTokenNeeded, UnknownTask
from a2a_mcp.presentation import sentences
from a2a_mcp.presentation.task_view import TaskView
from a2a_mcp.store.base import TaskRecord, TaskStore
from a2a_mcp.store.results import ResultStore
from a2a_mcp.tracking.tracked_task import TrackedTask
from a2a_mcp.tracking.tracker import TaskTracker


class Bridge:
    """The use cases of one process, for any number of owners."""

    def __init__(
        self, registry: Registry, tasks: TaskStore, tracker: TaskTracker, results: ResultStore
    ) -> None:
        self.registry = registry
        self.tasks = tasks
        self.results = results
        self.router = Router(registry, tasks)
        self.reader = Reader(registry, tasks, self.router, tracker, results)
        self._tracker = tracker
        self._builder = TaskResultBuilder(tasks, tracker, results)
        self._reporter = OutcomeReporter(tasks, tracker, self.reader, results, self._builder)
        self._sender = Sender(registry, tasks, self.router, self.reader, tracker)
        self._subscriber = Subscriber(registry, tasks, self.reader, tracker)
        self._canceller = Canceller(registry, tasks, self.reader, self._builder)

    async def send(
        self, owner: str, request: SendRequest, notice: Notice | None = None
    ) -> TaskView:
        """Send a message, wait within the budget, and return what is known of it then."""
        began = anyio.current_time()
        tracked, note = await self.start(owner, request)
        updates = Updates(notice) if notice else None
        await self.wait(tracked, self._seconds_left(tracked, request, began), updates)
        return await self.report(tracked, note)

    async def start(self, owner: str, request: SendRequest) -> Tracked:
        """Send a message without waiting for an answer; see `Sender.start`."""
        return await self._sender.start(owner, request)

    async def subscribe(
        self,
        owner: str,
        request: SendRequest,
        max_updates: int,
        notice: Notice | None = None,
    ) -> TaskView:
        """Follow a running task, or start one and follow it; the view holds its updates in order.

        It returns at the task's next stop or when the budget is used up, with the latest
        `max_updates` of what happened until then.
        """
        began = anyio.current_time()
        if request.text or request.parts:
            started = await self.start(owner, request)
            return await self._follow(started, request, Updates(notice, max_updates), began)
        joined = await self._subscriber.join(owner, request)
        if joined.tracked is None:
            return await self._reporter.report_unnamed(joined.record)
        followed = Tracked(joined.tracked, joined.note)
        updates = Updates(notice, max_updates)
        return await self._follow(followed, request, updates, began, joins=True)

    async def _follow(
        self,
        followed: Tracked,
        request: SendRequest,
        updates: Updates,
        began: float,
        *,
        joins: bool = False,
    ) -> TaskView:
        tracked, note = followed
        seconds = self._seconds_left(tracked, request, began)
        missed = await self.wait(tracked, seconds, updates, joins=joins)
        if missed:
            missed_note = sentences.UPDATES_MISSED.format(count=missed)
            note = f"{note} {missed_note}" if note else missed_note
        return updates.added_to(await self.report(tracked, note))

    async def attach(self, owner: str, request: SendRequest) -> Tracked:
        """Return what tracks a task, tracked from now on if it was not.

        Raises A2AError and BridgeError, also for a message whose task cannot be found.
        """
        joined = await self._subscriber.join(owner, request)
        tracked = joined.tracked or self._tracker.of(joined.record)
        if tracked is None:
            raise await self.reader.explain_no_task(joined.record)
        return Tracked(tracked, joined.note)

    async def wait(
        self,
        tracked: TrackedTask,
        seconds: float,
        updates: Updates | None,
        *,
        joins: bool = False,
        longer: float = FIRST_WORD_SECONDS,
    ) -> int:
        """Wait for an answer; if nothing at all is known then, wait `longer` for a first word.

        Return how many updates were missed. A caller that `joins` gets the task as it is first.
        """
        try:
            missed = await tracked.wait(seconds, updates, joins=joins)
            await tracked.first_word(min(seconds, 0) + longer)
        except anyio.get_cancelled_exc_class():
            await self._canceller.call_off(tracked)
            raise
        return missed

    async def report(self, tracked: TrackedTask, note: str | None = None) -> TaskView:
        """Return what is known of a message now; raises the error that ended it without a task."""
        return await self._reporter.report(tracked, note)

    async def get(
        self, owner: str, task_id: str, agent: str | None, history_length: int | None = None
    ) -> TaskView:
        """Read a task, and return it as it is now; as last seen without a token of its owner."""
        try:
            found = await self.reader.read(owner, task_id, agent, history_length)
        except CallerTokenNeeded as error:
            return as_last_seen(await self._known(owner, task_id, agent, error), task_id, error)
        if found.message:
            return await self._builder.build_for_message(found.record, found.message)
        if found.task is None:
            return await self._reporter.report_unnamed(found.record)
        return await self._builder.build_for_reading(
            found.record, found.task, found.note, history_length
        )

    async def _known(
        self, owner: str, task_id: str, agent: str | None, error: BridgeError
    ) -> TaskRecord:
        """Return the record of a task; raises `error` for one that is not known here."""
        try:
            return await self.router.find_task(owner, task_id, agent)
        except UnknownTask:
            raise error from None

    def is_tracked(self, record: TaskRecord) -> bool:
        """Return whether a task is followed now, so that nobody needs to ask its agent."""
        tracked = self._tracker.of(record)
        return tracked is not None and not tracked.ended

    async def view_tracked(self, record: TaskRecord) -> TaskView | None:
        """Return a task as its updates show it; None for a task that is not tracked now."""
        tracked = self._tracker.of(record)
        if tracked is None or tracked.ended or tracked.task is None:
            return None
        return await self._builder.build_for_tracked(tracked)

    async def cancel(
        self, owner: str, task_id: str, agent: str | None, reason: str | None
    ) -> TaskView:
        """Ask the agent to cancel a task, and return the task in its state afterwards."""
        return await self._canceller.cancel(owner, task_id, agent, reason)

    def _seconds_left(self, tracked: TrackedTask, request: SendRequest, began: float) -> float:
        """Return the seconds of the budget that are left; fewer than 0 if it is overdrawn."""
        budget = seconds_to_wait(self.registry, tracked.agent, request.wait_seconds, request.spent)
        return budget - (anyio.current_time() - began)
