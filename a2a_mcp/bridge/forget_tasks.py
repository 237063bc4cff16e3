"""Forget tasks that have ended: their rows, their kept results and their saved files.

No agent is contacted, and what an agent keeps of a task stays there.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from a2a_mcp.a2a.model import TERMINAL, TaskState
from a2a_mcp.agents.registry import Registry
from a2a_mcp.bridge.artifact_files import ArtifactFiles
from a2a_mcp.bridge.routing import Router
from a2a_mcp.errors import AgentDisabled, NotAllowed, UnknownAgent
from a2a_mcp.presentation import forget_sentences
from a2a_mcp.store.base import Records, TaskRecord, TaskStore
from a2a_mcp.store.results import ResultStore

AT_ONCE: Final = 500


class Forgetter:
    """Forgets tasks for the person at this machine."""

    def __init__(
        self, registry: Registry, tasks: TaskStore, results: ResultStore, files: ArtifactFiles
    ) -> None:
        self._registry = registry
        self._tasks = tasks
        self._results = results
        self._files = files

    async def forget(self, owner: str, task_id: str, agent: str | None) -> TaskRecord:
        """Forget one task; return what was known of it.

        Raises BridgeError, also for a task that has not ended.
        """
        record = await Router(self._registry, self._tasks).find_task(owner, task_id, agent)
        if await self._may_move(record):
            why = forget_sentences.not_ended(task_id, record.agent, record.state)
            raise _refusal(why, forget_sentences.CANCEL_FIRST, record, task_id)
        if not await self.forget_as_it_is(record):
            why = forget_sentences.changed(task_id, record.agent)
            raise _refusal(why, forget_sentences.TRY_AGAIN, record, task_id)
        return record

    async def ended(self, owner: str, agent: str | None) -> Records:
        """Return the tasks of an owner that have ended, or those of one agent, configured or not.

        Raises BridgeError.
        """
        with suppress(UnknownAgent, AgentDisabled):
            agent = self._registry.resolve(agent, owner) if agent else None
        found: Records = []
        for state in sorted(TERMINAL):
            found += await self._in_state(owner, agent, state)
        return found

    async def forget_as_it_is(self, record: TaskRecord) -> bool:
        """Forget a task that is still in this state; return False where it is not.

        The row goes first: from then on no process takes the task up again. Raises BridgeError.
        """
        if not await self._tasks.forget(record):
            return False
        try:
            await self._results.forget(record)
            await self._files.forget(record)
        except OSError as fault:
            task_id, file = record.result_id, f"{fault.filename}: {fault.strerror}"
            why = forget_sentences.files_stay(task_id, record.agent, file)
            raise _refusal(why, forget_sentences.REMOVE_BY_HAND, record, task_id) from fault
        return True

    async def _in_state(self, owner: str, agent: str | None, state: TaskState) -> Records:
        found, cursor = await self._tasks.list(owner, agent=agent, state=state, limit=AT_ONCE)
        while cursor is not None:
            page, cursor = await self._tasks.list(
                owner, agent=agent, state=state, limit=AT_ONCE, cursor=cursor
            )
            found += page
        return found

    async def _may_move(self, record: TaskRecord) -> bool:
        """Return whether a task is open, at an agent that the configuration still has."""
        if record.state.terminal or record.state is TaskState.UNKNOWN:
            return False
        await self._registry.discover()
        catalogue = record.agent.partition("/")[0]
        return any(map(self._registry.is_taken, (record.agent, catalogue)))


def _refusal(why: str, step: str, record: TaskRecord, task_id: str) -> NotAllowed:
    step = step.format(task=task_id)
    return NotAllowed(why, step, agent=record.agent, task_id=task_id)
