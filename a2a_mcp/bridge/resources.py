"""What the `a2a://` addresses hold: list them, complete them, read them.

A caller sees its own tasks only: a task of another owner looks like an unknown one, and no agent is
asked about a task that the caller has no row for. A followed task is shown as it was last reported;
its agent is asked only where no stream reads it. Every listed address can be read, also when an
agent is gone. No MCP type enters.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final

from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.a2a.model import Artifact
from a2a_mcp.agents.registry import Registry
from a2a_mcp.bridge.last_seen import as_last_seen
from a2a_mcp.bridge.service import Bridge
from a2a_mcp.errors import BridgeError
from a2a_mcp.presentation import message_artifacts, resource_uris
from a2a_mcp.presentation.artifact_request import find_artifact
from a2a_mcp.presentation.task_view import TaskView
from a2a_mcp.store.base import TaskRecord
from a2a_mcp.text.times import rfc3339
from a2a_mcp.text.untrusted import scrub, scrub_line

PAGE: Final = 50
RECENT_TASKS: Final = 100  # hosts read the whole list at their start; list_tasks has the rest
MOST_COMPLETIONS: Final = 100  # MCP allows no more


@dataclass(frozen=True, slots=True)
class Entry:
    """An address that can be read, with its name; `changed` is in Unix seconds.

    `title` is the beginning of a task's message.
    """

    uri: str
    name: str
    description: str
    changed: float | None = None
    title: str | None = None


FIXED: Final = (
    Entry(resource_uris.AGENTS, "agents", "The remote agents that can be used"),
    Entry(resource_uris.TASKS, "tasks", "The tasks started here, newest first"),
)


class Browser:
    """Lists, completes and reads addresses for the callers of one process."""

    def __init__(self, registry: Registry, bridge: Bridge) -> None:
        self._registry = registry
        self._bridge = bridge

    async def page(self, owner: str, cursor: str | None) -> tuple[list[Entry], str | None]:
        """Return a page of addresses and the cursor of the next; ValueError for a bad cursor.

        The fixed addresses come first, then the agents, then the caller's latest tasks.
        """
        start = int(cursor) if cursor else 0
        if start < 0:
            raise ValueError("the cursor is not one of this list")
        end = start + PAGE
        await self._registry.discover()
        entries = [*FIXED, *map(self._agent, self._registry.names())]
        if end <= len(entries):  # the tasks, which come from the store, are not needed yet
            return entries[start:end], str(end)
        entries += [_task(record) for record in await self._recent(owner, None)]
        return entries[start:end], str(end) if end < len(entries) else None

    def _agent(self, name: str) -> Entry:
        words = self._registry.agent(name).description or "A remote A2A agent"
        return Entry(resource_uris.of_agent(name), name, words)

    async def _recent(self, owner: str, agent: str | None) -> list[TaskRecord]:
        records, _ = await self._bridge.tasks.list(owner, agent=agent, limit=RECENT_TASKS)
        return [record for record in records if record.task_id or record.handle]

    async def agents(self, beginning: str) -> list[str]:
        """Return the names of agents that start with `beginning`, in any case."""
        await self._registry.discover()
        wanted = beginning.casefold()
        return [name for name in self._registry.names() if name.casefold().startswith(wanted)]

    async def task_ids(self, owner: str, agent: str | None, beginning: str) -> list[str]:
        """Return the ids of the caller's latest tasks that start with `beginning`, newest first."""
        ids = [record.task_id or record.handle or "" for record in await self._recent(owner, agent)]
        # An id that changes when it is scrubbed could not be used as it is shown.
        return [it for it in ids if it.startswith(beginning) and scrub(it) == it]

    async def find(self, owner: str, agent: str, task_id: str) -> TaskRecord | None:
        """Return the caller's record of a task; None for an unknown one or another owner's."""
        try:
            return await self._bridge.router.find_task(owner, task_id, agent)
        except BridgeError:
            return None

    async def task(
        self,
        owner: str,
        agent: str,
        task_id: str,
        before_asking: Callable[[], Awaitable[None]],
    ) -> TaskView | None:
        """Return a task as it is now, else as last seen; None for one that is not there.

        Raises what `before_asking` raises, before the agent is asked.
        """
        record = await self.find(owner, agent, task_id)
        if record is None:
            return None
        if not self._bridge.is_tracked(record):
            await before_asking()
        return replace(await self._view(owner, record, task_id), title=record.title)

    async def _view(self, owner: str, record: TaskRecord, task_id: str) -> TaskView:
        try:
            live = await self._bridge.view_tracked(record)
            return live or await self._bridge.get(owner, task_id, record.agent)
        except (A2AError, BridgeError) as error:
            return as_last_seen(record, task_id, error)

    async def artifact(
        self, owner: str, agent: str, task_id: str, artifact_id: str
    ) -> Artifact | None:
        """Return a whole artifact; None for one that is not there. Raises A2AError."""
        record = await self.find(owner, agent, task_id)
        if record is None:
            return None
        history = message_artifacts.history_for(artifact_id)
        found = await self._bridge.reader.read(owner, task_id, record.agent, history)
        mask = self._registry.config.secrets.mask
        return find_artifact(found.contents, artifact_id, mask) if found.contents else None


def _task(record: TaskRecord) -> Entry:
    task_id = record.task_id or record.handle or ""
    return Entry(
        resource_uris.of_task(record.agent, task_id),
        f"{record.agent} task {scrub_line(task_id)}",
        f"{record.state}, {rfc3339(record.updated)}",
        record.updated,
        record.title,
    )
