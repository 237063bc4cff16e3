"""Contacts an agent and asks it something: a card only says what an agent speaks and asks for.

The question is a read, for a task that is not there, so nothing changes at the agent.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from a2a_mcp.a2a.client import A2AClient
from a2a_mcp.a2a.errors import (
    A2AError,
    AgentError,
    AuthenticationRequired,
    InvalidAgentResponse,
    MethodNotFound,
    TaskNotFound,
    VersionNotSupported,
)
from a2a_mcp.a2a.interfaces import Interface
from a2a_mcp.a2a.requests import GetTaskRequest
from a2a_mcp.agents.connection import Connection
from a2a_mcp.cli.advice import Failure
from a2a_mcp.errors import BridgeError, CredentialUnavailable

NO_TASK: Final = "00000000-0000-4000-8000-000000000000"
NOBODY_THERE: Final = frozenset({404, 405, 415, 501})
"""Statuses by which a server says that it has no agent at an address."""

WEB_PAGE: Final = "text/html"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of contacting one agent: why it failed, or over what it answered how soon."""

    failure: Failure | None
    card_milliseconds: int
    answered_over: Interface | None = None
    milliseconds: int = 0


async def contact(connection: Connection) -> Outcome:
    """Fetch the card of an agent, then ask the agent itself."""
    began = prepared = time.monotonic()
    try:
        await connection.prepare()
        prepared = time.monotonic()
        connection.refuse_unmet()
        answered_over = await _ask(connection)
    except (A2AError, BridgeError) as error:
        if isinstance(error, A2AError | CredentialUnavailable):
            connection.failed(error)
        return Outcome(error, _milliseconds(began, prepared))
    took = _milliseconds(prepared, time.monotonic())
    return Outcome(None, _milliseconds(began, prepared), answered_over, took)


def _milliseconds(began: float, ended: float) -> int:
    return round(1000 * (ended - began))


async def _ask(connection: Connection) -> Interface:
    """Return the interface over which the agent answers; raises A2AError where it refuses all."""
    refusal: AgentError | None = None
    spoken: Interface | None = None
    for client in await connection.clients():
        error = await _refusal(client)
        if error is None:
            return client.interface
        if isinstance(error, MethodNotFound):
            spoken = spoken or client.interface  # it speaks this, and keeps no tasks
        refusal = refusal or error
    if spoken is None:
        raise refusal or InvalidAgentResponse("the agent has no interface")
    return spoken


async def _refusal(client: A2AClient) -> AgentError | None:
    """Return why an interface cannot be used, if another may be; raises A2AError for all else.

    An agent that reports an error of its own has read the question: that is an answer.
    """
    try:
        await client.get(GetTaskRequest(id=NO_TASK))
    except AuthenticationRequired:
        raise
    except AgentError as error:
        return error if _is_not_spoken(error) else None
    except InvalidAgentResponse as error:
        if WEB_PAGE in error.message:
            raise
    return None


def _is_not_spoken(error: AgentError) -> bool:
    if isinstance(error, TaskNotFound):
        return False
    if isinstance(error, MethodNotFound | VersionNotSupported):
        return True
    return error.code is None and error.status in NOBODY_THERE
