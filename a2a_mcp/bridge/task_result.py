"""Build the TaskView returned for a sent message, a read task or a cancelled one.

It reads the task store for what a note needs. It writes nothing, makes no ids and never calls an
agent: `outcome` and `cancel` do that before.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import NoReturn

from a2a_mcp.a2a.errors import A2AError, AgentError, Delivery
from a2a_mcp.a2a.model import Message, Task, TaskState
from a2a_mcp.bridge.routing import latest_task
from a2a_mcp.bridge.viewing import view_of_message, view_of_task
from a2a_mcp.errors import BridgeError, NotAllowed
from a2a_mcp.presentation import sentences, task_view
from a2a_mcp.presentation.task_view import TaskView
from a2a_mcp.store.base import TaskRecord, TaskStore
from a2a_mcp.store.results import ResultStore
from a2a_mcp.text.untrusted import scrub_line
from a2a_mcp.tracking.news import at_work
from a2a_mcp.tracking.recovery import can_find
from a2a_mcp.tracking.tracked_task import TrackedTask
from a2a_mcp.tracking.tracker import TaskTracker


@dataclass(frozen=True, slots=True)
class CancelOutcome:
    """A task after its agent was asked to cancel it.

    `refusal` is the agent's answer if it did not agree. `unread` says why the task could not be
    read afterwards; then `task` is as it was before.
    """

    record: TaskRecord
    task: Task
    refusal: A2AError | None = None
    unread: A2AError | None = None


class TaskResultBuilder:
    """Builds views for the callers of one process."""

    def __init__(self, tasks: TaskStore, tracker: TaskTracker, results: ResultStore) -> None:
        self._tasks = tasks
        self._tracker = tracker
        self._results = results

    async def build_for_tracked(self, tracked: TrackedTask, note: str | None = None) -> TaskView:
        """Return what is known of a message now; raises the error that ended it without a task."""
        if tracked.message is not None:
            return await self.build_for_message(tracked.record, tracked.message, note)
        if tracked.task is None:
            if tracked.error:
                _raise_send_error(tracked, tracked.error)
            return self._with_store_problem(_nothing_heard(tracked, note))
        if tracked.awaiting_reaction and not tracked.ended:
            return self._with_store_problem(_nothing_heard(tracked, note))
        view = await self._build_for_task(tracked, tracked.task, note)
        return self._with_store_problem(view)

    async def build_for_message(
        self, record: TaskRecord, message: Message, note: str | None = None
    ) -> TaskView:
        """Return an answer without a task, with the id by which it can be read again."""
        held_as = record.pending_id if self._results.keeps else None
        view = await view_of_message(record.agent, message, held_as, note=note)
        return self._with_store_problem(view)

    async def _build_for_task(self, tracked: TrackedTask, task: Task, note: str | None) -> TaskView:
        view = await view_of_task(
            tracked.agent,
            task,
            reason=tracked.error.message if tracked.error else None,
            note=_notes(tracked, task, note),
        )
        view = await self._without_blame_if_wanted(tracked.record, view)
        if tracked.unanswered:
            return replace(view, next_step=sentences.ANSWERED_WITH_ERROR_NEXT, failed=True)
        if _loss_of_contact(tracked, task):
            return replace(view, next_step=sentences.CONTACT_LOST_NEXT)
        return view

    def build_for_refused(self, agent: str, task: Task, error: AgentError) -> TaskView:
        """Return the task that did not take a message, as it is now."""
        reason = scrub_line(error.reason())
        said = sentences.ANSWERED_WITH_ERROR if error.may_have_acted else sentences.MESSAGE_REFUSED
        view = task_view.of_task(agent, task, note=said.format(reason=reason))
        view = self._with_store_problem(view)
        if error.may_have_acted:
            view = replace(view, next_step=sentences.ANSWERED_WITH_ERROR_NEXT)
        return replace(view, failed=True)

    async def build_for_reading(
        self, record: TaskRecord, task: Task, note: str | None, history_length: int | None = None
    ) -> TaskView:
        """Return a task as it was read; a question is hidden while its answer is on its way."""
        view = await self._build_for_read_task(record, task, note)
        if history_length:
            view = replace(view, history=task_view.of_history(task, history_length))
        return self._with_store_problem(view)

    async def _build_for_read_task(
        self, record: TaskRecord, task: Task, note: str | None
    ) -> TaskView:
        answer = self._tracker.answering(record)
        if answer and task.state.stop and answer.stale(task):
            view = await view_of_task(record.agent, at_work(task), note=note)
            return replace(view, next_step=sentences.NOTHING_HEARD)
        view = await view_of_task(record.agent, task, note=note)
        if task.state is TaskState.INPUT_REQUIRED:
            return await self._with_later_task(record, view)
        return await self._without_blame_if_wanted(record, view)

    def build_for_lost(self, record: TaskRecord, lost: NotAllowed) -> TaskView:
        """Return the view of a message for which no task is known; `lost` says why."""
        return TaskView(
            agent=record.agent,
            task_id=record.handle,
            context_id=record.context_id,
            state=TaskState.UNKNOWN,
            error=lost.message,
            next_step=lost.next_step,
            failed=True,
        )

    def build_for_ended_before(
        self, record: TaskRecord, task: Task, reading_note: str | None
    ) -> TaskView:
        """Return a task that had ended before it could be cancelled, without its answer again."""
        note = sentences.ALREADY_ENDED.format(state=task.state)
        if reading_note:
            note = f"{note} {reading_note}"
        view = task_view.of_task(record.agent, task, note=note)
        if task.state is TaskState.CANCELED:
            return _without_blame(view)
        step = sentences.ALREADY_ENDED_NEXT
        return replace(view, text="", artifacts=(), next_step=step, failed=False)

    def build_for_cancelled(self, outcome: CancelOutcome) -> TaskView:
        """Return a task after its agent was asked to cancel it.

        The task's state counts; the agent's reply alone proves nothing.
        """
        task = outcome.task
        view = task_view.of_task(outcome.record.agent, task, note=_cancel_note(outcome))
        if task.state is TaskState.CANCELED and not outcome.unread:
            view = _without_blame(view)
        failed = outcome.refusal is not None and not task.state.terminal
        return self._with_store_problem(replace(view, failed=failed))

    async def _with_later_task(self, record: TaskRecord, view: TaskView) -> TaskView:
        """Name the later task of the conversation: FastA2A takes answers in new tasks."""
        later = await self._later_task_id(record)
        if later is None:
            return view
        note = sentences.CONVERSATION_WENT_ON.format(task_id=later)
        step = sentences.CONVERSATION_WENT_ON_NEXT.format(otherwise=view.next_step)
        return task_view.with_note(view, note, step)

    async def _later_task_id(self, record: TaskRecord) -> str | None:
        """Return the latest task of a conversation, unless it is this one."""
        if record.context_id is None:
            return None
        last = latest_task(
            await self._tasks.find_context(record.owner, record.context_id, record.agent)
        )
        if last is None or last.task_id is None or last.key <= record.key:
            return None
        return scrub_line(last.task_id)

    async def _without_blame_if_wanted(self, record: TaskRecord, view: TaskView) -> TaskView:
        """Show a cancelled task as no failure if its own caller had asked for that."""
        if view.state is not TaskState.CANCELED or record.task_id is None:
            return view
        if not await self._tasks.claimed(cancellation_key(record, record.task_id)):
            return view
        return _without_blame(task_view.with_note(view, sentences.CANCELLATION_WANTED))

    def _with_store_problem(self, view: TaskView) -> TaskView:
        """Add the note that tasks are not remembered after a restart, if that is so."""
        problem = self._tasks.problem
        return task_view.with_note(view, problem) if problem else view


def cancellation_key(record: TaskRecord, task_id: str) -> str:
    """Return the key under which a caller's wish to cancel a task is claimed in the task store.

    Every other key is a message id, so it cannot be mistaken for one.
    """
    return json.dumps(["stop", record.owner, record.agent, task_id])


def _without_blame(view: TaskView) -> TaskView:
    """Return a cancelled task as a success: there is nothing more to do."""
    text = "" if view.text == sentences.NO_REASON else view.text
    return replace(view, text=text, next_step=None, failed=False)


def can_be_found_later(tracked: TrackedTask) -> bool:
    """Return whether the agent may have taken a failed message and can be asked for its task."""
    error = tracked.error
    if not isinstance(error, A2AError) or error.delivery is Delivery.NEVER:
        return False
    if tracked.client is None:
        return False
    return can_find(tracked.client, tracked.record)


def _raise_send_error(tracked: TrackedTask, error: A2AError | BridgeError) -> NoReturn:
    """Raise the error of a message, with the ids by which its task may be found later."""
    if isinstance(error, BridgeError):
        raise error
    record = tracked.record
    handle = record.handle if can_be_found_later(tracked) else None
    raise error.with_ids(record.message_id, handle) from error


def _nothing_heard(tracked: TrackedTask, note: str | None) -> TaskView:
    """Return a message to which the agent has not reacted; an old question is no reaction."""
    record = tracked.record
    return TaskView(
        agent=tracked.agent,
        task_id=record.task_id or record.pending_id,
        context_id=record.context_id,
        state=TaskState.WORKING,
        note=note,
        next_step=sentences.NOTHING_HEARD,
    )


def _notes(tracked: TrackedTask, task: Task, note: str | None) -> str | None:
    """Return all that is to be said of a task, the worst first."""
    notes = (
        _error_note(tracked),
        _contact_note(tracked, task),
        note,
        _other_task_note(tracked, task),
    )
    return " ".join(text for text in notes if text) or None


def _error_note(tracked: TrackedTask) -> str | None:
    if tracked.error is None or not tracked.unanswered:
        return None
    return sentences.ANSWERED_WITH_ERROR.format(reason=scrub_line(tracked.error.reason()))


def _contact_note(tracked: TrackedTask, task: Task) -> str | None:
    loss = _loss_of_contact(tracked, task)
    if loss:
        return sentences.CONTACT_LOST.format(reason=scrub_line(loss.reason()))
    return sentences.BROKEN_OFF if tracked.broken_off else None


def _loss_of_contact(tracked: TrackedTask, task: Task) -> A2AError | BridgeError | None:
    """Return the error with which contact was lost before the task came to a stop."""
    if task.state.stop:
        return None
    if tracked.ended and tracked.error:
        return tracked.error
    return tracked.lost


def _other_task_note(tracked: TrackedTask, task: Task) -> str | None:
    """Say that the agent took the message in another task, as FastA2A and PraisonAI do."""
    meant = tracked.continued.task_id if tracked.continued else None
    if meant is None or meant == task.id:
        return None
    return sentences.TAKEN_IN_NEW_TASK.format(new=scrub_line(task.id), meant=scrub_line(meant))


def _cancel_note(outcome: CancelOutcome) -> str:
    if outcome.unread:
        return sentences.CANCELLATION_UNREAD.format(reason=scrub_line(outcome.unread.reason()))
    if outcome.task.state is TaskState.CANCELED:
        return sentences.CANCELLATION_CONFIRMED
    if outcome.refusal:
        return sentences.CANCELLATION_REFUSED.format(reason=scrub_line(outcome.refusal.reason()))
    return sentences.CANCELLATION_UNCONFIRMED
