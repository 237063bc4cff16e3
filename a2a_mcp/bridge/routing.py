"""Which agent and which task a caller means (DESIGN 4, Choosing the agent). Never a guess.

It asks the map and the registry, sends nothing, and answers a task of another owner exactly as it
answers a task that nobody has.
"""

from __future__ import annotations

from dataclasses import dataclass

from a2a_mcp.a2a.ids import LONGEST_ID_BYTES, is_usable_id
from a2a_mcp.a2a.model import TaskState
from a2a_mcp.agents.registry import Registry
from a2a_mcp.errors import AmbiguousTask, NotAllowed, UnknownTask
from a2a_mcp.store.base import Records, TaskRecord, TaskStore


@dataclass(frozen=True, slots=True)
class Route:
    """Where a message goes.

    `record` is the task that it continues, if any; `waiting` the conversation's latest task where
    that waits for an answer.
    """

    agent: str
    record: TaskRecord | None = None
    context_id: str | None = None
    interface: str | None = None
    waiting: str | None = None


class Router:
    """Finds routes for the callers of one process."""

    def __init__(self, registry: Registry, tasks: TaskStore) -> None:
        self._registry = registry
        self._tasks = tasks

    async def task(self, owner: str, task_id: str, agent: str | None) -> TaskRecord:
        """Find a task that is known here; raises UnknownTask, AmbiguousTask, UnknownAgent."""
        name = self._registry.resolve(agent) if agent else None
        records = await self._tasks.find(owner, checked(task_id), name)
        if len(records) > 1:
            names = ", ".join(record.agent for record in records)
            raise AmbiguousTask(
                f"More than one agent has a task {task_id!r}.",
                f"Call again with agent= one of: {names}.",
                task_id=task_id,
            )
        if not records:
            raise unknown_task(task_id, name)
        return records[0]

    async def message(
        self, owner: str, agent: str | None, task_id: str | None, context_id: str | None
    ) -> Route:
        """Find where a message goes: by task, by context, by name, or to the only agent."""
        if task_id:
            record = await self.task(owner, task_id, agent)
            if context_id and record.context_id and context_id != record.context_id:
                raise NotAllowed(
                    f"The task {task_id!r} belongs to the context {record.context_id!r}, "
                    f"not to {context_id!r}.",
                    "Leave context_id out, or leave task_id out to begin a new task.",
                    agent=record.agent,
                    task_id=task_id,
                )
            context_id = record.context_id or context_id
            return Route(record.agent, record, context_id, record.interface)
        if context_id:
            return await self._context(owner, agent, checked(context_id))
        return Route(self._registry.resolve(agent))

    async def _context(self, owner: str, agent: str | None, context_id: str) -> Route:
        name = self._registry.resolve(agent) if agent else None
        records = await self._tasks.find_context(owner, context_id)
        agents = list(dict.fromkeys(record.agent for record in records))
        if name is None and len(agents) == 1:
            name = agents[0]
        if name in agents:
            own = [record for record in records if record.agent == name]
            last = latest(own)
            asks = last.task_id if last and last.state is TaskState.INPUT_REQUIRED else None
            return Route(name, None, context_id, own[0].interface, asks)
        if agents and name:
            raise NotAllowed(
                f"The context {context_id!r} belongs to the agent {agents[0]!r}, not to {name!r}.",
                "Leave context_id out to begin a new conversation with this agent.",
                agent=name,
                context_id=context_id,
            )
        if agents:
            raise AmbiguousTask(
                f"More than one agent has a conversation {context_id!r}.",
                f"Call again with agent= one of: {', '.join(agents)}.",
                context_id=context_id,
            )
        if name is None or await self._tasks.context_held_by_other(owner, name, context_id):
            raise UnknownTask(
                f"No conversation with context_id {context_id!r} is known.",
                "Leave context_id out to begin a new one, or name its agent with agent=.",
                context_id=context_id,
            )
        return Route(name, None, context_id)


def latest(records: Records) -> TaskRecord | None:
    """Give the task of a conversation that was begun last."""
    tasks = [record for record in records if record.task_id]
    return max(tasks, key=lambda record: record.key, default=None)


def checked(identifier: str) -> str:
    """Return the id that a caller gave; raises NotAllowed for one that no agent could have made."""
    if not is_usable_id(identifier):
        raise NotAllowed(
            f"That is no id: it is longer than {LONGEST_ID_BYTES} bytes, or not Unicode.",
            "Give the id exactly as it was returned.",
        )
    return identifier


def unknown_task(task_id: str, agent: str | None = None) -> UnknownTask:
    """Make the error for an id that is not known, or is another caller's."""
    where = f" at {agent}" if agent else ""
    return UnknownTask(
        f"No task {task_id!r} is known{where}.",
        "Check the id with list_tasks; for a task that was not started here, name its agent "
        "with agent=."
        if agent is None
        else "Check the id with list_tasks.",
        agent=agent,
        task_id=task_id,
    )
