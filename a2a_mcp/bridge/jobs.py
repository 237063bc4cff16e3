"""Jobs: sends whose callers fetch the result later, by a handle.

A handle is one more id of the row that the send has stored. So a job is durable before its caller
learns of it, it belongs to the row's owner, and after a restart its task is found by asking the
agent. What is held in memory only saves that request: nothing may depend on it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import anyio

from a2a_mcp.a2a.errors import A2AError, AgentError, AgentUnreachable
from a2a_mcp.a2a.model import JSON, Part, Task, TaskState
from a2a_mcp.bridge.send import SendRequest
from a2a_mcp.bridge.service import Bridge
from a2a_mcp.bridge.updates import Notice, Updates
from a2a_mcp.errors import BridgeError, SentBefore, SignInNeeded
from a2a_mcp.presentation import sentences
from a2a_mcp.presentation.task_view import TaskView
from a2a_mcp.store.base import TaskRecord
from a2a_mcp.tracking.fairness import oldest_of_most
from a2a_mcp.tracking.tracked_task import TrackedTask

if TYPE_CHECKING:
    from a2a_mcp.bridge.questions import Question, QuestionRef

WAITING: Final = (TaskState.INPUT_REQUIRED, TaskState.AUTH_REQUIRED)
GRACE_SECONDS: Final = 1.0  # a send that is done by then needs no handle
LOOK_SECONDS: Final = 5.0  # for asking the agent about a task that is no longer followed
MOST_HELD: Final = 256
SERVER_FAULT: Final = 500  # the first HTTP status of a server error (RFC 9110, 15.6)
ID_LETTERS: Final = 32


async def _nothing() -> None: ...


Key = tuple[str, str, str]
"""Owner, agent and handle: a handle may be an agent's own id, which two agents can share."""


@dataclass(frozen=True, slots=True)
class Job:
    """A send under way, and what its caller is told besides the result.

    `created` is in Unix seconds. `named` is the id of the task that the caller named. `sent` says
    that `follow` is of the message itself, not of a later reading. `answering` is the fingerprint
    of the question whose answer is being sent, `answered` those of all answered questions.
    """

    handle: str
    created: float
    record: TaskRecord
    follow: TrackedTask
    note: str | None = None
    named: str | None = None
    sent: bool = False
    answering: str | None = None
    answered: frozenset[str] = frozenset()

    @property
    def key(self) -> Key:
        """Return the key that the job is held by."""
        return self.record.owner, self.record.agent, self.handle

    @property
    def over(self) -> bool:
        """Return whether there is a result, a question or an error, so that waiting is useless."""
        if self.answering:
            return False
        if self.follow.task is None:
            return self._ended_without_task
        return self._is_at_stop

    @property
    def _ended_without_task(self) -> bool:
        if self.follow.message is not None:
            return True
        return self.follow.error is not None and not self.cut_off

    @property
    def _is_at_stop(self) -> bool:
        task = self.follow.task
        if task is None or not self.follow.has_result or not task.state.stop:
            return False
        return self.follow.ended or not self.follow.awaiting_reaction

    @property
    def cut_off(self) -> bool:
        """Return whether the agent could not be asked, for a reason that may pass."""
        return not self.sent and _may_pass(self.follow.error)

    @property
    def needs_sign_in(self) -> bool:
        """Return whether the agent is asked about its task again once a person has signed in."""
        return not self.sent and isinstance(self.follow.error, SignInNeeded)

    @property
    def adrift(self) -> bool:
        """Return whether the task may go on, but is no longer followed."""
        return self.follow.ended and not self.over and not self.answering

    async def changed(self, seconds: float) -> None:
        """Wait for a change, at most `seconds`; always so long where no change is reported."""
        if self.follow.has_result:
            await anyio.sleep(seconds)
        else:
            await self.follow.wait(seconds)

    def question(self) -> Question | None:
        """Return the question that waits for its answer; None where there is none."""
        task = self.follow.task
        if not self.over or task is None or task.state not in WAITING:
            return None
        from a2a_mcp.bridge.questions import question_of

        question = question_of(self.follow.agent, task)
        if question is None or question.ref.fingerprint in self.answered:
            return None
        return replace(question, title=self.record.title)


class Jobs:
    """The jobs of one process, of any number of owners."""

    def __init__(self, bridge: Bridge, *, grace_seconds: float = GRACE_SECONDS) -> None:
        self._bridge = bridge
        self._grace_seconds = grace_seconds
        self._held: dict[Key, Job] = {}

    async def start(
        self, owner: str, outgoing: SendRequest, notice: Notice | None = None
    ) -> TaskView | Job:
        """Send a message; return its view if it is done soon, else the stored job."""
        began = anyio.current_time()
        # A new task waits for its agent's card in the background; a known task is read first.
        seconds = None if outgoing.task_id else self._grace_seconds
        follow, note = await self._bridge.start(owner, replace(outgoing, wait_seconds=seconds))
        left = self._grace_seconds - (anyio.current_time() - began)
        await self._bridge.wait(follow, left, Updates(notice) if notice else None, longer=0)
        job = Job(
            handle=f"job-{uuid4().hex}",
            created=follow.record.created,
            record=follow.record,
            follow=follow,
            note=note,
            named=outgoing.task_id,
            sent=True,
        )
        if not job.over:
            follow.known_as(await self._bridge.tasks.update(follow.record, handle=job.handle))
        if job.over:  # the task may have stopped while the handle was stored
            return await self.outcome(job)
        return self._hold(replace(job, record=follow.record))

    async def look(
        self, owner: str, handle: str, before_asking: Callable[[], Awaitable[None]] = _nothing
    ) -> Job:
        """Return a job as it is now; raises UnknownTask, and what `before_asking` raises.

        The agent is asked only where the task is no longer followed, as after a restart.
        """
        record = await self._bridge.router.find_task(owner, handle, None)
        held = self._held_and_followed((owner, record.agent, handle))
        if held:
            return replace(held, record=record)
        await before_asking()
        return await self._resumed(owner, handle, record)

    async def _resumed(self, owner: str, handle: str, record: TaskRecord) -> Job:
        """Follow the task of a job again, and hold the job."""
        key = owner, record.agent, handle
        job = self._held.get(key) or Job(
            handle, record.created, record, TrackedTask(record), named=record.task_id
        )
        try:
            follow, note = await self._attach(owner, record)
        except (A2AError, BridgeError) as error:
            failed = TrackedTask.failed(record, error)
            return replace(job, record=record, follow=failed, sent=False)
        held = self._held_and_followed(key)
        if held:  # another call has resumed it meanwhile, and may have answered a question since
            return replace(held, record=record)
        return self._hold(replace(job, record=record, follow=follow, note=note or job.note))

    async def outcome(self, job: Job) -> TaskView:
        """Return the view of a job that is over; raises what a call that waited would raise."""
        return await self._bridge.report(job.follow, job.note)

    async def answer(self, owner: str, job: Job, given: Mapping[str, JSON]) -> None:
        """Send a person's answer to a job's question, once, also when two calls bring it.

        Raises A2AError and BridgeError where it could not be sent: then the question still waits.
        """
        current = self._held.get(job.key, job)
        question, wanted = current.question(), job.question()
        if question is None or wanted is None or question.ref != wanted.ref:
            return
        self._hold(replace(current, answering=question.ref.fingerprint))
        after = current
        try:
            after = await self._answered(owner, current, question, given)
        finally:
            self._hold(after)

    async def _answered(
        self, owner: str, job: Job, question: Question, given: Mapping[str, JSON]
    ) -> Job:
        """Return the job after its question was answered."""
        asked = question.ref
        parts = question.form.answer(given) if question.form else ()
        job = replace(job, answered=job.answered | {asked.fingerprint})
        if not parts and not question.link:
            return replace(job, note=sentences.ANSWER_INCOMPLETE)
        task = (await self._bridge.reader.read(owner, asked.task_id, asked.agent)).task
        still_asked = _asks(task, asked)
        # After a sign-in the task goes on by itself; nothing is sent.
        if question.link or not still_asked:
            past = task.status if task and still_asked else None
            wanted = SendRequest("", agent=asked.agent, task_id=asked.task_id, past=past)
            follow, note = await self._bridge.attach(owner, wanted)
            return replace(job, follow=follow, note=note)
        return await self._send_answer(owner, job, asked, parts)

    async def _send_answer(
        self, owner: str, job: Job, asked: QuestionRef, parts: tuple[Part, ...]
    ) -> Job:
        # The same answer gets the same id, so a repetition is noticed. The handle is hashed: the
        # agent must not learn it.
        message_id = sha256(f"{job.handle} {asked.fingerprint}".encode()).hexdigest()[:ID_LETTERS]
        reply = SendRequest(
            "",
            agent=asked.agent,
            task_id=asked.task_id,
            parts=parts,
            message_id=message_id,
            confirmed=True,
        )
        try:
            follow, note = await self._bridge.start(owner, reply)
        except SentBefore:
            return replace(job, note=sentences.ANSWER_SENT_BEFORE)
        return replace(job, follow=follow, note=note, named=asked.task_id, sent=True)

    def leave(self, job: Job, note: str) -> None:
        """Stop asking the person and show the question in the result; `note` says why."""
        question = job.question()
        if question:
            self._hold(replace(job, note=note, answered=job.answered | {question.ref.fingerprint}))

    def mark(self, job: Job, answered: str) -> None:
        """Note that a question which is not the agent's was answered."""
        self._hold(replace(job, answered=job.answered | {answered}))

    async def cancel(self, owner: str, job: Job) -> None:
        """Ask the agent to stop a job's task; raises UnknownTask, NotAllowed, A2AError."""
        await self._bridge.cancel(owner, job.handle, None, None)

    async def _attach(self, owner: str, record: TaskRecord) -> tuple[TrackedTask, str | None]:
        """Follow a task again; a task without a known id is searched at its agent."""
        task_id = record.task_id or record.pending_id
        wanted = SendRequest("", agent=record.agent, task_id=task_id, wait_seconds=LOOK_SECONDS)
        return await self._bridge.attach(owner, wanted)

    def _held_and_followed(self, key: Key) -> Job | None:
        job = self._held.get(key)
        return job if job and not (job.adrift or job.needs_sign_in) else None

    def _hold(self, job: Job) -> Job:
        self._held.pop(job.key, None)
        self._held[job.key] = job
        while len(self._held) > MOST_HELD:
            del self._held[oldest_of_most({key: key[0] for key in self._held})]
        return job


def _asks(task: Task | None, asked: QuestionRef) -> bool:
    """Return whether a task, as it is now, asks this very question."""
    if task is None:
        return False
    from a2a_mcp.bridge.questions import question_of

    question = question_of(asked.agent, task)
    return question is not None and question.ref == asked


def _may_pass(error: A2AError | BridgeError | None) -> bool:
    """Return whether an error says nothing about the task, so that asking again may help."""
    if isinstance(error, AgentError):
        return error.code is None and error.status is not None and error.status >= SERVER_FAULT
    return isinstance(error, AgentUnreachable)
