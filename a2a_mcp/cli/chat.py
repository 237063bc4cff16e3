"""`a2a-mcp chat AGENT`: a conversation with an agent, line by line."""

from __future__ import annotations

import sys
import time

import anyio

from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.bridge.send import SendRequest
from a2a_mcp.cli import terminal
from a2a_mcp.cli.exit_codes import DONE
from a2a_mcp.cli.options import USUAL, Given
from a2a_mcp.cli.send import ASKS, USUAL_WAIT, AgentName, answered, show
from a2a_mcp.cli.session import run_with_app
from a2a_mcp.cli.startup import start
from a2a_mcp.errors import BridgeError
from a2a_mcp.presentation.task_view import TaskView
from a2a_mcp.server.app import App


def chat(agent: AgentName, /, *, options: Given = USUAL) -> int:
    """Talk with an agent in one conversation; an empty line ends it."""

    async def work(app: App) -> int:
        name = app.registry.resolve(agent)
        print(f"You talk with {name}. An empty line ends it.", file=sys.stderr)
        last: TaskView | None = None
        while said := await anyio.to_thread.run_sync(terminal.ask, "You"):
            last = await _turn(app, name, said, last)
        return DONE

    return run_with_app(start(options, quiet=True), work)


async def _turn(app: App, agent: str, said: str, last: TaskView | None) -> TaskView | None:
    """Send a line and show the answer; an error is told, and the conversation goes on."""
    request = _next(agent, said, last)
    try:
        view = await answered(app, request, time.monotonic() + USUAL_WAIT)
        await show(app, view, as_json=False)
    except (A2AError, BridgeError) as error:
        print(app.mask(f"a2a-mcp: {error.message}"), file=sys.stderr)
        return last
    return view


def _next(agent: str, said: str, last: TaskView | None) -> SendRequest:
    """Return the next message: to the task that waits for it, else in the same conversation."""
    if last is None:
        return SendRequest(said, agent, confirmed=True)
    task = last.task_id if last.state in ASKS else None
    return SendRequest(said, agent, task, last.context_id, confirmed=True)
