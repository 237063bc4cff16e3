"""Read a task at its agent, as it is now; fall back to the result that was kept.

Every access to a task names its owner. An unknown id is looked up only at an agent that the caller
named, and is adopted unless another owner has it. No message is ever sent from here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from a2a_mcp.a2a.errors import A2AError, TaskNotFound
from a2a_mcp.a2a.model import Message, Task, TaskState, TaskStatus
from a2a_mcp.a2a.requests import GetTaskRequest
from a2a_mcp.agents.registry import Registry
from a2a_mcp.bridge.reading import Reading, is_silent, request_for, spoken_one
from a2a_mcp.bridge.routing import Router, checked_id, known_elsewhere, unknown_task
from a2a_mcp.bridge.task_lookup import task_of_message, task_with_id
from a2a_mcp.errors import BridgeError, NotAllowed, UnknownTask
from a2a_mcp.presentation import sentences
from a2a_mcp.store.base import TaskRecord, TaskStore
from a2a_mcp.store.result_files import KeptTask
from a2a_mcp.store.results import ResultStore
from a2a_mcp.text.times import rfc3339, roughly
from a2a_mcp.text.untrusted import scrub_line
from a2a_mcp.tracking.tracker import TaskTracker

if TYPE_CHECKING:
    from a2a_mcp.a2a.client import A2AClient

RUNNING: Final = (TaskState.SUBMITTED, TaskState.WORKING)


class Reader:
    """Reads tasks for the callers of one process."""

    def __init__(
        self,
        registry: Registry,
        tasks: TaskStore,
        router: Router,
        tracker: TaskTracker,
        results: ResultStore,
    ) -> None:
        self._registry = registry
        self._tasks = tasks
        self._router = router
        self._tracker = tracker
        self._results = results

    async def read(
        self, owner: str, task_id: str, agent: str | None, history_length: int | None = None
    ) -> Reading:
        """Return a task as its agent shows it; where that fails, the result that was kept.

        A task that is not known here is looked up at `agent` and adopted, unless another owner has
        it. Raises A2AError and BridgeError.
        """
        name = self._registry.resolve(agent, owner) if agent else None
        known = await self._tasks.find(owner, checked_id(task_id), name)
        if not known and name:
            return await self._adopt_or_explain(owner, task_id, name, history_length)
        record = await self._router.find_task(owner, task_id, agent)
        if record.task_id is None:
            return await self._read_unnamed(record, history_length)
        return await self._fetch_or_recall(record, history_length)

    async def _read_unnamed(self, record: TaskRecord, history_length: int | None) -> Reading:
        """Read what a message began, of which no task id was known so far."""
        tracked = self._tracker.of(record)
        if tracked and not tracked.lost_before_task:
            return Reading(record, tracked.task, message=tracked.message)
        record = await self.find_task_id(record)
        if record.task_id is None:
            return Reading(record, None, message=await self._kept_message(record))
        return await self._fetch_or_recall(record, history_length)

    async def find_task_id(self, record: TaskRecord) -> TaskRecord:
        """Ask the agent which task a message began, if it can tell.

        Return the record with the task's id, or unchanged. Raises A2AError when the agent cannot be
        asked.
        """
        tracked = self._tracker.of(record)
        if (tracked and tracked.message) or record.state.terminal:
            return record
        client = await self._registry.connection_of(record).client(record.interface)
        task = await task_of_message(client, record)
        if task is None or await self._is_running_for_other(record, task.id):
            return record
        return await self._tasks.update(
            record, task_id=task.id, state=task.state, interface=client.interface_key
        )

    async def _is_running_for_other(self, record: TaskRecord, task_id: str) -> bool:
        return await self._tasks.held_by_other(
            record.owner, record.agent, task_id, active_only=True
        )

    async def _kept_message(self, record: TaskRecord) -> Message | None:
        """Return the kept answer to a message for which the agent made no task."""
        if not record.state.terminal:
            return None
        kept = await self._results.find(record)
        return kept.task.status.message if kept else None

    async def _fetch_or_recall(self, record: TaskRecord, history_length: int | None) -> Reading:
        try:
            return await self.fetch(record, history_length)
        except (A2AError, BridgeError) as error:
            return await self._recall(record, error)

    async def _recall(self, record: TaskRecord, error: A2AError | BridgeError) -> Reading:
        """Return the kept result of a task that cannot be read; raises `error` if none is kept."""
        kept = await self._results.find(record)
        if kept is None:
            if record.state.terminal and isinstance(error, TaskNotFound):
                raise _result_not_kept(error) from error
            raise error
        age = self._age(kept)
        if isinstance(error, TaskNotFound):
            return Reading(record, kept.task, sentences.RESULT_KEPT_TASK_FORGOTTEN.format(age=age))
        reason = scrub_line(error.reason())
        note = sentences.RESULT_KEPT_AGENT_NOT_ASKED.format(age=age, reason=reason)
        return Reading(record, kept.task, note)

    def _age(self, kept: KeptTask) -> str:
        """Return a clause that says since when a result is kept, and how long ago that is."""
        ago = roughly(self._results.seconds_kept(kept))
        return sentences.KEPT_SINCE.format(since=rfc3339(kept.since), ago=ago)

    async def fetch(self, record: TaskRecord, history_length: int | None) -> Reading:
        """Read the task of a record at its agent; raises A2AError.

        A task that was seen to end stays as it ended, whatever its agent reports later.
        """
        connection = self._registry.connection_of(record)
        request = request_for(record.task_id or "", history_length)
        try:
            client, task = await connection.read(
                record.interface, lambda c: task_with_id(c, request)
            )
        except TaskNotFound as error:
            return await self._read_not_found(record, error)
        except A2AError as error:
            connection.failed(error)
            raise
        connection.succeeded()
        updated = await self._record(record, task, client.interface_key)
        if updated.state.terminal and updated.state is not task.state:
            return await self._read_as_ended(updated, task)
        task = await self._with_known_words(updated, task)
        await self._tracker.settle(record, task)
        return Reading(updated, task)

    async def _with_known_words(self, record: TaskRecord, task: Task) -> Task:
        """Return an ended task with its answer, also where the agent keeps that nowhere."""
        if not is_silent(task):
            return task
        tracked, kept = self._tracker.of(record), await self._results.find(record)
        return spoken_one(task, tracked.task if tracked else None, kept.task if kept else None)

    async def _record(self, record: TaskRecord, task: Task, interface: str) -> TaskRecord:
        return await self._tasks.update(
            record,
            context_id=task.context_id,
            state=record.state if record.state.terminal else task.state,
            interface=interface,
        )

    async def _read_not_found(self, record: TaskRecord, error: TaskNotFound) -> Reading:
        """Return what is known here of a task that its agent does not show; else raise `error`.

        a2a-sdk 0.x forgets tasks that crash. python-a2a shows a task only after its turn has ended.
        """
        tracked = self._tracker.of(record)
        if tracked and not tracked.ended:
            return Reading(record, tracked.task, sentences.TASK_HIDDEN_WHILE_RUNNING)
        if record.task_id and await self._may_be_hidden(record):
            status = TaskStatus(state=record.state)
            task = Task(id=record.task_id, context_id=record.context_id, status=status)
            return Reading(record, task, sentences.TASK_HIDDEN_OR_LOST)
        await self._tasks.update(record, state=TaskState.UNKNOWN)
        if tracked and tracked.task:
            return Reading(record, tracked.task, sentences.TASK_FORGOTTEN)
        raise error

    async def _may_be_hidden(self, record: TaskRecord) -> bool:
        """Return whether the agent hides running tasks, and this one was last seen running."""
        client = await self._registry.connection_of(record).client(record.interface)
        return client.interface.dialect.hides_running and record.state in RUNNING

    async def _read_as_ended(self, record: TaskRecord, now: Task) -> Reading:
        """Return a task as it was seen to end, although its agent now shows another state.

        PraisonAI's task store never learns of a stream's end. Several agents overwrite an ended
        task when they are asked to cancel it.
        """
        kept = await self._results.find(record)
        if kept and kept.task.state is record.state:
            end = f"{self._age(kept)}."
            return Reading(record, kept.task, _ended_otherwise(record, now, end))
        ended = now.model_copy(update={"status": TaskStatus(state=record.state)})
        return Reading(record, ended, _ended_otherwise(record, now, sentences.END_NOT_KEPT))

    async def _adopt_or_explain(
        self, owner: str, task_id: str, agent: str, history_length: int | None
    ) -> Reading:
        """Adopt a task; where the agent does not know it, the error says at which one it is known.

        Only the caller's own tasks are looked through.
        """
        try:
            return await self._adopt(owner, task_id, agent, history_length)
        except UnknownTask as error:
            elsewhere = await self._tasks.find(owner, task_id)
            if not elsewhere:
                raise
            raise known_elsewhere(elsewhere, error) from error

    async def _adopt(
        self, owner: str, task_id: str, agent: str, history_length: int | None
    ) -> Reading:
        """Read a task that was started elsewhere, and record it for the owner.

        Raises UnknownTask also where another owner has the task or its conversation.
        """
        if await self._tasks.held_by_other(owner, agent, task_id):
            raise unknown_task(task_id, agent)
        client, task = await self._fetch_unknown(owner, agent, request_for(task_id, history_length))
        if task.id != task_id:  # an agent that is lenient with ids would open another owner's task
            raise unknown_task(task_id, agent)
        if await self._is_context_of_other(owner, agent, task.context_id):
            raise unknown_task(task_id, agent)
        record = await self._tasks.adopt(
            owner=owner,
            agent=agent,
            task_id=task.id,
            context_id=task.context_id,
            state=task.state,
            interface=client.interface_key,
        )
        await self._tracker.settle(record, task)
        return Reading(record, task)

    async def _fetch_unknown(
        self, owner: str, agent: str, request: GetTaskRequest
    ) -> tuple[A2AClient, Task]:
        try:
            connection = self._registry.connection(agent, owner)
            return await connection.read(None, lambda client: client.get(request))
        except TaskNotFound:
            raise unknown_task(request.id, agent) from None

    async def _is_context_of_other(self, owner: str, agent: str, context_id: str | None) -> bool:
        # A task that was just started has no owner on record yet, but its conversation has one.
        if not context_id:
            return False
        return await self._tasks.context_held_by_other(owner, agent, context_id)

    async def explain_no_task(self, record: TaskRecord) -> NotAllowed:
        """Return the error that says why a message has no task, or none that is known yet."""
        message, next_step = await self._no_task_sentences(record)
        return NotAllowed(
            message.format(agent=record.agent, message_id=record.message_id),
            next_step,
            agent=record.agent,
            task_id=record.handle,
        )

    async def _no_task_sentences(self, record: TaskRecord) -> tuple[str, str]:
        tracked = self._tracker.of(record)
        if (tracked and tracked.message) or await self._kept_message(record):
            return sentences.ANSWERED_WITHOUT_TASK, sentences.ANSWERED_WITHOUT_TASK_NEXT
        if tracked and not tracked.lost_before_task:
            return sentences.TASK_NOT_NAMED, sentences.TASK_NOT_NAMED_NEXT
        if record.state is TaskState.COMPLETED:
            return sentences.ANSWER_NOT_KEPT, sentences.ANSWER_NOT_KEPT_NEXT
        if record.state is TaskState.FAILED:
            return sentences.NO_TASK_MADE, sentences.NO_TASK_MADE_NEXT
        return sentences.DELIVERY_UNKNOWN, sentences.DELIVERY_UNKNOWN_NEXT


def _result_not_kept(error: TaskNotFound) -> TaskNotFound:
    said = sentences.RESULT_NOT_KEPT.format(said=error.message)
    return TaskNotFound(said, code=error.code, status=error.status, url=error.url)


def _ended_otherwise(record: TaskRecord, now: Task, end: str) -> str:
    return sentences.ENDED_OTHERWISE.format(now=now.state, then=record.state, end=end)
