"""`a2a-mcp check --deep`: a harmless message to each agent, over the way that a host's would take.

Only this shows whether an agent takes messages: its card is what it says of itself.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.bridge.send import SendRequest
from a2a_mcp.cli.exit_codes import DONE
from a2a_mcp.cli.failures import message_of, step_of
from a2a_mcp.cli.startup import Started
from a2a_mcp.cli.work.answers import Answer
from a2a_mcp.cli.work.session import run_with_app
from a2a_mcp.errors import BridgeError
from a2a_mcp.server.app import App
from a2a_mcp.server.caller import owner

MESSAGE: Final = "Hello! This only checks the connection. Please answer with one word."
WAIT_SECONDS: Final = 20.0


def send_to_each(started: Started, chosen: Sequence[str]) -> dict[str, Answer]:
    """Send the message to each agent, one after the other; return the answers by name."""
    answers: dict[str, Answer] = {}

    async def work(app: App) -> int:
        for name in app.registry.names():
            if not chosen or name in chosen:
                answers[name] = await _send(app, name)
        return DONE

    run_with_app(started, work)
    return answers


async def _send(app: App, name: str) -> Answer:
    request = SendRequest(text=MESSAGE, agent=name, wait_seconds=WAIT_SECONDS, confirmed=True)
    began = time.monotonic()
    try:
        view = await app.bridge.send(owner(), request)
    except (A2AError, BridgeError) as error:
        step = step_of(error)
        problem = app.mask(message_of(error))
        return Answer(name, is_good=False, problem=problem, step=step and app.mask(step))
    took = round(1000 * (time.monotonic() - began))
    return Answer(name, not view.failed, view.state or "a message", took)
