"""The streams by which clients hear that a resource has changed.

A notification names the address, never the content: the client reads it again. A change that nobody
listens to costs nothing. At most five notifications a second are sent for one address, and the last
change is never lost. `resources.subscriptions` decides who may listen to what.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final

import anyio
from anyio.abc import TaskGroup
from mcp.server.subscriptions import (
    ResourcesListChanged,
    ResourceUpdated,
    ServerEvent,
    ToolsListChanged,
)

from a2a_mcp.a2a.model import Task, TaskState
from a2a_mcp.agents.registry import Registry
from a2a_mcp.config.agent_tables import AgentTables
from a2a_mcp.presentation import resource_uris
from a2a_mcp.store.base import TaskRecord

MAX_STREAMS: Final = 128  # per caller; one host opens four when it starts
MAX_STATES: Final = 1_000
GATHER_SECONDS: Final = 0.2
LOOK_SECONDS: Final = 1.0  # between two looks at the configuration

Send = Callable[[ServerEvent], Awaitable[None]]


class Stream:
    """The addresses that one client listens to, and the changes not sent to it yet."""

    def __init__(self, *, list_changes: bool = False, tool_changes: bool = False) -> None:
        self._list_changes = list_changes
        self.tool_changes = tool_changes
        self._wanted: dict[str, set[str]] = {}  # by task, agent or list: as the client wrote it
        self._seen: dict[str, Task | None] = {}
        self._states: dict[str, TaskState] = {}
        self._unsent: dict[ServerEvent, None] = {}
        self._changed = anyio.Event()
        self._closed = anyio.Event()

    @property
    def size(self) -> int:
        """The number of addresses."""
        return sum(map(len, self._wanted.values()))

    def want(self, uri: str) -> None:
        """Add an address; an artifact changes with its task."""
        self._wanted.setdefault(uri.partition("/artifacts/")[0], set()).add(uri)

    def drop(self, uri: str) -> None:
        """Remove an address, and with the last one of a task what was seen of it."""
        changes_with = uri.partition("/artifacts/")[0]
        wanted = self._wanted.get(changes_with, set())
        wanted.discard(uri)
        if not wanted:
            self._wanted.pop(changes_with, None)
            self._seen.pop(changes_with, None)

    def close(self) -> None:
        """End the stream once all known changes are sent."""
        self._closed.set()
        self._changed.set()

    def note_tools(self) -> None:
        """Add a change of the list of tools, if the client listens to it."""
        if self.tool_changes:
            self._unsent[ToolsListChanged()] = None
            self._changed.set()

    def note(self, record: TaskRecord, task: Task | None) -> None:
        """Record a task as it was just seen; a change is sent only if it differs from before."""
        if task:
            self._note_state(task)
        for task_id in {task.id if task else record.task_id, record.handle} - {None}:
            uri = resource_uris.of_task(record.agent, task_id or "")
            if uri in self._wanted and (task is None or self._seen.get(uri) != task):
                self._seen[uri] = task
                self._add_changes(uri)

    def _note_state(self, task: Task) -> None:
        """Add a change of the list of tasks, which shows their states."""
        if not self._wanted.get(resource_uris.TASKS):
            return
        if self._states.get(task.id) is not task.state:
            self._add_changes(resource_uris.TASKS)
        if len(self._states) >= MAX_STATES:
            self._states.clear()
        self._states[task.id] = task.state

    def _add_changes(self, *addresses: str) -> None:
        for address in addresses:
            for uri in self._wanted.get(address, ()):
                self._unsent[ResourceUpdated(uri)] = None
        if self._unsent:
            self._changed.set()

    async def serve(self, registry: Registry, send: Send) -> None:
        """Send changes until the stream is closed."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._watch_agents, registry)
            ended = False
            while not ended:
                await self._changed.wait()
                self._changed, ended = anyio.Event(), self._closed.is_set()
                unsent, self._unsent = self._unsent, {}
                for event in unsent:
                    await send(event)
                with anyio.move_on_after(GATHER_SECONDS):
                    await self._closed.wait()
            group.cancel_scope.cancel()

    async def _watch_agents(self, registry: Registry) -> None:
        """Add a change when the configuration has changed, if the client listens to agents."""
        config = registry.config
        while True:
            await anyio.sleep(LOOK_SECONDS)
            if not self._listens_to_agents():
                continue
            await registry.discover()
            if registry.config is not config:
                before, config = config, registry.config
                self._add_agent_changes(before.agents, config.agents, registry.shows)

    def _listens_to_agents(self) -> bool:
        return self._list_changes or self.tool_changes or any(map(_is_agents, self._wanted))

    def _add_agent_changes(
        self, before: AgentTables, after: AgentTables, shows: Callable[[str], bool]
    ) -> None:
        if self._list_changes:
            self._unsent[ResourcesListChanged()] = None
        changed = [
            name for name in {*before, *after} if shows(name) and before.differs(name, after)
        ]
        self._add_changes(resource_uris.AGENTS, *map(resource_uris.of_agent, changed))


def _is_agents(uri: str) -> bool:
    return uri.startswith(resource_uris.AGENTS)


class Streams:
    """The streams of all callers of one process; `group` is the lifespan's task group."""

    def __init__(self, group: TaskGroup) -> None:
        self.group = group
        self._by_owner: dict[str, set[Stream]] = {}

    def note(self, record: TaskRecord, task: Task | None) -> None:
        """Record a task as it was just seen, for the streams of its owner."""
        for stream in self._by_owner.get(record.owner, ()):
            stream.note(record, task)

    def note_tools(self) -> None:
        """Tell every stream that the list of tools has changed."""
        for streams in self._by_owner.values():
            for stream in streams:
                stream.note_tools()

    def close(self) -> None:
        """End all streams because the process is about to end; known changes are still sent."""
        for streams in self._by_owner.values():
            for stream in streams:
                stream.close()

    def full(self, owner: str) -> bool:
        """Return whether an owner has as many streams as are allowed."""
        return len(self._by_owner.get(owner, ())) >= MAX_STREAMS

    @contextmanager
    def joined(self, owner: str, stream: Stream) -> Iterator[None]:
        """Send changes of the owner's tasks to a stream while the block runs."""
        streams = self._by_owner.setdefault(owner, set())
        streams.add(stream)
        try:
            yield
        finally:
            streams.discard(stream)
            if not streams:
                self._by_owner.pop(owner, None)
