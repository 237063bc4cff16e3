"""A task whose id was lost, found again at its agent by the message that began it.

Only A2A 1.0 lists tasks (section 3.1.4), and only those of a conversation whose name is known here.
It reads and never sends. Lists leave results out, so the task that is found must still be read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from a2a_mcp.a2a.model import Task
from a2a_mcp.a2a.requests import GetTaskRequest, ListTasksRequest, Operation

if TYPE_CHECKING:
    from a2a_mcp.a2a.client import A2AClient
    from a2a_mcp.store.base import TaskRecord

PAGE_SIZE: Final = 50
MOST_PAGES: Final = 4
HISTORY: Final = 20


def can_find(client: A2AClient, record: TaskRecord, continued: TaskRecord | None = None) -> bool:
    """Return whether an agent can be asked for the task of a message."""
    if continued and continued.task_id:
        return True
    listed = client.interface.dialect.has(Operation.LIST_TASKS)
    return listed and bool(record.context_id and record.message_id)


async def find_task(
    client: A2AClient, record: TaskRecord, continued: TaskRecord | None = None
) -> Task | None:
    """Return the task whose history holds the message of `record`; None when there is none.

    `continued` is the task that the message was sent to, if it was. Raises A2AError.
    """
    if not can_find(client, record, continued):
        return None
    if continued and continued.task_id:
        wanted = GetTaskRequest(id=continued.task_id, history_length=HISTORY)
        return _holding(record.message_id, (await client.get(wanted),))
    token: str | None = None
    for _ in range(MOST_PAGES):
        page = await client.list(
            ListTasksRequest(context_id=record.context_id, page_size=PAGE_SIZE, page_token=token)
        )
        found = _holding(record.message_id, page.tasks)
        token = page.next_page_token
        if found or not token:
            return found
    return None


def _holding(message_id: str, tasks: tuple[Task, ...]) -> Task | None:
    for task in tasks:
        if any(message.message_id == message_id for message in task.history):
            return task
    return None
