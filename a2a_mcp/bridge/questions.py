"""A question that a person answers: what is asked, and the answer sent to the task that asked.

No MCP. An answer goes out once, however often it comes back from a client, and only while the task
waits with the very question that the person was shown.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.a2a.model import JSON, Task, TaskState
from a2a_mcp.bridge.send import SendRequest
from a2a_mcp.bridge.service import Bridge
from a2a_mcp.elicitation.form import Form, form_of
from a2a_mcp.elicitation.question import mark_of, sign_in_link, wants_secret, words_of
from a2a_mcp.errors import BridgeError, SentBefore
from a2a_mcp.presentation.sentences import NOTHING_HEARD
from a2a_mcp.presentation.task_view import TaskView, with_note

Send = Callable[[SendRequest], Awaitable[TaskView]]

ALL_UPDATES: Final = 1_000_000
ANSWERED: Final = "The user was asked, and answered."
SENT_BEFORE: Final = (
    "The user's answer to this question was taken up before; nothing was sent again. Should the "
    "task go on waiting, ask the user anew."
)
INCOMPLETE: Final = "The user left out a part of the answer, so nothing was sent."
NOT_YET: Final = (
    "The user was shown the link, but the agent has not seen the sign-in yet. Call subscribe or "
    "get_task with this task_id once the user is done."
)
UNREAD: Final = "The task could not be read just now."


@dataclass(frozen=True, slots=True)
class Asked:
    """Which question of which task; small enough to travel through a client and back."""

    agent: str
    task_id: str
    mark: str
    state: TaskState


@dataclass(frozen=True, slots=True)
class Question:
    """What a task asks: by `form` of a person, by `link`, or neither."""

    asked: Asked
    words: str
    form: Form | None = None
    link: str | None = None
    secret: bool = False


class Answers:
    """Questions and answers of one owner's tasks; `send` sends and waits as the call wants it."""

    def __init__(self, bridge: Bridge, owner: str, send: Send) -> None:
        self._bridge = bridge
        self._owner = owner
        self._send = send

    async def question(self, view: TaskView) -> Question | None:
        """Read what the task of a view asks now; None where it asks nothing, or cannot be read."""
        if view.agent is None or view.task_id is None:
            return None
        try:
            task = await self._read(view.agent, view.task_id)
        except (A2AError, BridgeError):
            return None  # the view says all the same what is asked
        return question_of(view.agent, task) if task else None

    async def answer(
        self, asked: Asked, given: Mapping[str, JSON], base: SendRequest
    ) -> tuple[TaskView, bool]:
        """Send what a person gave to the task that asked, unless it has been sent before.

        Gives what came of it, and whether the person may be asked again. `base` holds the message
        id and the budget. Raises A2AError and BridgeError.
        """
        task = await self._read(asked.agent, asked.task_id)
        if task is None or mark_of(task) != asked.mark:
            return await self._follow(asked, base), True
        form = form_of(task)
        parts = form.answer(given) if form else ()
        if not parts:
            return with_note(await self.now(asked), INCOMPLETE), False
        outgoing = replace(base, agent=asked.agent, task_id=asked.task_id, parts=parts)
        try:
            view = await self._send(outgoing)
            return with_note(view, ANSWERED), not view.failed
        except SentBefore:
            view = await self._follow(asked, base)
            waits = view.state is TaskState.INPUT_REQUIRED
            return (with_note(view, SENT_BEFORE) if waits else view), False
        except A2AError as error:
            error.handle = asked.task_id
            raise

    async def signed_in(self, asked: Asked, base: SendRequest) -> tuple[TaskView, bool]:
        """Wait for what comes after a sign-in, within the budget; as `answer`."""
        task = await self._read(asked.agent, asked.task_id)
        same = task is not None and mark_of(task) == asked.mark
        past = task.status if task and same else None
        view = await self._follow(asked, replace(base, past=past))
        if view.next_step != NOTHING_HEARD:
            return view, True
        return with_note(await self.now(asked), NOT_YET), False

    async def now(self, asked: Asked) -> TaskView:
        """View the task as it is; if it cannot be read, at least which one it is."""
        try:
            return await self._bridge.get(self._owner, asked.task_id, asked.agent)
        except A2AError:
            return TaskView(
                agent=asked.agent, task_id=asked.task_id, state=asked.state, note=UNREAD
            )

    async def _follow(self, asked: Asked, base: SendRequest) -> TaskView:
        """Wait for what becomes of the task without sending anything."""
        wanted = replace(base, agent=asked.agent, task_id=asked.task_id)
        view = await self._bridge.subscribe(self._owner, wanted, ALL_UPDATES)
        return replace(view, updates=())

    async def _read(self, agent: str, task_id: str) -> Task | None:
        return (await self._bridge.reader.read(self._owner, task_id, agent)).task


def question_of(agent: str, task: Task) -> Question | None:
    """Read what a task asks; None where it does not wait."""
    asked = Asked(agent, task.id, mark_of(task), task.state)
    match task.state:
        case TaskState.INPUT_REQUIRED:
            secret = wants_secret(task)
            form = None if secret else form_of(task)
            return Question(asked, words_of(task), form=form, secret=secret)
        case TaskState.AUTH_REQUIRED:
            return Question(asked, words_of(task), link=sign_in_link(task))
        case _:
            return None
