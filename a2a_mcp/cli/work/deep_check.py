"""`a2a-mcp check --deep`: a harmless message to each agent, over the way that a host's would take.

Only this shows whether an agent takes messages: its card is what it says of itself.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.bridge.send import SendRequest
from a2a_mcp.cli.exit_codes import DONE, FAILED
from a2a_mcp.cli.startup import Started
from a2a_mcp.cli.work.session import run_with_app
from a2a_mcp.errors import BridgeError
from a2a_mcp.server.app import App
from a2a_mcp.server.caller import owner

MESSAGE: Final = "Hello! This only checks the connection. Please answer with one word."
WAIT_SECONDS: Final = 20.0


def send_to_each(started: Started, chosen: Sequence[str]) -> int:
    """Send the message and print what comes; return the exit code."""

    async def work(app: App) -> int:
        names = [name for name in app.registry.names() if not chosen or name in chosen]
        answered = [await _send(app, name) for name in names]
        return DONE if all(answered) else FAILED

    return run_with_app(started, work)


async def _send(app: App, name: str) -> bool:
    """Return whether an agent took the message."""
    request = SendRequest(text=MESSAGE, agent=name, wait_seconds=WAIT_SECONDS, confirmed=True)
    began = time.monotonic()
    try:
        view = await app.bridge.send(owner(), request)
    except (A2AError, BridgeError) as error:
        print(app.mask(f"{name} did not answer a message: {error.message}"))
        return False
    took = round(1000 * (time.monotonic() - began))
    print(f"{name} answered a message within {took} ms: {view.state or 'a message'}")
    return not view.failed
