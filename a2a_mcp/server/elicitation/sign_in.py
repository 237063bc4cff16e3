"""A sign-in that an agent needs before it can be called, put to the person by a link of the host.

The link leads to the authorization server, or over HTTP to the bridge's own page. Nothing is sent
before the person has signed in; then the same call goes on. The tokens go into the store, never
through the host.

A host before 2026-07-28 lets the call wait. Since then the call returns with the link and comes
back when the person has agreed to open it; if he is not through by then, it returns with the link
again. A round sends once, however often a host repeats it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import urlsplit
from uuid import uuid4

import anyio
import mcp.types as t

from a2a_mcp.agents.credential_faults import not_signed_in
from a2a_mcp.bridge.send import SendRequest
from a2a_mcp.errors import NotAllowed, SignInNeeded
from a2a_mcp.presentation import consent_sentences
from a2a_mcp.presentation.task_view import TaskView
from a2a_mcp.server.app import App
from a2a_mcp.server.call import Ctx
from a2a_mcp.server.caller import owner
from a2a_mcp.server.elicitation.modes import modes_of
from a2a_mcp.server.elicitation.pushed import RESPONSE_KEY, pushed_reply, returned_reply
from a2a_mcp.server.elicitation.reply import Answer

if TYPE_CHECKING:
    from a2a_mcp.sign_in.signing_in import Page
    from a2a_mcp.sign_in.under_way import UnderWay

Send: TypeAlias = Callable[[SendRequest], Awaitable[TaskView]]
Outcome: TypeAlias = TaskView | t.InputRequiredResult

SIGN_IN: Final = "sign_in"
MOST_ROUNDS: Final = 8  # the SDK's client gives up after ten


def is_sign_in(state: str) -> bool:
    """Return whether the state of a call is that of a link to sign in."""
    return SIGN_IN in json.loads(state)


async def send_signed_in(ctx: Ctx, app: App, request: SendRequest, send: Send) -> Outcome:
    """Send a message, after a sign-in where one is needed; or return the link to it.

    Raises BridgeError and A2AError; SignInNeeded where the client cannot show a link in a call, and
    where the person declined or did not sign in in time.
    """
    try:
        return await send(request)
    except SignInNeeded as needed:  # nothing was sent
        question = await _ask(ctx, app, request, needed)
    return question or await send(request)


async def resume_sign_in(ctx: Ctx, app: App, request: SendRequest, send: Send) -> Outcome:
    """Go on from the round that returned with a link; raises as `send_signed_in` does."""
    kept = json.loads(ctx.request_state or "{}")
    agent, caller = kept["agent"], owner()
    under_way = app.sign_ins.find(caller, agent)
    reply = returned_reply(ctx, kept["at"], app.registry.config.server.ask_seconds)
    if not isinstance(reply, Answer):
        await app.sign_ins.give_up(caller, agent)
        raise not_signed_in(agent, local=app.local)
    if under_way and not await _is_over(under_way, app.registry.config.server.wait_seconds):
        return _again(app, kept, await under_way.page())
    await _claim(app, kept, request)
    return await send_signed_in(ctx, app, replace(request, confirmed=kept["confirmed"]), send)


async def _ask(
    ctx: Ctx, app: App, request: SendRequest, needed: SignInNeeded
) -> t.InputRequiredResult | None:
    """Lead the person through; return the link where the call returns with it, else None."""
    modes, agent = modes_of(ctx.request_context), needed.agent or ""
    if not modes.url and app.local:
        raise needed
    under_way = app.sign_ins.of(owner(), agent)
    page = await under_way.page()
    if not modes.url:
        raise SignInNeeded(needed.message, consent_sentences.open_page(page.url), agent=agent)
    if modes.in_result:
        state = {"agent": agent, "at": time.time(), "rounds": 1, "confirmed": request.confirmed}
        return _link_in_result(state, page)
    await _ask_now(ctx, app, under_way, needed)
    return None


async def _ask_now(ctx: Ctx, app: App, under_way: UnderWay, needed: SignInNeeded) -> None:
    """Show the link and wait until the person has signed in; raises `needed` where he has not."""
    seconds, number = app.registry.config.server.ask_seconds, uuid4().hex
    params = link_to(needed.agent or "", await under_way.page(), number)
    if not isinstance(await pushed_reply(ctx, params, seconds, number), Answer):
        await app.sign_ins.give_up(owner(), needed.agent or "")
        raise needed
    if not await _is_over(under_way, seconds):
        raise needed
    await ctx.session.send_elicit_complete(number, ctx.request_id)


def link_to(agent: str, page: Page, number: str | None = None) -> t.ElicitRequestURLParams:
    """Return what puts the page of a sign-in to the person."""
    message = consent_sentences.sign_in(agent, urlsplit(page.url).hostname or "", page.code)
    return t.ElicitRequestURLParams(message=message, url=page.url, elicitation_id=number)


def _link_in_result(state: dict[str, Any], page: Page) -> t.InputRequiredResult:
    """Return the link with the state of the call, which the SDK seals."""
    return t.InputRequiredResult(
        input_requests={RESPONSE_KEY: t.ElicitRequest(params=link_to(state["agent"], page))},
        request_state=json.dumps(state | {SIGN_IN: uuid4().hex}),
    )


def _again(app: App, kept: dict[str, Any], page: Page) -> t.InputRequiredResult:
    """Return with the link once more: a call that waited on would outlast the host's patience."""
    if kept["rounds"] >= MOST_ROUNDS:
        raise not_signed_in(kept["agent"], "the user has not signed in yet", local=app.local)
    return _link_in_result(kept | {"rounds": kept["rounds"] + 1}, page)


async def _claim(app: App, kept: dict[str, Any], request: SendRequest) -> None:
    """Raise NotAllowed where this round has sent before; without a message there is no harm."""
    sends = bool(request.text or request.parts)
    if sends and not await app.bridge.tasks.claim(kept[SIGN_IN]):
        raise NotAllowed(
            consent_sentences.SENT_BEFORE, consent_sentences.SENT_BEFORE_NEXT, agent=kept["agent"]
        )


async def _is_over(under_way: UnderWay, seconds: float) -> bool:
    """Return whether a sign-in ends within so many seconds; raises what it failed with."""
    with anyio.move_on_after(seconds):
        await under_way.over()
        return True
    return False
