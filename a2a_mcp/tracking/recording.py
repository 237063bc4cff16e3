"""What the store must know of a tracked task: its id, its conversation, and where it stops.

Steps between two stops are not written, since each costs a write. It reads nothing from an agent.
"""

from __future__ import annotations

from typing import Final

import anyio

from a2a_mcp.a2a.errors import A2AError, Delivery, InvalidAgentResponse
from a2a_mcp.a2a.model import StreamEvent, Task, TaskState
from a2a_mcp.errors import StoreUnavailable
from a2a_mcp.store.base import TaskRecord, TaskStore
from a2a_mcp.tracking.tracked_task import TrackedTask

FOREIGN_TASK: Final = "it named a task that is not this caller's, which is not shown"

OWNER_UNKNOWN: Final = (
    "it named a task, and whose it is cannot be seen while this server's database is away"
)

AWAY_PAUSES: Final = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds between the questions to a store that is away: a minute, in which most come back."""


class Recorder:
    """Writes tracked tasks to the store of one process."""

    def __init__(self, tasks: TaskStore) -> None:
        self._tasks = tasks

    async def record(self, tracked: TrackedTask) -> None:
        """Write down what must outlive this process, if there is anything new."""
        task, message = tracked.task, tracked.message
        if message is not None:
            await self._update(tracked, TaskState.COMPLETED, message.context_id)
        elif task and is_news(task, tracked.record):
            await self._update(tracked, task.state, task.context_id, task_id=task.id)

    async def record_failure(self, tracked: TrackedTask, error: A2AError) -> None:
        """Write down that a message has failed, or is lost, before its agent named a task."""
        if tracked.task is not None or tracked.message is not None:
            return
        lost = error.delivery is not Delivery.NEVER
        update = await self._tasks.update(
            tracked.record,
            state=TaskState.UNKNOWN if lost else TaskState.FAILED,
            context_id=tracked.untold_context(delivered=lost),
        )
        tracked.known_as(update)

    async def refuse_foreign(self, record: TaskRecord, event: StreamEvent) -> None:
        """Reject a reply that names another owner's active task; raises InvalidAgentResponse.

        Ended ids may be reused: some agents restart their counter.
        """
        named = event.id if isinstance(event, Task) else event.task_id
        if named is None or named == record.task_id:
            return
        if await self._is_foreign(record, named):
            raise InvalidAgentResponse(FOREIGN_TASK, delivery=Delivery.UNKNOWN)

    async def _is_foreign(self, record: TaskRecord, task_id: str) -> bool:
        """Return whether another owner has a task; a store that is away is asked again.

        The message has left, and its answer would be lost with a database that only restarts.
        """
        for pause in (*AWAY_PAUSES, None):
            try:
                return await self._tasks.held_by_other(
                    record.owner, record.agent, task_id, active_only=True
                )
            except StoreUnavailable:
                if pause is not None:
                    await anyio.sleep(pause)
        raise InvalidAgentResponse(OWNER_UNKNOWN, delivery=Delivery.UNKNOWN)

    async def _update(
        self,
        tracked: TrackedTask,
        state: TaskState,
        context_id: str | None,
        task_id: str | None = None,
    ) -> None:
        update = await self._tasks.update(
            tracked.record,
            task_id=task_id,
            context_id=context_id or tracked.untold_context(),
            state=state,
            interface=tracked.client.interface_key if tracked.client else None,
        )
        tracked.known_as(update)


def is_news(task: Task, record: TaskRecord) -> bool:
    """Return whether the store does not know a task's id, or not where it has stopped."""
    return task.id != record.task_id or (task.state.stop and task.state != record.state)
