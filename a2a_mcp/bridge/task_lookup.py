"""Ask an agent for one task: by its id, or by the message that began it.

It keeps nothing, and never returns a task that was not asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from a2a_mcp.a2a.errors import AgentError, AuthenticationRequired, InvalidAgentResponse
from a2a_mcp.a2a.model import Task
from a2a_mcp.a2a.requests import GetTaskRequest
from a2a_mcp.store.base import TaskRecord
from a2a_mcp.tracking.recovery import find_task

if TYPE_CHECKING:
    from a2a_mcp.a2a.client import A2AClient

OTHER_TASK: Final = "it showed another task than the one asked for"


async def task_with_id(client: A2AClient, request: GetTaskRequest) -> Task:
    """Return the task that was asked for; raises A2AError, also where another one is shown."""
    task = await client.get(request)
    if task.id != request.id:
        raise InvalidAgentResponse(OTHER_TASK, url=client.interface.place)
    return task


async def task_of_message(client: A2AClient, record: TaskRecord) -> Task | None:
    """Return the task of a message if the agent can list it; raises A2AError."""
    try:
        return await find_task(client, record)
    except AuthenticationRequired:
        raise
    except AgentError:  # the agent cannot list tasks, or not by these parameters
        return None
