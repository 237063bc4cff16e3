"""A conversation with an agent, line by line."""

from __future__ import annotations

import sys
import time
from typing import Final

from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.a2a.model import TaskState
from a2a_mcp.bridge.send import SendRequest
from a2a_mcp.cli import terminal
from a2a_mcp.cli.exit_codes import DONE
from a2a_mcp.cli.failures import what_happened
from a2a_mcp.cli.send import USUAL_WAIT
from a2a_mcp.cli.start_options import Options
from a2a_mcp.cli.startup import start
from a2a_mcp.cli.work.send import answered
from a2a_mcp.cli.work.session import run_with_app
from a2a_mcp.cli.work.show import show
from a2a_mcp.errors import BridgeError
from a2a_mcp.presentation.task_view import TaskView
from a2a_mcp.server.app import App

ASKS: Final = (TaskState.INPUT_REQUIRED, TaskState.AUTH_REQUIRED)


def talk(agent: str, options: Options) -> int:
    """Talk with an agent until an empty line; return the exit code."""

    async def work(app: App) -> int:
        name = app.registry.resolve(agent)
        print(f"You talk with {name}. An empty line ends it.", file=sys.stderr)
        last: TaskView | None = None
        while said := await terminal.asked("You"):
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
        print(app.mask("\n".join(what_happened(error))), file=sys.stderr)
        return last
    return view


def _next(agent: str, said: str, last: TaskView | None) -> SendRequest:
    """Return the next message: to the task that waits for it, else in the same conversation."""
    if last is None:
        return SendRequest(said, agent, confirmed=True)
    task = last.task_id if last.state in ASKS else None
    return SendRequest(said, agent, task, last.context_id, confirmed=True)
