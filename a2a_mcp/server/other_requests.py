"""The boundary of requests that are no calls of tools, and show a caller's tasks or ask an agent.

Where an agent may be asked they count as calls do. Each has a line in the audit, as a call has.
Nothing that only describes the server comes here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeVar

import anyio
import mcp.types as t
from mcp.shared.exceptions import MCPError

from a2a_mcp.errors import CallsTooFast
from a2a_mcp.presentation import resource_uris
from a2a_mcp.server.audit import ERROR, GIVEN_UP, OK
from a2a_mcp.server.call import RequestCtx

P = TypeVar("P", bound=t.RequestParams)
R = TypeVar("R")

LISTEN: Final = "subscriptions/listen"
COUNTED: Final = frozenset({LISTEN, "resources/subscribe", "tasks/update", "tasks/cancel"})
"""Requests that count each time; resources/read and tasks/get count when they ask an agent."""

SILENT: Final = frozenset({"resources/templates/list", "resources/unsubscribe"})
"""Requests that show nothing of anybody."""


async def noted(ctx: RequestCtx, params: P, handler: Callable[[RequestCtx, P], Awaitable[R]]) -> R:
    """Return what a handler returns, counted and with a line; raises MCPError."""
    if ctx.method in SILENT:
        return await handler(ctx, params)
    outcome = ERROR
    try:
        if ctx.method in COUNTED:
            await ctx.lifespan_context.app.admit()
        if ctx.method == LISTEN:  # a stream ends late, and in no other way than a cut
            _note(ctx, params, OK)
        found = await handler(ctx, params)
    except CallsTooFast as error:
        raise MCPError(t.INTERNAL_ERROR, f"{error.message} {error.next_step}") from None
    except anyio.get_cancelled_exc_class():
        outcome = GIVEN_UP
        raise
    else:
        outcome = OK
        return found
    finally:
        if ctx.method != LISTEN or outcome == ERROR:
            _note(ctx, params, outcome)


def _note(ctx: RequestCtx, params: t.RequestParams, outcome: str) -> None:
    if audit := ctx.lifespan_context.app.audit:
        audit.note_end(ctx, ctx.method, _facts(params), outcome)


def _facts(params: t.RequestParams) -> Mapping[str, Any]:
    """Return the agent and the task that a request names."""
    address = resource_uris.parse(str(getattr(params, "uri", "")))
    if address:
        return {"agent": address.agent, "task_id": address.task_id}
    return {"task_id": getattr(params, "task_id", None)}
