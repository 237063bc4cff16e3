"""The person's reply to one request: pushed while the call waits, or brought by the next round."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import anyio
import mcp.types as t
from mcp.shared.exceptions import MCPError
from pydantic import ValidationError

from a2a_mcp.server.call import Ctx, app_of
from a2a_mcp.server.elicitation.reply import NoAnswer, Reply, reply_of
from a2a_mcp.server.ended_by import ended_by

if TYPE_CHECKING:
    from mcp.server.session import ServerSession

RESPONSE_KEY: Final = "answer"


async def pushed_reply(
    ctx: Ctx, params: t.ElicitRequestParams, seconds: float, number: str
) -> Reply:
    """Ask while the call waits, `seconds` at most; `number` names a request by URL.

    A server that is about to end waits no more: the call still has to return.
    """
    reply: Reply = NoAnswer.LATE
    async with ended_by(app_of(ctx).closing):
        with anyio.move_on_after(seconds):
            reply = await _reply(ctx, params, number)
    return reply


async def _reply(ctx: Ctx, params: t.ElicitRequestParams, number: str) -> Reply:
    try:
        return reply_of(await _push(ctx, params, number))
    except (MCPError, ValidationError):
        return NoAnswer.NOT_SHOWN


async def _push(ctx: Ctx, params: t.ElicitRequestParams, number: str) -> t.ElicitResult:
    session: ServerSession = ctx.session
    related = ctx.request_id
    if isinstance(params, t.ElicitRequestURLParams):
        return await session.elicit_url(params.message, params.url, number, related)
    return await session.elicit_form(params.message, params.requested_schema, related)


def returned_reply(ctx: Ctx, asked_at: float, seconds: float) -> Reply:
    """Return the reply that a later round of the call brings; too late after `seconds`."""
    if time.time() - asked_at > seconds:
        return NoAnswer.LATE
    response = (ctx.input_responses or {}).get(RESPONSE_KEY)
    if isinstance(response, t.ElicitResult):
        return reply_of(response)
    return NoAnswer.NOT_SHOWN
