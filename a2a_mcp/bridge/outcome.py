"""Return what came of a message: write down what its caller is told, then build the view.

Every id in a view must lead to its task or answer later, also after a restart. So it is written to
the stores here, before `task_result` builds the view. Nothing is sent from here.
"""

from __future__ import annotations

from a2a_mcp.a2a.errors import A2AError, AgentError
from a2a_mcp.a2a.model import Task, TaskState
from a2a_mcp.bridge.read_task import Reader
from a2a_mcp.bridge.reading import DEFAULT_HISTORY
from a2a_mcp.bridge.task_result import TaskResultBuilder, can_be_found_later
from a2a_mcp.presentation.task_view import TaskView
from a2a_mcp.store.base import TaskRecord, TaskStore
from a2a_mcp.store.results import ResultStore
from a2a_mcp.tracking.tracked_task import TrackedTask
from a2a_mcp.tracking.tracker import TaskTracker


class OutcomeReporter:
    """Reports what came of messages to the callers of one process."""

    def __init__(
        self,
        tasks: TaskStore,
        tracker: TaskTracker,
        reader: Reader,
        results: ResultStore,
        builder: TaskResultBuilder,
    ) -> None:
        self._tasks = tasks
        self._tracker = tracker
        self._reader = reader
        self._results = results
        self._builder = builder

    async def report(self, tracked: TrackedTask, note: str | None = None) -> TaskView:
        """Return what is known of a message now; raises the error that ended it without a task."""
        refusal = _refusal(tracked)
        if refusal and tracked.continued:
            return await self._report_refused(tracked.agent, tracked.continued, refusal)
        await self._record(tracked)
        view = await self._builder.build_for_tracked(tracked, note)
        if view.held_as and (view.artifacts or view.text_source):
            await self._results.flush()  # it is stored nowhere else, and the caller gets its id
        return view

    async def report_unnamed(self, record: TaskRecord) -> TaskView:
        """Return a message whose agent has named no task: what is heard, or that it was lost."""
        tracked = self._tracker.of(record)
        if tracked and not (tracked.lost_before_task and record.state is TaskState.UNKNOWN):
            return await self.report(tracked)
        return self._builder.build_for_lost(record, await self._reader.explain_no_task(record))

    async def _report_refused(
        self, agent: str, continued: TaskRecord, error: AgentError
    ) -> TaskView:
        """Return the task that refused a message; raises `error` if it cannot be read."""
        try:
            task = (await self._reader.fetch(continued, DEFAULT_HISTORY)).task
        except A2AError:
            task = None
        if task is None:
            raise error
        return self._builder.build_for_refused(agent, task, error)

    async def _record(self, tracked: TrackedTask) -> None:
        """Write down the state or the id that the caller is told."""
        if tracked.message is not None:
            return
        if tracked.task is not None:
            await self._record_state(tracked, tracked.task)
        elif tracked.error is None:
            await self._record_task_id(tracked)
            await self._record_handle(tracked)
        elif can_be_found_later(tracked):
            await self._record_handle(tracked)

    async def _record_state(self, tracked: TrackedTask, task: Task) -> None:
        awaits = tracked.awaiting_reaction and not tracked.ended
        if not awaits and not task.state.stop:  # a stop was recorded when it came
            tracked.known_as(await self._tasks.update(tracked.record, state=task.state))

    async def _record_task_id(self, tracked: TrackedTask) -> None:
        """Record the task's id where the client chooses it, which A2A 0.1 allows."""
        client, record = tracked.client, tracked.record
        if client is None or record.task_id is not None:
            return
        if client.interface.dialect.client_task_id:
            named = await self._tasks.update(
                record, task_id=record.message_id, interface=client.interface_key
            )
            tracked.known_as(named)

    async def _record_handle(self, tracked: TrackedTask) -> None:
        """Record the id that stands for a task until the agent has named it."""
        record = tracked.record
        if record.task_id is None and record.handle is None:
            tracked.known_as(await self._tasks.update(record, handle=record.pending_id))


def _refusal(tracked: TrackedTask) -> AgentError | None:
    """Return the error with which the agent answered a message, if nothing else is known."""
    if tracked.message is not None or tracked.task is not None:
        return None
    return tracked.error if isinstance(tracked.error, AgentError) else None
