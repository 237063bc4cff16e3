"""Cancel a task: for its caller, or because the host has given up the call that waits for it.

The task is read before, because some agents overwrite the result of a task that has ended. It is
read again afterwards, because an agent's reply alone proves nothing. No message is sent from here.
"""

from __future__ import annotations

import contextlib
from typing import Final

import anyio

from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.a2a.model import JSON, Task
from a2a_mcp.a2a.requests import CancelTaskRequest
from a2a_mcp.agents.registry import Registry
from a2a_mcp.bridge.deadlines import call_within
from a2a_mcp.bridge.read_task import Reader
from a2a_mcp.bridge.reading import Reading
from a2a_mcp.bridge.task_result import CancelOutcome, TaskResultBuilder, cancellation_key
from a2a_mcp.errors import BridgeError
from a2a_mcp.presentation.task_view import TaskView
from a2a_mcp.store.base import TaskRecord, TaskStore
from a2a_mcp.tracking.tracked_task import TrackedTask

LAST_READ_SHARE: Final = 0.3
LEAST_SECONDS: Final = 1.0
CALL_OFF_SECONDS: Final = 0.8  # a call that the host has given up must end within a second


class Canceller:
    """Cancels tasks for the callers of one process."""

    def __init__(
        self, registry: Registry, tasks: TaskStore, reader: Reader, builder: TaskResultBuilder
    ) -> None:
        self._registry = registry
        self._tasks = tasks
        self._reader = reader
        self._builder = builder

    async def cancel(
        self, owner: str, task_id: str, agent: str | None, reason: str | None
    ) -> TaskView:
        """Ask the agent to cancel a task, and return the task in its state afterwards.

        It takes about as long as one call to the agent may take. Raises A2AError and BridgeError
        when the task cannot be read before.
        """
        began = anyio.current_time()
        found = await self._read_before(owner, task_id, agent)
        record, task = found.record, found.task
        if self._registry.shows(record.agent):  # what was begun may also be ended
            self._registry.check_change(record.agent)
        if task is None:
            raise await self._reader.explain_no_task(record)
        if task.state.terminal:
            return self._builder.build_for_ended_before(record, task, found.note)
        await self._record_wish(record, task.id)
        deadline = began + self._registry.agent(record.agent).limits.call_seconds
        refusal = await self._ask_agent(record, task.id, reason, deadline)
        outcome = await self._read_after(record, task, refusal, deadline)
        return self._builder.build_for_cancelled(outcome)

    async def _read_before(self, owner: str, task_id: str, agent: str | None) -> Reading:
        """Read a task; if its agent has not named it here, look for its id first."""
        found = await self._reader.read(owner, task_id, agent)
        if found.task is None and (await self._reader.find_task_id(found.record)).task_id:
            return await self._reader.read(owner, task_id, agent)
        return found

    async def _record_wish(self, record: TaskRecord, task_id: str) -> None:
        """Record, before the agent is asked, that the caller wants the task cancelled."""
        await self._tasks.claim(cancellation_key(record, task_id))

    async def _ask_agent(
        self, record: TaskRecord, task_id: str, reason: str | None, deadline: float
    ) -> A2AError | None:
        """Ask the agent to cancel; return the error with which that failed.

        A share of the time until `deadline` is left for reading the task afterwards.
        """
        seconds = _seconds_until(deadline) * (1 - LAST_READ_SHARE)
        metadata: dict[str, JSON] = {"reason": reason} if reason else {}
        try:
            with call_within(seconds):
                await self._request_cancel(record, CancelTaskRequest(id=task_id, metadata=metadata))
        except A2AError as error:
            return error
        return None

    async def _request_cancel(self, record: TaskRecord, request: CancelTaskRequest) -> None:
        client = await self._registry.connection_of(record).client(record.interface)
        await client.cancel(request)

    async def _read_after(
        self, record: TaskRecord, before: Task, refusal: A2AError | None, deadline: float
    ) -> CancelOutcome:
        try:
            with call_within(_seconds_until(deadline)):
                found = await self._reader.fetch(record, None)
        except A2AError as error:
            return CancelOutcome(record, before, refusal, unread=error)
        return CancelOutcome(found.record, found.task or before, refusal)

    async def call_off(self, tracked: TrackedTask) -> None:
        """Cancel the task of a call that its host has given up, if `on_cancel` says so.

        It runs in a cancelled call, so it is shielded and bounded; its failures are ignored. A host
        that closes the connection has given nothing up: by then the waiting calls were released.
        """
        if self._registry.agent(tracked.agent).on_cancel != "cancel" or tracked.has_result:
            return
        with (
            anyio.move_on_after(CALL_OFF_SECONDS, shield=True),
            contextlib.suppress(A2AError, BridgeError),
        ):
            await self._cancel_tracked(tracked)

    async def _cancel_tracked(self, tracked: TrackedTask) -> None:
        record = tracked.record if tracked.task else tracked.continued
        record = record or await self._reader.find_task_id(tracked.record)
        task_id = tracked.task.id if tracked.task else record.task_id
        if task_id:
            await self._record_wish(record, task_id)
            await self._request_cancel(record, CancelTaskRequest(id=task_id))


def _seconds_until(deadline: float) -> float:
    return max(deadline - anyio.current_time(), LEAST_SECONDS)
