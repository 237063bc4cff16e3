"""One call of a host, in which the agent's questions are put to the person, round by round.

Before protocol version 2026-07-28 the server asks by a request of its own while the call waits.
Since then the call returns with the question, and the client calls again with the answer and with
the sealed state of the call. A client that cannot ask gets the question as a result, and so does
the model.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar
from uuid import uuid4

import mcp.types as t

from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.a2a.model import TaskState
from a2a_mcp.bridge.send import SendRequest
from a2a_mcp.errors import BridgeError, NotAllowed
from a2a_mcp.presentation import sentences
from a2a_mcp.presentation.task_view import TaskView, with_note
from a2a_mcp.server.app import App
from a2a_mcp.server.call import Ctx, Result
from a2a_mcp.server.caller import owner
from a2a_mcp.server.elicitation.consent import is_consent, send_with_consent
from a2a_mcp.server.elicitation.modes import Modes, modes_of
from a2a_mcp.server.elicitation.pushed import RESPONSE_KEY, pushed_reply, returned_reply
from a2a_mcp.server.elicitation.reply import Answer, NoAnswer, Reply
from a2a_mcp.server.elicitation.request import can_be_shown, request_of
from a2a_mcp.server.elicitation.sign_in import is_sign_in, resume_sign_in, send_signed_in
from a2a_mcp.server.task_results import result_of

if TYPE_CHECKING:
    from a2a_mcp.bridge.questions import Answers, Question, QuestionRef

T = TypeVar("T")

Send: TypeAlias = Callable[[SendRequest], Awaitable[TaskView]]

MAX_ROUNDS: Final = 8  # the SDK's client gives up after ten
QUESTION_STATES: Final = (TaskState.INPUT_REQUIRED, TaskState.AUTH_REQUIRED)


async def answered(ctx: Ctx, app: App, request: SendRequest, send: Send) -> Result:
    """Send a message, ask the person what the agent asks, and return the result.

    Raises BridgeError and A2AError.
    """
    call, state = _Call(ctx, app, request, send), ctx.request_state
    if state is None and ctx.input_responses:
        raise NotAllowed(
            "The reply has no request state, so it matches no question. Nothing was sent.",
            "Call list_tasks to find the task that waits, and answer it with send_task.",
        )
    if state is not None and not is_consent(state) and not is_sign_in(state):
        return await call.ask_on(await call.resume(state))
    view = await _sent(ctx, app, request, lambda each: call.timed(send(each)))
    if isinstance(view, t.InputRequiredResult):
        return view
    asks = not view.failed and view.state in QUESTION_STATES
    return await call.ask_on(_Step(view, may_ask=asks))


async def _sent(
    ctx: Ctx, app: App, request: SendRequest, send: Send
) -> TaskView | t.InputRequiredResult:
    """Send a message once the person has agreed and signed in, where need be; or ask for that."""
    if ctx.request_state is not None and is_sign_in(ctx.request_state):
        return await resume_sign_in(ctx, app, request, send)
    return await send_with_consent(
        ctx, app, request, lambda each: send_signed_in(ctx, app, each, send)
    )


@dataclass(frozen=True, slots=True)
class _Step:
    """The task after a message or a reply; `may_ask` allows another question to the person."""

    view: TaskView
    may_ask: bool


class _Call:
    """One call of a host, or one round of it."""

    def __init__(self, ctx: Ctx, app: App, request: SendRequest, send: Send) -> None:
        self._ctx = ctx
        self._app = app
        self._wait_seconds = request.wait_seconds
        self._send = send
        self._rounds = 0
        self._asked: frozenset[str] = frozenset()
        self._spent = 0.0

    @property
    def _ask_seconds(self) -> float:
        return self._app.registry.config.server.ask_seconds

    @cached_property
    def _modes(self) -> Modes:
        return modes_of(self._ctx.request_context)  # most calls end without a question

    async def ask_on(self, step: _Step) -> Result:
        """Ask until there is nothing more to ask; return the result of the call."""
        while step.may_ask:
            found = await self._next(step.view)
            if isinstance(found, _Step):
                step = found
                continue
            self._rounds += 1
            self._asked |= {found.ref.fingerprint}
            if self._modes.in_result:
                return self._ask_in_result(found)
            step = await self._ask_now(found, step.view)
        return await result_of(self._app, step.view)

    async def resume(self, state: str) -> _Step:
        """Go on from the round that returned with `state`; the SDK has checked whose it is."""
        from a2a_mcp.bridge.questions import QuestionRef

        kept = json.loads(state)
        self._rounds = kept["rounds"]
        self._asked = frozenset(kept["questions"])
        asked = QuestionRef(**kept["asked"] | {"state": TaskState(kept["asked"]["state"])})
        # The same round gives the same id, so a repeated request does not send the answer twice.
        message_id = hashlib.sha256(state.encode()).hexdigest()[:32]
        return await self._act_on(
            returned_reply(self._ctx, kept["at"], self._ask_seconds), asked, message_id
        )

    async def timed(self, exchange: Awaitable[T]) -> T:
        """Count the agent's time against the budget of the call; the person's is not counted."""
        began = time.monotonic()
        try:
            return await exchange
        finally:
            self._spent += time.monotonic() - began

    async def _next(self, view: TaskView) -> Question | _Step:
        """Return the question to put to the person now, or the step to go on from."""
        if not self._may_be_asked(view):
            return _Step(view, may_ask=False)
        try:
            question = await self._answers().question(view)
        except (A2AError, BridgeError):  # the view itself already says what is asked
            return _Step(view, may_ask=False)
        if question is None:
            return await self._moved_on(view)
        return self._unless_ended(question, view)

    async def _moved_on(self, view: TaskView) -> _Step:
        """Wait for the next stop of a task that asks no more what its view says."""
        self._rounds += 1  # an agent that asks and takes back without end is left too
        base = SendRequest("", wait_seconds=self._wait_seconds, spent=self._spent)
        now = await self.timed(self._answers().follow(view, base))
        asks = now.state in QUESTION_STATES and self._rounds < MAX_ROUNDS
        return _Step(_with_updates_of(view, now), may_ask=asks)

    def _unless_ended(self, question: Question, view: TaskView) -> Question | _Step:
        """Return the question, or the view to end with where a person is not asked it."""
        if question.secret:
            view = with_note(view, sentences.NO_FORM, sentences.NO_FORM_STEP)
        elif question.ref.fingerprint in self._asked:
            view = with_note(view, sentences.ASKED_AGAIN)
        elif self._rounds >= MAX_ROUNDS:
            view = with_note(view, sentences.too_many_questions(MAX_ROUNDS))
        elif can_be_shown(self._app, question):
            return question
        return _Step(view, may_ask=False)

    def _may_be_asked(self, view: TaskView) -> bool:
        """Return whether the client can ask this kind of question, and the agent may."""
        agent = self._app.registry.config.agents.get(view.agent or "")
        if agent is None:
            return False
        if view.state is TaskState.INPUT_REQUIRED:
            return self._modes.form and agent.ask_user
        return view.state is TaskState.AUTH_REQUIRED and self._modes.url

    def _ask_in_result(self, question: Question) -> t.InputRequiredResult:
        """Return from the call with the question and the state of the call, which the SDK seals."""
        state = {
            "asked": asdict(question.ref),
            "rounds": self._rounds,
            "questions": sorted(self._asked),
            "at": time.time(),
            "round": uuid4().hex,
        }
        request = t.ElicitRequest(params=request_of(self._app, question))
        return t.InputRequiredResult(
            input_requests={RESPONSE_KEY: request}, request_state=json.dumps(state)
        )

    async def _ask_now(self, question: Question, before: TaskView) -> _Step:
        """Ask while the call waits, and act on the reply; earlier updates stay in the view."""
        number = uuid4().hex
        params = request_of(self._app, question, number)
        reply = await pushed_reply(self._ctx, params, self._ask_seconds, number)
        step = await self._act_on(reply, question.ref, number)
        if question.link and step.may_ask:
            await self._ctx.session.send_elicit_complete(number, self._ctx.request_id)
        return replace(step, view=_with_updates_of(before, step.view))

    async def _act_on(self, reply: Reply, asked: QuestionRef, message_id: str) -> _Step:
        """Do what the person's reply asks for."""
        match reply:
            case NoAnswer():
                return await self._without_answer(reply, asked)
            case Answer(content):
                base = SendRequest(
                    "",
                    wait_seconds=self._wait_seconds,
                    message_id=message_id,
                    spent=self._spent,
                    confirmed=True,
                )
                if asked.state is TaskState.AUTH_REQUIRED:
                    outcome = self._answers().signed_in(asked, base)
                else:
                    outcome = self._answers().answer(asked, content, base)
                return _Step(*await self.timed(outcome))

    async def _without_answer(self, reason: NoAnswer, asked: QuestionRef) -> _Step:
        """Return the task with the reason, and what to do if it waits as before."""
        view = await self._answers().now(asked)
        step = None
        if view.state is asked.state:
            signs_in = asked.state is TaskState.AUTH_REQUIRED
            step = sentences.STILL_NEEDS_SIGN_IN if signs_in else sentences.STILL_NEEDS_ANSWER
        return _Step(with_note(view, reason.value, step), may_ask=False)

    def _answers(self) -> Answers:
        from a2a_mcp.bridge.questions import Answers

        return Answers(self._app.bridge, owner(), self._send)


def _with_updates_of(before: TaskView, view: TaskView) -> TaskView:
    return replace(
        view,
        updates=before.updates + view.updates,
        updates_left_out=before.updates_left_out + view.updates_left_out,
    )
