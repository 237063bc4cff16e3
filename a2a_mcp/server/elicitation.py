"""Questions of agents put to the person in front of the host, in whichever form the client has.

Before 2026-07-28 the server asks in the middle of the call; since then the call returns with the
question and comes back with the answer and with state of ours, sealed (mcp-server 5). A client that
cannot ask gets the question as a result, as a model does. Never a form for a secret.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

import anyio
import mcp.types as t
from mcp.server.mcpserver import Context
from mcp.shared.exceptions import MCPError
from pydantic import ValidationError

from a2a_mcp.a2a.model import TaskState
from a2a_mcp.bridge.send import SendRequest
from a2a_mcp.errors import NotAllowed
from a2a_mcp.presentation.task_view import TaskView, with_note
from a2a_mcp.server import results
from a2a_mcp.server.app import App, owner
from a2a_mcp.text.truncate import shorten

if TYPE_CHECKING:
    from mcp.server.session import ServerSession

    from a2a_mcp.bridge.questions import Answers, Asked, Question

T = TypeVar("T")

Ctx = Context[App, Any]
Result = t.CallToolResult | t.InputRequiredResult
Send = Callable[[SendRequest], Awaitable[TaskView]]

MULTI_ROUND: Final = "2026-07-28"
URL_MODE: Final = "2025-11-25"
MOST_ROUNDS: Final = 8  # the SDK's client gives up after ten
REPLY: Final = "answer"
SHOWN_BYTES: Final = 3_000

UNANSWERED: Final = {
    "decline": "The user was asked and declined to answer.",
    "cancel": "The user was asked and closed the question without an answer.",
    "late": "The user was asked and did not answer in time.",
    "fault": "The question could not be shown to the user.",
}
STILL_WAITS: Final = (
    "The task still waits. Go on as the user wants: send_task with this task_id and the answer, or "
    "cancel_task."
)
STILL_SIGN_IN: Final = (
    "The task still waits. Show the user its words and link; never ask for a password. Then call "
    "get_task with this task_id, or cancel_task."
)
NO_FORM: Final = (
    "The question seems to ask for a secret, so it was not shown to the user as a form. Do not "
    "send passwords, tokens or the like in a message."
)
NO_FORM_STEP: Final = (
    "Tell the user. Credentials of an agent belong into the bridge's configuration (auth). Answer "
    "with send_task and this task_id only what is no secret, or call cancel_task."
)
TOO_MANY: Final = f"The user has answered {MOST_ROUNDS} questions in this call already."


@dataclass(frozen=True, slots=True)
class Ways:
    """How a client can ask: by form, by link, and whether by returning from the call."""

    form: bool = False
    url: bool = False
    returning: bool = False


def ways_of(ctx: Ctx) -> Ways:
    """Read how the client of a call can ask; it declares so, but not in every version."""
    capabilities, version = ctx.client_capabilities, ctx.protocol_version or ""
    declared = capabilities.elicitation if capabilities else None
    returning = version >= MULTI_ROUND
    if declared is None or not (returning or ctx.session.can_send_request):
        return Ways()
    return Ways(
        form=declared.form is not None or declared.url is None,  # `{}` means forms
        url=declared.url is not None and version >= URL_MODE,
        returning=returning,
    )


async def answered(ctx: Ctx, app: App, outgoing: SendRequest, send: Send) -> Result:
    """Send, and put to the person what the agent asks, as often as it asks; give what came of it.

    Raises BridgeError and A2AError.
    """
    call = _Call(ctx, app, outgoing, send)
    if ctx.request_state is not None:
        return await call.go_on(*await call.come_back(ctx.request_state))
    if ctx.input_responses:
        raise NotAllowed(
            "An answer came without the state that belongs to it; nothing was sent.",
            "Call list_tasks to find the task that waits, and answer it with send_task.",
        )
    view = await call.timed(send(outgoing))
    if view.failed or view.state not in (TaskState.INPUT_REQUIRED, TaskState.AUTH_REQUIRED):
        return call.result(view)
    return await call.go_on(view, True)


def can_be_shown(app: App, question: Question) -> bool:
    """Whether a question is one for a form or a link, and shows no configured secret."""
    shown = json.dumps([question.link, question.form.schema if question.form else None])
    return bool(question.form or question.link) and app.mask(shown) == shown


def request_of(app: App, question: Question, number: str | None = None) -> t.ElicitRequestParams:
    """Word the question: the agent is named, its words are masked and bounded."""
    name, words = question.asked.agent, app.mask(question.words)
    if question.link:
        host = urlsplit(question.link).hostname
        message = f"The agent {name} asks you to sign in or approve at {host}:\n{question.link}"
        if words != question.link:
            message += f"\n\nIt says: {shorten(words, SHOWN_BYTES)}"
        return t.ElicitRequestURLParams(message=message, url=question.link, elicitation_id=number)
    schema = question.form.shown if question.form else {}
    message = f"The agent {name} asks:\n\n{shorten(words, SHOWN_BYTES)}"
    return t.ElicitRequestFormParams(message=message, requested_schema=schema)


class _Call:
    """One call of a host, or one round of it."""

    def __init__(self, ctx: Ctx, app: App, outgoing: SendRequest, send: Send) -> None:
        self._ctx = ctx
        self._app = app
        self._wait_seconds = outgoing.wait_seconds
        self._send = send
        self._rounds = 0
        self._spent = 0.0

    @cached_property
    def _ways(self) -> Ways:
        return ways_of(self._ctx)  # most calls end without a question

    def result(self, view: TaskView) -> t.CallToolResult:
        return results.of_task_view(view, self._app.mask, self._app.result_bytes)

    async def go_on(self, view: TaskView, more: bool) -> Result:
        """Ask for as long as there is something to ask."""
        while more:
            found = await self._next(view)
            if isinstance(found, TaskView):
                return self.result(found)
            self._rounds += 1
            if self._ways.returning:
                return self._returned(found)
            earlier, number = view.updates, uuid4().hex
            reply = await self._pushed(found, number)
            view, more = await self._after(found.asked, reply, number)
            view = replace(view, updates=earlier + view.updates)
            if found.link and more:
                await self._ctx.session.send_elicit_complete(number, self._ctx.request_id)
        return self.result(view)

    async def come_back(self, state: str) -> tuple[TaskView, bool]:
        """Take up a call where it was left; the SDK has checked whose state it is."""
        from a2a_mcp.bridge.questions import Asked

        kept = json.loads(state)
        self._rounds = kept["rounds"]
        asked = Asked(**kept["asked"] | {"state": TaskState(kept["asked"]["state"])})
        reply = (self._ctx.input_responses or {}).get(REPLY)
        if time.time() - kept["at"] > self._app.registry.config.server.ask_seconds:
            return await self._after(asked, "late", "")
        # The same round gives the same id, however often it comes.
        message_id = hashlib.sha256(state.encode()).hexdigest()[:32]
        told = reply if isinstance(reply, t.ElicitResult) else "fault"
        return await self._after(asked, told, message_id)

    async def timed(self, leg: Awaitable[T]) -> T:
        """Count what the agent takes against the budget of the call; not what the person takes."""
        began = time.monotonic()
        try:
            return await leg
        finally:
            self._spent += time.monotonic() - began

    async def _next(self, view: TaskView) -> Question | TaskView:
        """Give the question to put to the person now, or the view to end with."""
        configured = self._app.registry.config.agents.get(view.agent or "")
        by_form = view.state is TaskState.INPUT_REQUIRED and self._ways.form
        by_link = view.state is TaskState.AUTH_REQUIRED and self._ways.url
        if configured is None or not (by_link or (by_form and configured.ask_user)):
            return view
        question = await self._answers().question(view)
        if question is None:
            return view
        if question.secret:
            return with_note(view, NO_FORM, NO_FORM_STEP)
        if self._rounds >= MOST_ROUNDS:
            return with_note(view, TOO_MANY)
        return question if can_be_shown(self._app, question) else view

    def _returned(self, question: Question) -> t.InputRequiredResult:
        """Return from the call with the question; what is needed to go on travels sealed."""
        state = {
            "asked": asdict(question.asked),
            "rounds": self._rounds,
            "at": time.time(),
            "round": uuid4().hex,
        }
        request = t.ElicitRequest(params=request_of(self._app, question))
        return t.InputRequiredResult(
            input_requests={REPLY: request}, request_state=json.dumps(state)
        )

    async def _pushed(self, question: Question, number: str) -> t.ElicitResult | str:
        """Ask in the middle of the call; a word of `UNANSWERED` where no reply came."""
        params = request_of(self._app, question, number)
        session: ServerSession = self._ctx.session
        related = self._ctx.request_id
        try:
            with anyio.fail_after(self._app.registry.config.server.ask_seconds):
                if isinstance(params, t.ElicitRequestURLParams):
                    return await session.elicit_url(params.message, params.url, number, related)
                return await session.elicit_form(params.message, params.requested_schema, related)
        except TimeoutError:
            return "late"
        except (MCPError, ValidationError):
            return "fault"

    async def _after(
        self, asked: Asked, reply: t.ElicitResult | str, message_id: str
    ) -> tuple[TaskView, bool]:
        """Do what the person's reply asks for; gives the task then, and whether to ask again."""
        answers = self._answers()
        told = reply if isinstance(reply, str) else reply.action
        signing_in = asked.state is TaskState.AUTH_REQUIRED
        if isinstance(reply, str) or told != "accept":
            step = STILL_SIGN_IN if signing_in else STILL_WAITS
            now = await answers.now(asked)
            waits = now.state is asked.state
            return with_note(now, UNANSWERED[told], step if waits else None), False
        base = SendRequest(
            "", wait_seconds=self._wait_seconds, message_id=message_id, spent=self._spent
        )
        if signing_in:
            return await self.timed(answers.signed_in(asked, base))
        return await self.timed(answers.answer(asked, reply.content or {}, base))

    def _answers(self) -> Answers:
        from a2a_mcp.bridge.questions import Answers

        return Answers(self._app.bridge, owner(), self._send)
