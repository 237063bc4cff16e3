"""A task asked to stop: by its user, or because nobody waits for it any more.

It is read before, since some servers overwrite the result of a task that has ended (a2a-wire
17.12), and after, since an agent's word alone proves nothing. Sends no messages.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import anyio

from a2a_mcp.a2a.errors import A2AError, AgentUnreachable
from a2a_mcp.a2a.model import JSON, CancelTaskRequest, Task, TaskState
from a2a_mcp.agents.registry import Registry
from a2a_mcp.bridge.read_task import Reader
from a2a_mcp.bridge.task_result import TaskResultBuilder, as_asked
from a2a_mcp.errors import BridgeError
from a2a_mcp.presentation import task_view
from a2a_mcp.presentation.task_view import TaskView
from a2a_mcp.store.base import TaskRecord
from a2a_mcp.tracking.tracked_task import TrackedTask

LAST_READ_SHARE: Final = 0.3
LEAST_SECONDS: Final = 1.0
CALL_OFF_SECONDS: Final = 0.8  # who has given up is not kept: a cancelled call ends within a second


class Canceller:
    """Cancels tasks for the callers of one process."""

    def __init__(self, registry: Registry, reader: Reader, outcomes: TaskResultBuilder) -> None:
        self._registry = registry
        self._reader = reader
        self._outcomes = outcomes

    async def cancel(
        self, owner: str, task_id: str, agent: str | None, reason: str | None
    ) -> TaskView:
        """Ask the agent to stop a task, and say what state it is really in afterwards.

        All of it takes about as long as one call may. Raises both error trees when the task cannot
        be read before.
        """
        began = time.monotonic()
        found = await self._reader.read(owner, task_id, agent)
        if found.task is None and (await self._reader.find(found.record)).task_id:
            found = await self._reader.read(owner, task_id, agent)
        record, task = found.record, found.task
        if task is None:
            raise await self._reader.nameless(record)
        if task.state.terminal:
            ended = f"The task had already ended ({task.state}); nothing was cancelled."
            ended += f" {found.note}" if found.note else ""
            view = task_view.of_task(record.agent, task, note=ended)
            stopped = task.state is TaskState.CANCELED
            return as_asked(view) if stopped else replace(view, failed=False)
        await self._outcomes.ask_stop(record, task.id)
        whole = self._registry.agent(record.agent).limits.call_seconds
        return await self._stop(record, task, reason, began + whole)

    async def _stop(
        self, record: TaskRecord, task: Task, reason: str | None, until: float
    ) -> TaskView:
        """Ask and look, by `until`; a part of the time is kept for the look."""
        left = max(until - time.monotonic(), LEAST_SECONDS)
        metadata: dict[str, JSON] = {"reason": reason} if reason else {}
        refusal: A2AError | None = None
        unread: A2AError | None = None
        after: Task | None = None
        try:
            with in_time(left * (1 - LAST_READ_SHARE)):
                client = await self._registry.connection(record.agent).client(record.interface)
                await client.cancel(CancelTaskRequest(id=task.id, metadata=metadata))
        except A2AError as error:
            refusal = error
        try:
            with in_time(max(until - time.monotonic(), LEAST_SECONDS)):
                found = await self._reader.fetch(record, None)
                record, after = found.record, found.task
        except A2AError as error:
            unread = error
        return self._outcomes.after_cancel(record, after or task, refusal, unread)

    async def call_off(self, follow: TrackedTask) -> None:
        """Cancel the task of a call that its host has given up, where `on_cancel` wants that.

        Runs in a cancelled call, so it is shielded, and bounded; what goes wrong changes nothing.
        A host that goes away has given nothing up: its follows are released by then.
        """
        if self._registry.agent(follow.agent).on_cancel != "cancel" or follow.has_result:
            return
        with (
            anyio.move_on_after(CALL_OFF_SECONDS, shield=True),
            contextlib.suppress(A2AError, BridgeError),
        ):
            record = follow.record if follow.task else follow.continued
            record = record or await self._reader.find(follow.record)
            task_id = follow.task.id if follow.task else record.task_id
            if task_id:
                await self._outcomes.ask_stop(record, task_id)
                client = await self._registry.connection(follow.agent).client(record.interface)
                await client.cancel(CancelTaskRequest(id=task_id))


@contextlib.contextmanager
def in_time(seconds: float) -> Iterator[None]:
    """Bound a call to an agent; raises AgentUnreachable."""
    try:
        with anyio.fail_after(seconds):
            yield
    except TimeoutError:
        raise AgentUnreachable(f"no answer within {seconds:.3g} s") from None
