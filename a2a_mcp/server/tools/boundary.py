"""The boundary between a tool and the errors of the rooms below: it returns them as results.

Only errors that the bridge and the A2A client raise on purpose are turned here. A crash is handled
by `strict`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Any, Final, ParamSpec

from mcp.server.mcpserver import Context

from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.errors import BridgeError
from a2a_mcp.server import error_results
from a2a_mcp.server.app import App
from a2a_mcp.server.elicitation.rounds import Result

P = ParamSpec("P")

SENDING_TOOLS: Final = frozenset({"send_task", "subscribe"})
CANCELLING_TOOL: Final = "cancel_task"


def returns_errors(function: Callable[P, Awaitable[Result]]) -> Callable[P, Awaitable[Result]]:
    """Return a tool that returns BridgeError and A2AError as results instead of raising them."""

    @wraps(function)
    async def wrapped(*args: P.args, **kwargs: P.kwargs) -> Result:
        app = app_of(kwargs["ctx"])
        app.recoverer.wake()
        try:
            return await function(*args, **kwargs)
        except BridgeError as error:
            return error_results.of_bridge_error(error, app.mask)
        except A2AError as error:
            call = await _failed_call(app, function.__name__, kwargs, error)
            return error_results.of_agent_error(error, call, app.mask)

    return wrapped


def app_of(ctx: object) -> App:
    """Return what the tools share, from the context of a call."""
    assert isinstance(ctx, Context)  # noqa: S101 - the SDK passes nothing else
    app: App = ctx.request_context.lifespan_context
    return app


async def _failed_call(
    app: App, tool: str, arguments: Mapping[str, Any], error: A2AError
) -> error_results.FailedCall:
    carries_message = tool in SENDING_TOOLS and arguments.get("message") is not None
    task_id = arguments.get("task_id")
    return error_results.FailedCall(
        agent=await app.agent_of(arguments),
        task_id=task_id if isinstance(task_id, str) else None,
        # A person's answer is a message too; the call that sends it need not have one.
        sent=carries_message or error.message_id is not None,
        cancels=tool == CANCELLING_TOOL,
    )
