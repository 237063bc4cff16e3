"""The person's consent before a message leaves, for agents whose configuration asks for it.

The person sees the agent's name, the first lines and the names of the files. Without consent
nothing is sent. The state of a call binds the consent to the arguments of that call, and a consent
counts once, however often a host repeats the round.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Final, TypeAlias
from uuid import uuid4

import mcp.types as t

from a2a_mcp.bridge.send import SendRequest
from a2a_mcp.errors import ConsentNeeded, NotAllowed
from a2a_mcp.presentation import consent_sentences
from a2a_mcp.presentation.task_view import TaskView
from a2a_mcp.server.app import App
from a2a_mcp.server.call import Ctx
from a2a_mcp.server.elicitation.modes import modes_of
from a2a_mcp.server.elicitation.pushed import RESPONSE_KEY, pushed_reply, returned_reply
from a2a_mcp.server.elicitation.reply import Answer, NoAnswer, Reply
from a2a_mcp.text.truncate import shorten

Send: TypeAlias = Callable[[SendRequest], Awaitable[TaskView | t.InputRequiredResult]]

SHOWN_BYTES: Final = 1_000
CONSENT: Final = "consent"
AGREES: Final = "send"
FORM: Final = {
    "type": "object",
    "properties": {AGREES: {"type": "boolean", "title": consent_sentences.AGREE, "default": True}},
}


def is_consent(state: str) -> bool:
    """Return whether the state of a call is that of a question for consent."""
    return CONSENT in json.loads(state)


async def send_with_consent(
    ctx: Ctx, app: App, request: SendRequest, send: Send
) -> TaskView | t.InputRequiredResult:
    """Send a message, with the person's consent where it is needed; or return the question.

    Raises BridgeError and A2AError, NotAllowed where the person did not agree.
    """
    if ctx.request_state is not None:
        await _check_round(ctx, app, json.loads(ctx.request_state))
        return await send(replace(request, confirmed=True))
    try:
        return await send(request)
    except ConsentNeeded as needed:
        question = await _ask(ctx, app, request, needed)
    return question or await send(replace(request, confirmed=True))


async def _ask(
    ctx: Ctx, app: App, request: SendRequest, needed: ConsentNeeded
) -> t.InputRequiredResult | None:
    """Ask the person; return the question where the call returns with it, None for consent.

    Raises `needed` where the client cannot ask, NotAllowed where the person did not agree.
    """
    modes, agent = modes_of(ctx.request_context), needed.agent or ""
    if not modes.form:
        raise needed
    form = _form(app, agent, request)
    if modes.in_result:
        return _question_in_result(form, agent)
    seconds = app.registry.config.server.ask_seconds
    _check(await pushed_reply(ctx, form, seconds, uuid4().hex), agent)
    return None


def _form(app: App, agent: str, request: SendRequest) -> t.ElicitRequestFormParams:
    words = shorten(app.mask(request.text), SHOWN_BYTES)
    message = consent_sentences.question(agent, words, app.mask(_enclosed(request)))
    return t.ElicitRequestFormParams(message=message, requested_schema=FORM)


def _enclosed(request: SendRequest) -> str:
    """Return what a message holds beside its text: names or places of files, and data."""
    names = [part.filename or part.url or part.kind for part in request.parts]
    return shorten(", ".join(names), SHOWN_BYTES)


def _question_in_result(form: t.ElicitRequestFormParams, agent: str) -> t.InputRequiredResult:
    state = {CONSENT: uuid4().hex, "agent": agent, "at": time.time()}
    return t.InputRequiredResult(
        input_requests={RESPONSE_KEY: t.ElicitRequest(params=form)},
        request_state=json.dumps(state),
    )


async def _check_round(ctx: Ctx, app: App, state: dict[str, Any]) -> None:
    """Raise NotAllowed unless the person agreed in this round, which counts once."""
    agent = state["agent"]
    reply = returned_reply(ctx, state["at"], app.registry.config.server.ask_seconds)
    _check(reply, agent)
    if not await app.bridge.tasks.claim(state[CONSENT]):
        raise NotAllowed(
            consent_sentences.SENT_BEFORE, consent_sentences.SENT_BEFORE_NEXT, agent=agent
        )


def _check(reply: Reply, agent: str) -> None:
    if isinstance(reply, Answer) and reply.content.get(AGREES, True) is True:
        return
    reason = NoAnswer.DECLINED if isinstance(reply, Answer) else reply
    raise NotAllowed(
        consent_sentences.not_sent(agent, reason.value),
        consent_sentences.NOT_SENT_NEXT,
        agent=agent,
    )
