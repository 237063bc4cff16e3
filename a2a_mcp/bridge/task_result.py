"""What came of a message, as a view: an answer, a task on its way, a handle, or an error.

It reads again only where that is the answer (a task that refused a message), and sends nothing.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Final

from a2a_mcp.a2a.errors import A2AError, AgentError, Delivery
from a2a_mcp.a2a.model import Message, Task, TaskState
from a2a_mcp.bridge.read_task import DEFAULT_HISTORY, Reader
from a2a_mcp.bridge.routing import latest
from a2a_mcp.presentation import sentences, task_view
from a2a_mcp.presentation.task_view import TaskView
from a2a_mcp.store.base import TaskRecord, TaskStore
from a2a_mcp.text.untrusted import scrub
from a2a_mcp.tracking.recovery import can_find
from a2a_mcp.tracking.state import at_work
from a2a_mcp.tracking.tracked_task import TrackedTask
from a2a_mcp.tracking.tracker import TaskTracker

NOTHING_HEARD: Final = (
    "Nothing was heard from the agent yet. The message is on its way or being worked on: do not "
    "send it again. Call get_task or subscribe with this task_id later."
)
LOST: Final = "Contact with the agent was lost; this is what was last known of the task:"
LATER: Final = (
    "Whether the agent still works on it is not known. Call get_task with this task_id later; do "
    "not send the message again."
)
AS_ASKED: Final = "Its cancellation was asked for."
BROKEN_OFF: Final = (
    "The agent broke off its answer; this is the state it has reported since. If it stays so, tell "
    "the user."
)
NO_ANSWER: Final = (
    "The agent answered this message with an error, and its task stands as it did before:"
)
UNANSWERED: Final = (
    "Whether the agent carried the message out is not known. Tell the user; send it again only if "
    "that does no harm."
)


class TaskResultBuilder:
    """Views what came of messages, for the callers of one process."""

    def __init__(self, tasks: TaskStore, reader: Reader, follower: TaskTracker) -> None:
        self._tasks = tasks
        self._reader = reader
        self._follower = follower

    async def of(self, follow: TrackedTask, note: str | None = None) -> TaskView:
        """View what is known now; raises the error that ended it with nothing known."""
        if follow.message is not None:
            view = self.of_message(follow.record, follow.message, note)
            if view.held_as and (view.artifacts or view.text_source):
                await self._reader.keep()  # it is nowhere else, and its reader is told an id
            return view
        if follow.task is None:
            return await self._without_task(follow, note)
        if follow.awaiting_reaction and not follow.ended:
            return self.noted(_unmoved(follow, note))
        return self.noted(await self._with_task(follow, follow.task, note))

    def of_message(self, record: TaskRecord, message: Message, note: str | None = None) -> TaskView:
        """View an answer without a task, and say how it is read again."""
        held_as = record.pending_id if self._reader.keeps else None
        return self.noted(task_view.of_message(record.agent, message, held_as, note=note))

    async def _with_task(self, follow: TrackedTask, task: Task, note: str | None) -> TaskView:
        if not task.state.stop:
            follow.known_as(await self._tasks.update(follow.record, state=task.state))
        error = follow.error
        lost = (error if follow.ended and error else follow.lost) if not task.state.stop else None
        notes = [text for text in (note, _elsewhere(follow, task)) if text]
        if lost:
            notes.insert(0, f"{LOST} {scrub(lost.message)}.")
        elif follow.broken_off:
            notes.insert(0, BROKEN_OFF)
        reason = error.message if error else None
        if error and follow.unanswered:
            notes.insert(0, f"{NO_ANSWER} {scrub(error.message)}")
        view = task_view.of_task(follow.agent, task, reason=reason, note=" ".join(notes) or None)
        view = await self.maybe_asked(follow.record, view)
        if follow.unanswered:
            return replace(view, next_step=UNANSWERED, failed=True)
        return replace(view, next_step=LATER) if lost else view

    async def _without_task(self, follow: TrackedTask, note: str | None) -> TaskView:
        error = follow.error
        if error is None:
            return await self._silent(follow, note)
        if isinstance(error, AgentError) and follow.continued:
            return await self._refused(follow, follow.continued, error)
        if isinstance(error, A2AError):
            error.message_id = follow.record.message_id
            if error.delivery is not Delivery.NEVER and self._can_find(follow):
                error.handle = await self._handle(follow)
        raise error

    def _can_find(self, follow: TrackedTask) -> bool:
        return follow.client is not None and can_find(follow.client, follow.record)

    async def _handle(self, follow: TrackedTask) -> str | None:
        """Give an id that stands for a task as long as its own is not known."""
        if follow.record.task_id is None and follow.record.handle is None:
            handle = follow.record.pending_id
            follow.known_as(await self._tasks.update(follow.record, handle=handle))
        return follow.record.handle

    async def _refused(
        self, follow: TrackedTask, record: TaskRecord, error: AgentError
    ) -> TaskView:
        """View a task that did not take a message, as it is now; raises the error if it cannot."""
        try:
            task = (await self._reader.fetch(record, DEFAULT_HISTORY)).task
        except A2AError:
            task = None
        if task is None:
            raise error
        note = f"The agent did not take the message: {scrub(error.message)}"
        return replace(self.noted(task_view.of_task(follow.agent, task, note=note)), failed=True)

    async def _silent(self, follow: TrackedTask, note: str | None) -> TaskView:
        """View a message of which nothing was heard: a handle stands for its task.

        Where the client names the task (0.1), its id is known before the agent says a word.
        """
        client, record = follow.client, follow.record
        if client and client.interface.dialect.client_task_id and record.task_id is None:
            update = await self._tasks.update(
                record, task_id=record.message_id, interface=client.interface_key
            )
            follow.known_as(update)
        await self._handle(follow)
        return self.noted(_unmoved(follow, note))

    async def of_nameless(self, record: TaskRecord) -> TaskView:
        """View a task that its agent has not named: what is heard here, or that it was lost."""
        follow = self._follower.of(record)
        if follow and not (follow.lost_before_task and record.state is TaskState.UNKNOWN):
            return await self.of(follow)
        lost = await self._reader.nameless(record)
        return TaskView(
            agent=record.agent,
            task_id=record.handle,
            context_id=record.context_id,
            state=TaskState.UNKNOWN,
            error=lost.message,
            next_step=lost.next_step,
            failed=True,
        )

    async def of_reading(self, record: TaskRecord, task: Task, note: str | None) -> TaskView:
        """View a task as it was read; a question is none any more while its answer is under way."""
        follow = self._follower.answering(record)
        if follow and task.state.stop and follow.stale(task):
            view = task_view.of_task(record.agent, at_work(task), note=note)
            return replace(view, next_step=NOTHING_HEARD)
        view = task_view.of_task(record.agent, task, note=note)
        if task.state is TaskState.INPUT_REQUIRED:
            view = await self.maybe_answered(record, view)
        return await self.maybe_asked(record, view)

    async def maybe_answered(self, record: TaskRecord, view: TaskView) -> TaskView:
        """View a question whose conversation went on since: FastA2A takes answers in new tasks."""
        later = await self._later(record)
        if later is None:
            return view
        note = f"The conversation went on with the task {later}."
        step = f"If that was the answer, see that task. Otherwise: {view.next_step}"
        return replace(view, note=f"{view.note} {note}" if view.note else note, next_step=step)

    async def ask_stop(self, record: TaskRecord, task_id: str) -> None:
        """Note, durably, that a caller wants its task stopped, before its agent is asked to."""
        await self._tasks.claim(_stop(record, task_id))

    async def maybe_asked(self, record: TaskRecord, view: TaskView) -> TaskView:
        """View a cancelled task whose caller wanted that: what was asked for is no failure."""
        if view.state is not TaskState.CANCELED or record.task_id is None:
            return view
        if not await self._tasks.claimed(_stop(record, record.task_id)):
            return view
        return as_asked(task_view.with_note(view, AS_ASKED))

    async def _later(self, record: TaskRecord) -> str | None:
        """Give the task of a conversation that was begun last, if that is not this one."""
        if record.context_id is None:
            return None
        last = latest(await self._tasks.find_context(record.owner, record.context_id, record.agent))
        return scrub(last.task_id) if last and last.task_id and last.key > record.key else None

    def after_cancel(
        self, record: TaskRecord, task: Task, refusal: A2AError | None, unread: A2AError | None
    ) -> TaskView:
        """View a task after it was asked to stop, by its state and never by the reply alone."""
        if unread:
            said = scrub(unread.message)
            note = f"The agent was asked to cancel; its state could not be read since: {said}"
        elif task.state is TaskState.CANCELED:
            note = "Cancelled: the agent confirms it."
        elif refusal:
            note = f"The agent did not cancel: {scrub(refusal.message)}"
        else:
            note = "The agent was asked to cancel; this is the state it reports."
        view = task_view.of_task(record.agent, task, note=note)
        if task.state is TaskState.CANCELED and not unread:
            view = as_asked(view)
        return self.noted(replace(view, failed=bool(refusal) and not task.state.terminal))

    def noted(self, view: TaskView) -> TaskView:
        """Add what the reader must know of this bridge."""
        if self._tasks.problem:
            note = f"{view.note} {self._tasks.problem}" if view.note else self._tasks.problem
            view = replace(view, note=note)
        return view


def as_asked(view: TaskView) -> TaskView:
    """View a task that was stopped because its caller wanted that: there is nothing more to do."""
    text = "" if view.text == sentences.NO_REASON else view.text
    return replace(view, text=text, next_step=None, failed=False)


def _stop(record: TaskRecord, task_id: str) -> str:
    """Name the wish that a task may stop; nothing else that is taken up once has such a name."""
    return json.dumps(["stop", record.owner, record.agent, task_id])


def _elsewhere(follow: TrackedTask, task: Task) -> str | None:
    """Say that a message to one task was taken in another (FastA2A, PraisonAI: wild 13)."""
    meant = follow.continued.task_id if follow.continued else None
    if meant is None or meant == task.id:
        return None
    return (
        f"The agent took this message in a new task, {scrub(task.id)}: go on with that one. The "
        f"task {scrub(meant)} stays as it was at the agent."
    )


def _unmoved(follow: TrackedTask, note: str | None) -> TaskView:
    """View a message without a sign of it yet: the task's old question is no answer to it."""
    return TaskView(
        agent=follow.agent,
        task_id=follow.record.task_id or follow.record.handle,
        context_id=follow.record.context_id,
        state=TaskState.WORKING,
        note=note,
        next_step=NOTHING_HEARD,
    )
