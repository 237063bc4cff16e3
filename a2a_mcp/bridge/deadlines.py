"""How long a call may take: what a caller asked for, within what the configuration allows.

It reads no clock but that of a cancel scope, and never decides what happens after a time-out.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Final

import anyio

from a2a_mcp.a2a.errors import AgentUnreachable
from a2a_mcp.agents.registry import Registry

FIRST_WORD_SECONDS: Final = 0.4  # beyond the budget: a real task id is worth more than a handle


def seconds_to_wait(
    registry: Registry, agent: str, asked: float | None, spent: float = 0.0
) -> float:
    """Return the seconds that a call may wait for an agent; `spent` are used up already.

    None asks for the agent's own default, else the server's. The agent's own maximum counts before
    the server's.
    """
    own, server = registry.agent(agent), registry.config.server
    most = _first_set(own.max_wait_seconds, server.max_wait_seconds)
    wanted = _first_set(asked, own.wait_seconds, server.wait_seconds)
    return max(min(wanted, most) - spent, 0)


def _first_set(*values: float | None) -> float:
    return next(value for value in values if value is not None)


@contextlib.contextmanager
def call_within(seconds: float) -> Iterator[None]:
    """Bound a call to an agent; raises AgentUnreachable after that many seconds."""
    try:
        with anyio.fail_after(seconds):
            yield
    except TimeoutError:
        raise AgentUnreachable(f"no answer within {seconds:.3g} s") from None
