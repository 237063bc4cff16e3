"""Which agent and which task a caller means. It never guesses.

It looks into the task store and the registry only, and sends nothing. A task of another owner gets
the same error as a task that does not exist.
"""

from __future__ import annotations

from dataclasses import dataclass

from a2a_mcp.a2a.ids import LONGEST_ID_BYTES, is_usable_id
from a2a_mcp.a2a.model import TaskState
from a2a_mcp.agents.registry import Registry
from a2a_mcp.errors import AmbiguousTask, NotAllowed, UnknownTask
from a2a_mcp.presentation import sentences
from a2a_mcp.store.base import Records, TaskRecord, TaskStore


@dataclass(frozen=True, slots=True)
class Route:
    """Where a message goes.

    `record` is the task that it continues, if any. `waiting_task_id` is the latest task of the
    conversation, if that task waits for an answer.
    """

    agent: str
    record: TaskRecord | None = None
    context_id: str | None = None
    interface: str | None = None
    waiting_task_id: str | None = None


class Router:
    """Finds routes for the callers of one process."""

    def __init__(self, registry: Registry, tasks: TaskStore) -> None:
        self._registry = registry
        self._tasks = tasks

    async def find_task(self, owner: str, task_id: str, agent: str | None) -> TaskRecord:
        """Return the owner's record of a task.

        Raises NotAllowed, UnknownTask, AmbiguousTask and UnknownAgent.
        """
        name = self._registry.resolve(agent, owner) if agent else None
        records = await self._tasks.find(owner, checked_id(task_id), name)
        if not records:
            raise unknown_task(task_id, name)
        if len(records) > 1:
            raise AmbiguousTask(
                sentences.TASK_AT_MANY_AGENTS.format(task_id=task_id),
                _name_one_of([record.agent for record in records]),
                task_id=task_id,
            )
        return records[0]

    async def route(
        self, owner: str, agent: str | None, task_id: str | None, context_id: str | None
    ) -> Route:
        """Return where a message goes: by its task, its context, its agent, or the only agent.

        Raises what `find_task` raises, and AmbiguousAgent.
        """
        if task_id:
            return await self._route_to_task(owner, agent, task_id, context_id)
        if context_id:
            return await self._route_to_context(owner, agent, checked_id(context_id))
        return Route(self._registry.resolve(agent, owner))

    async def _route_to_task(
        self, owner: str, agent: str | None, task_id: str, context_id: str | None
    ) -> Route:
        record = await self.find_task(owner, task_id, agent)
        own_context = record.context_id
        if context_id and own_context and context_id != own_context:
            raise NotAllowed(
                sentences.TASK_OF_OTHER_CONTEXT.format(
                    task_id=task_id, own=own_context, named=context_id
                ),
                sentences.TASK_OF_OTHER_CONTEXT_NEXT,
                agent=record.agent,
                task_id=task_id,
            )
        return Route(record.agent, record, own_context or context_id, record.interface)

    async def _route_to_context(self, owner: str, agent: str | None, context_id: str) -> Route:
        name = self._registry.resolve(agent, owner) if agent else None
        records = await self._tasks.find_context(owner, context_id)
        if not records:
            return await self._route_to_new_context(owner, name, context_id)
        name = name or _only_agent(records, context_id)
        own = [record for record in records if record.agent == name]
        if not own:
            raise _context_of_other_agent(context_id, records[0].agent, name)
        return Route(name, None, context_id, own[0].interface, _waiting_task_id(own))

    async def _route_to_new_context(self, owner: str, name: str | None, context_id: str) -> Route:
        """Let a caller name a new conversation, unless another owner has it."""
        if name is None or await self._tasks.context_held_by_other(owner, name, context_id):
            raise UnknownTask(
                sentences.UNKNOWN_CONTEXT.format(context_id=context_id),
                sentences.UNKNOWN_CONTEXT_NEXT,
                context_id=context_id,
            )
        return Route(name, None, context_id)


def _only_agent(records: Records, context_id: str) -> str:
    """Return the agent of a conversation; raises AmbiguousTask where several have one."""
    agents = list(dict.fromkeys(record.agent for record in records))
    if len(agents) > 1:
        raise AmbiguousTask(
            sentences.CONTEXT_AT_MANY_AGENTS.format(context_id=context_id),
            _name_one_of(agents),
            context_id=context_id,
        )
    return agents[0]


def _name_one_of(agents: list[str]) -> str:
    return sentences.NAME_ONE_AGENT_NEXT.format(agents=", ".join(agents))


def _context_of_other_agent(context_id: str, own: str, named: str) -> NotAllowed:
    return NotAllowed(
        sentences.CONTEXT_OF_OTHER_AGENT.format(context_id=context_id, own=own, named=named),
        sentences.CONTEXT_OF_OTHER_AGENT_NEXT,
        agent=named,
        context_id=context_id,
    )


def _waiting_task_id(records: Records) -> str | None:
    """Return the latest task of a conversation, if it waits for an answer."""
    last = latest_task(records)
    if last and last.state is TaskState.INPUT_REQUIRED:
        return last.task_id
    return None


def latest_task(records: Records) -> TaskRecord | None:
    """Return the task of a conversation that was started last."""
    tasks = [record for record in records if record.task_id]
    return max(tasks, key=lambda record: record.key, default=None)


def checked_id(identifier: str) -> str:
    """Return the id that a caller gave; raises NotAllowed for one that no agent could have made."""
    if not is_usable_id(identifier):
        raise NotAllowed(
            sentences.BAD_ID.format(most=LONGEST_ID_BYTES),
            sentences.BAD_ID_NEXT,
        )
    return identifier


def unknown_task(task_id: str, agent: str | None = None) -> UnknownTask:
    """Return the error for an id that is not known, or that belongs to another owner."""
    if agent is None:
        return UnknownTask(
            sentences.UNKNOWN_TASK.format(task_id=task_id),
            sentences.UNKNOWN_TASK_NEXT,
            task_id=task_id,
        )
    return UnknownTask(
        sentences.UNKNOWN_TASK_AT.format(task_id=task_id, agent=agent),
        sentences.UNKNOWN_TASK_AT_NEXT,
        agent=agent,
        task_id=task_id,
    )


def known_elsewhere(records: Records, error: UnknownTask) -> UnknownTask:
    """Return an error that also says at which agents the caller's task is known."""
    agents = ", ".join(dict.fromkeys(record.agent for record in records))
    step = sentences.KNOWN_ELSEWHERE_NEXT.format(agents=agents)
    return UnknownTask(error.message, step, agent=error.agent, task_id=error.task_id)
