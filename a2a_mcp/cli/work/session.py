"""What a command needs that sends or reads tasks: the same app as the server's, without a host.

It uses the task map of the state folder, so that hosts and commands see the same tasks.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio

from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.cli.exit_codes import FAILED
from a2a_mcp.cli.startup import Started
from a2a_mcp.errors import BridgeError
from a2a_mcp.server.app import App
from a2a_mcp.server.composition import compose
from a2a_mcp.telemetry.calls import begin_call

Work = Callable[[App], Awaitable[int]]


def run_with_app(started: Started, work: Work) -> int:
    """Do the work with the app; return its exit code. Raises A2AError, BridgeError, OSError."""
    code, error = anyio.run(_run, started, work)
    if error:
        raise error
    return code


async def _run(started: Started, work: Work) -> tuple[int, Exception | None]:
    """Return the exit code, or the error; one raised in a task group would come in a group."""
    begin_call()
    async with anyio.create_task_group() as group:
        composition = compose(
            started.config,
            started.state_folder,
            group,
            reloader=started.reloader,
            closing=None,
            local=True,
        )
        try:
            return await work(composition.app), None
        except (A2AError, BridgeError, BrokenPipeError) as error:
            return FAILED, error
        finally:
            group.cancel_scope.cancel()
            await composition.aclose()
    raise AssertionError("the group raises or the block returns")
