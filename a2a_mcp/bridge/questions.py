"""A question that a person answers: read what a task asks, and send the answer to that task.

An answer is sent once, however often a client returns it, and only while the task still asks the
question that the person was shown. It decides neither whether nor how a person is asked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.a2a.model import JSON, Task, TaskState
from a2a_mcp.bridge.send import SendRequest
from a2a_mcp.bridge.service import Bridge
from a2a_mcp.elicitation.form import Form, form_of
from a2a_mcp.elicitation.question import fingerprint_of, sign_in_link, words_of
from a2a_mcp.elicitation.secret_detection import wants_secret
from a2a_mcp.errors import SentBefore
from a2a_mcp.presentation import sentences
from a2a_mcp.presentation.task_view import TaskView, with_note

Send = Callable[[SendRequest], Awaitable[TaskView]]


@dataclass(frozen=True, slots=True)
class QuestionRef:
    """Which question of which task; small enough to travel through a client and back."""

    agent: str
    task_id: str
    fingerprint: str
    state: TaskState

    def is_asked_by(self, task: Task | None) -> bool:
        """Return whether a task, as it is now, asks this very question."""
        return task is not None and fingerprint_of(task) == self.fingerprint


@dataclass(frozen=True, slots=True)
class Question:
    """What a task asks: a form to fill in, a link to open, or words alone.

    `title` reminds the person of the message that began the task.
    """

    ref: QuestionRef
    words: str
    form: Form | None = None
    link: str | None = None
    secret: bool = False
    title: str | None = None


class Answers:
    """Questions and answers of one owner's tasks; `send` sends an answer and waits for a view."""

    def __init__(self, bridge: Bridge, owner: str, send: Send) -> None:
        self._bridge = bridge
        self._owner = owner
        self._send = send

    async def question(self, view: TaskView) -> Question | None:
        """Return what the task of a view asks now; None where it asks nothing any more.

        Raises A2AError and BridgeError where it cannot be read.
        """
        if view.agent is None or view.task_id is None:
            return None
        task = await self._read(view.agent, view.task_id)
        question = question_of(view.agent, task) if task else None
        if question is None:
            return None
        records = await self._bridge.tasks.find(self._owner, question.ref.task_id, view.agent)
        return replace(question, title=records[0].title if records else None)

    async def answer(
        self, asked: QuestionRef, given: Mapping[str, JSON], base: SendRequest
    ) -> tuple[TaskView, bool]:
        """Send a person's answer to the task that asked, unless it was sent before.

        Return the view of the task, and whether the person may be asked again. `base` holds the
        message id and the time budget. Raises A2AError and BridgeError.
        """
        task = await self._read(asked.agent, asked.task_id)
        if task is None or not asked.is_asked_by(task):
            return await self.follow(asked, base), True
        form = form_of(task)
        parts = form.answer(given) if form else ()
        if not parts:
            return with_note(await self.now(asked), sentences.ANSWER_INCOMPLETE), False
        reply = replace(base, agent=asked.agent, task_id=asked.task_id, parts=parts)
        return await self._send_once(asked, reply, base)

    async def _send_once(
        self, asked: QuestionRef, reply: SendRequest, base: SendRequest
    ) -> tuple[TaskView, bool]:
        try:
            view = await self._send(reply)
        except SentBefore:
            return await self._sent_before(asked, base), False
        except A2AError as error:
            raise error.with_ids(error.message_id, asked.task_id) from error
        return with_note(view, sentences.USER_ANSWERED), not view.failed

    async def _sent_before(self, asked: QuestionRef, base: SendRequest) -> TaskView:
        view = await self.follow(asked, base)
        if view.state is not TaskState.INPUT_REQUIRED:
            return view
        return with_note(view, sentences.ANSWER_SENT_BEFORE)

    async def signed_in(self, asked: QuestionRef, base: SendRequest) -> tuple[TaskView, bool]:
        """Wait, within the budget, until the agent has seen the sign-in; return as `answer`."""
        task = await self._read(asked.agent, asked.task_id)
        past = task.status if task and asked.is_asked_by(task) else None
        view = await self.follow(asked, replace(base, past=past))
        if view.next_step != sentences.NOTHING_HEARD:
            return view, True
        step = sentences.SIGN_IN_NOT_SEEN_NEXT
        return with_note(await self.now(asked), sentences.SIGN_IN_NOT_SEEN, step), False

    async def now(self, asked: QuestionRef) -> TaskView:
        """Return the view of the task; where it cannot be read, one that names it."""
        try:
            return await self._bridge.get(self._owner, asked.task_id, asked.agent)
        except A2AError:
            return TaskView(
                agent=asked.agent,
                task_id=asked.task_id,
                state=asked.state,
                note=sentences.TASK_UNREADABLE_NOW,
            )

    async def follow(self, asked: QuestionRef | TaskView, base: SendRequest) -> TaskView:
        """Wait for the task's next stop without sending anything."""
        wanted = replace(base, agent=asked.agent, task_id=asked.task_id)
        view = await self._bridge.subscribe(self._owner, wanted, 0)
        return replace(view, updates_left_out=0)

    async def _read(self, agent: str, task_id: str) -> Task | None:
        return (await self._bridge.reader.read(self._owner, task_id, agent)).task


def question_of(agent: str, task: Task) -> Question | None:
    """Return what a task asks; None where it does not wait for a person."""
    ref = QuestionRef(agent, task.id, fingerprint_of(task), task.state)
    match task.state:
        case TaskState.INPUT_REQUIRED:
            secret = wants_secret(task)
            form = None if secret else form_of(task)
            return Question(ref, words_of(task), form=form, secret=secret)
        case TaskState.AUTH_REQUIRED:
            return Question(ref, words_of(task), link=sign_in_link(task))
        case _:
            return None
