"""The boundary between a host's call and the rooms below: who calls how often, and what came back.

Errors of the rooms below become results here, and the audit gets its line. Only errors that the
bridge and the A2A client raise on purpose are turned; a crash is handled by `strict`.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

import anyio
import mcp.types as t

from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.errors import BridgeError
from a2a_mcp.server import error_results
from a2a_mcp.server.app import App
from a2a_mcp.server.audit import ERROR, GIVEN_UP
from a2a_mcp.server.call import Ctx, Result, app_of
from a2a_mcp.telemetry.calls import begin_call
from a2a_mcp.telemetry.metrics import instruments

P = ParamSpec("P")
R = TypeVar("R", bound=Result)

SENDING_TOOLS: Final = frozenset({"send_task", "subscribe"})
CANCELLING_TOOL: Final = "cancel_task"


def returns_errors(
    function: Callable[Concatenate[Ctx, P], Awaitable[R]],
) -> Callable[Concatenate[Ctx, P], Awaitable[R | t.CallToolResult]]:
    """Return a tool that returns BridgeError and A2AError as results instead of raising them."""

    @wraps(function)
    async def wrapped(ctx: Ctx, /, *args: P.args, **kwargs: P.kwargs) -> R | t.CallToolResult:
        begin_call()
        app = app_of(ctx)
        began = time.monotonic()
        await app.registry.discover()
        app.recoverer.wake()
        result: R | t.CallToolResult | None = None
        outcome = ERROR
        try:
            await app.admit()
            result = await function(ctx, *args, **kwargs)
        except BridgeError as error:
            result = error_results.of_bridge_error(error, app.mask)
        except A2AError as error:
            call = await _failed_call(app, function.__name__, kwargs, error)
            result = error_results.of_agent_error(error, call, app.mask)
        except anyio.get_cancelled_exc_class():  # a message may have arrived all the same
            outcome = GIVEN_UP
            raise
        finally:
            _note(ctx, function.__name__, kwargs, result, outcome)
        _count(function.__name__, result, time.monotonic() - began)
        return result

    return wrapped


def _note(
    ctx: Ctx, tool: str, arguments: Mapping[str, Any], result: Result | None, outcome: str
) -> None:
    """Write the line of a call; `outcome` is that of one which ends without a result."""
    audit = app_of(ctx).audit
    if audit and result:
        audit.note(ctx.request_context, tool, arguments, result)
    elif audit:
        audit.note_end(ctx.request_context, tool, arguments, outcome)


def _count(tool: str, result: Result, seconds: float) -> None:
    found = instruments()
    if found:
        is_error = isinstance(result, t.CallToolResult) and result.is_error
        outcome = "error" if is_error else "ok"
        found.tool_calls.record(seconds, {"gen_ai.tool.name": tool, "outcome": outcome})


async def _failed_call(
    app: App, tool: str, arguments: Mapping[str, Any], error: A2AError
) -> error_results.FailedCall:
    carries_message = tool in SENDING_TOOLS and arguments.get("message") is not None
    task_id = arguments.get("task_id")
    return error_results.FailedCall(
        agent=await _agent_of(app, arguments),
        task_id=task_id if isinstance(task_id, str) else None,
        # A person's answer is a message too; the call that sends it need not have one.
        sent=carries_message or error.message_id is not None,
        cancels=tool == CANCELLING_TOOL,
    )


async def _agent_of(app: App, arguments: Mapping[str, Any]) -> str | None:
    """Return the agent of a failed call; None where it, or the store, has gone meanwhile.

    The failure is told all the same.
    """
    with suppress(BridgeError):
        return await app.agent_of(arguments)
    return None
