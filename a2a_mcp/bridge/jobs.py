"""Sends whose callers come back for the result by a handle, however long it takes: jobs.

A job is nothing new in the task map: its handle is one more id of the row that its send has
written. So it is durable before anyone is told of it, it belongs to the row's owner, and after a
restart it finds its task by asking the agent. What is held here only saves asking again. No MCP.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import anyio

from a2a_mcp.a2a.errors import A2AError, AgentError, AgentUnreachable
from a2a_mcp.a2a.model import JSON, TaskState
from a2a_mcp.bridge.send import SendRequest
from a2a_mcp.bridge.service import Bridge
from a2a_mcp.bridge.updates import Notice, Updates
from a2a_mcp.errors import BridgeError, SentBefore
from a2a_mcp.presentation.task_view import TaskView
from a2a_mcp.store.base import TaskRecord
from a2a_mcp.tracking.fairness import oldest_of_most
from a2a_mcp.tracking.tracked_task import TrackedTask

if TYPE_CHECKING:
    from a2a_mcp.bridge.questions import Question

WAITING: Final = (TaskState.INPUT_REQUIRED, TaskState.AUTH_REQUIRED)
GRACE_SECONDS: Final = 1.0  # what is done by then needs no handle
LOOK_SECONDS: Final = 5.0  # for a read at the agent, where nobody follows the task any more
MOST_HELD: Final = 256
SERVER_FAULT: Final = 500

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Job:
    """A send under way, and what its caller is to be told besides its outcome.

    `named` is the task that the caller named; `sent` tells that `follow` is of the message itself,
    and not of a later reading. `answering` is the question whose answer is about to leave,
    `answered` are those whose answers have left.
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
        """What it is held by: a handle may be an agent's own id, and so another's as well."""
        return self.record.owner, self.record.agent, self.handle

    @property
    def over(self) -> bool:
        """Whether waiting changes nothing more: there is an answer, a question, or an error."""
        follow = self.follow
        if self.answering:
            return False
        if follow.task is None:
            return follow.message is not None or (follow.error is not None and not self.cut_off)
        at_stop = follow.has_result and follow.task.state.stop
        return at_stop and (follow.ended or not follow.awaiting_reaction)

    @property
    def cut_off(self) -> bool:
        """Whether the agent could not be asked, for a reason that may pass."""
        return not self.sent and _may_pass(self.follow.error)

    @property
    def adrift(self) -> bool:
        """Whether nobody follows the task any more, although it may go on."""
        return self.follow.ended and not self.over and not self.answering

    async def changed(self, seconds: float) -> None:
        """Wait until it is over; where nothing tells of a change, or none comes, `seconds`."""
        if self.follow.has_result:
            await anyio.sleep(seconds)
        else:
            await self.follow.wait(seconds)

    def question(self) -> Question | None:
        """Give the question that waits for its answer."""
        task = self.follow.task
        if not self.over or task is None or task.state not in WAITING:
            return None
        from a2a_mcp.bridge.questions import question_of

        found = question_of(self.follow.agent, task)
        return None if found is None or found.asked.mark in self.answered else found


class Jobs:
    """The jobs of one process, for any number of owners."""

    def __init__(self, bridge: Bridge, *, grace_seconds: float = GRACE_SECONDS) -> None:
        self._bridge = bridge
        self._grace_seconds = grace_seconds
        self._held: dict[Key, Job] = {}

    async def start(
        self, owner: str, outgoing: SendRequest, notice: Notice | None = None
    ) -> TaskView | Job:
        """Send a message; gives what came of it at once, or else the job, durable by then."""
        began = time.monotonic()
        # A new task waits for its agent's card in the background; an old one is read before.
        seconds = None if outgoing.task_id else self._grace_seconds
        follow, note = await self._bridge.start(owner, replace(outgoing, wait_seconds=seconds))
        left = self._grace_seconds - (time.monotonic() - began)
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
        if job.over:
            return await self.outcome(job)
        return self._hold(replace(job, record=follow.record))

    async def look(self, owner: str, handle: str) -> Job:
        """Give a job as it is now; raises UnknownTask.

        The agent is asked only where nobody follows the task any more, as after a restart.
        """
        record = await self._bridge.router.find_task(owner, handle, None)
        job = self._held.get((owner, record.agent, handle))
        if job and not job.adrift:
            return replace(job, record=record)
        job = job or Job(handle, record.created, record, TrackedTask(record), named=record.task_id)
        try:
            follow, note = await self._taken_up(owner, record)
        except (A2AError, BridgeError) as error:
            failed = TrackedTask.failed(record, error)
            return replace(job, record=record, follow=failed, sent=False)
        meanwhile = self._held.get(job.key)
        if meanwhile and not meanwhile.adrift:  # somebody else has, and may have answered since
            return replace(meanwhile, record=record)
        return self._hold(replace(job, record=record, follow=follow, note=note or job.note))

    async def outcome(self, job: Job) -> TaskView:
        """View what came of a job that is over; raises what a call that waited would have."""
        return await self._bridge.report(job.follow, job.note)

    async def answer(self, owner: str, job: Job, given: Mapping[str, JSON]) -> None:
        """Take what a person gave to a job's question up, once, whoever else does so just now.

        Raises what kept it from leaving: then the question still waits.
        """
        current = self._held.get(job.key, job)
        question, wanted = current.question(), job.question()
        if question is None or wanted is None or question.asked != wanted.asked:
            return
        self._hold(replace(current, answering=question.asked.mark))
        after = current
        try:
            after = await self._answered(owner, current, question, given)
        finally:
            self._hold(after)

    async def _answered(
        self, owner: str, job: Job, question: Question, given: Mapping[str, JSON]
    ) -> Job:
        from a2a_mcp.bridge.questions import INCOMPLETE, SENT_BEFORE, question_of

        asked = question.asked
        outgoing = SendRequest("", agent=asked.agent, task_id=asked.task_id)
        parts = question.form.answer(given) if question.form else ()
        job = replace(job, answered=job.answered | {asked.mark})
        if not parts and not question.link:
            return replace(job, note=INCOMPLETE)
        task = (await self._bridge.reader.read(owner, asked.task_id, asked.agent)).task
        now = question_of(asked.agent, task) if task else None
        waits = task is not None and now is not None and now.asked == asked
        if question.link or not waits:  # it goes on by itself once the person has signed in
            past = task.status if task and waits else None
            follow, note = await self._bridge.attach(owner, replace(outgoing, past=past))
            return replace(job, follow=follow, note=note)
        # Known again when it comes twice, and no way back to the handle, which is the caller's.
        message_id = sha256(f"{job.handle} {asked.mark}".encode()).hexdigest()[:32]
        reply = replace(outgoing, parts=parts, message_id=message_id)
        try:
            follow, note = await self._bridge.start(owner, reply)
        except SentBefore:
            return replace(job, note=SENT_BEFORE)
        return replace(job, follow=follow, note=note, named=asked.task_id, sent=True)

    def leave(self, job: Job, note: str) -> None:
        """Leave the question to whoever reads the result; `note` says why."""
        question = job.question()
        if question:
            self._hold(replace(job, note=note, answered=job.answered | {question.asked.mark}))

    async def cancel(self, owner: str, job: Job) -> None:
        """Ask the agent to stop a job's task; raises UnknownTask, NotAllowed, A2AError."""
        await self._bridge.cancel(owner, job.handle, None, None)

    async def _taken_up(self, owner: str, record: TaskRecord) -> tuple[TrackedTask, str | None]:
        """Follow a task again; one that was not named yet is looked for at its agent."""
        task_id = record.task_id or record.pending_id
        wanted = SendRequest("", agent=record.agent, task_id=task_id, wait_seconds=LOOK_SECONDS)
        return await self._bridge.attach(owner, wanted)

    def _hold(self, job: Job) -> Job:
        self._held.pop(job.key, None)
        self._held[job.key] = job
        while len(self._held) > MOST_HELD:
            del self._held[oldest_of_most({key: key[0] for key in self._held})]
        return job


def _may_pass(error: A2AError | BridgeError | None) -> bool:
    if isinstance(error, AgentError):
        return error.code is None and error.status is not None and error.status >= SERVER_FAULT
    return isinstance(error, AgentUnreachable)
