"""The private attributes of the mcp SDK that this server needs, each reached in one place.

The SDK offers no public way to these, and may rename them in any minor release; therefore the
dependency is bounded to one minor version, and a test names each attribute. No other module may
read an attribute of the SDK that begins with an underscore.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from mcp.server import MCPServer, NotificationOptions
from mcp.server._otel import OpenTelemetryMiddleware
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.session import ServerSession
from opentelemetry.trace import ProxyTracerProvider, get_tracer_provider


def lowlevel_server(server: MCPServer[Any]) -> Server[Any]:
    """Return the server below `server`: it takes request handlers and runs on any streams."""
    return server._lowlevel_server


def promise_tool_changes(server: MCPServer[Any]) -> None:
    """Let `server` tell clients of before 2026-07-28 at the handshake that its tools may change.

    The SDK takes this where a connection begins, and over HTTP it begins it itself.
    """
    lowlevel = lowlevel_server(server)
    options = partial(
        lowlevel.create_initialization_options, NotificationOptions(tools_changed=True)
    )
    lowlevel.create_initialization_options = options  # type: ignore[method-assign]


def trace_messages(server: MCPServer[Any]) -> None:
    """Let `server` open a span for each message only where a provider is set that could record it.

    The SDK always opens one, which costs a twentieth of a call, and joins it to the trace that a
    message names; a host that names it in a header of HTTP is joined here.
    """
    middleware = lowlevel_server(server).middleware
    if isinstance(get_tracer_provider(), ProxyTracerProvider):
        middleware[:] = [each for each in middleware if not _opens_spans(each)]
    else:
        middleware.insert(0, _join_trace_of_request)


async def _join_trace_of_request(
    ctx: ServerRequestContext[Any, Any], call_next: CallNext
) -> HandlerResult:
    from a2a_mcp.telemetry.tracing import joined_to  # only where spans are recorded

    with joined_to(ctx.request.headers if ctx.request else {}):
        return await call_next(ctx)


def _opens_spans(middleware: object) -> bool:
    return isinstance(middleware, OpenTelemetryMiddleware)


def connection_state(session: ServerSession) -> dict[str, Any]:
    """Return a dictionary that lives as long as the session's connection."""
    return session._connection.state


def on_disconnect(session: ServerSession, callback: Callable[[], None]) -> None:
    """Call `callback` when the session's connection ends."""
    session._connection.exit_stack.callback(callback)
