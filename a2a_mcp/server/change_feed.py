"""Who listens to resources, and what they have not been told yet: that something changed.

A change says where, never what: whoever hears of it reads. Nothing is done for a change that nobody
listens to. Changes are gathered: at most five messages a second for one address, and the last one
is never lost. Who may listen to what is decided before (see `listening`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final

import anyio
from anyio.abc import TaskGroup
from mcp.server.subscriptions import ResourcesListChanged, ResourceUpdated, ServerEvent

from a2a_mcp.a2a.model import Task, TaskState
from a2a_mcp.agents.registry import Registry
from a2a_mcp.presentation import resource_uris
from a2a_mcp.store.base import TaskRecord

MOST_STREAMS: Final = 128  # of one caller; a host opens four when it starts (mcp-server 10.20)
MOST_STATES: Final = 1_000
GATHER_SECONDS: Final = 0.2
LOOK_SECONDS: Final = 1.0  # as often as the configuration is looked at

Send = Callable[[ServerEvent], Awaitable[None]]


class Stream:
    """What one listener wants to hear, and what it has not been told yet."""

    def __init__(self, *, list_changes: bool = False) -> None:
        self._list_changes = list_changes
        self._wanted: dict[str, set[str]] = {}  # the address of a task, agent or list -> as asked
        self._seen: dict[str, Task | None] = {}
        self._states: dict[str, TaskState] = {}
        self._untold: dict[ServerEvent, None] = {}
        self._news = anyio.Event()
        self._closed = anyio.Event()

    @property
    def size(self) -> int:
        """How many addresses are wanted."""
        return sum(map(len, self._wanted.values()))

    def want(self, uri: str) -> None:
        """Add an address; an artifact changes with its task."""
        self._wanted.setdefault(uri.partition("/artifacts/")[0], set()).add(uri)

    def drop(self, uri: str) -> None:
        """Take an address away."""
        self._wanted.get(uri.partition("/artifacts/")[0], set()).discard(uri)

    def close(self) -> None:
        """Let it end, when it has told what it knows."""
        self._closed.set()
        self._news.set()

    def note(self, record: TaskRecord, task: Task | None) -> None:
        """Take notice of a task that was seen; only what differs from before is news."""
        if self._wanted.get(resource_uris.TASKS) and task:
            if self._states.get(task.id) is not task.state:
                self._tell(resource_uris.TASKS)
            if len(self._states) >= MOST_STATES:
                self._states.clear()
            self._states[task.id] = task.state
        for task_id in {task.id if task else record.task_id, record.handle} - {None}:
            uri = resource_uris.of_task(record.agent, task_id or "")
            if uri in self._wanted and (task is None or self._seen.get(uri) != task):
                self._seen[uri] = task
                self._tell(uri)

    def _tell(self, *places: str) -> None:
        for place in places:
            for uri in self._wanted.get(place, ()):
                self._untold[ResourceUpdated(uri)] = None
        if self._untold:
            self._news.set()

    async def serve(self, registry: Registry, send: Send) -> None:
        """Tell what is new until closed."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._watch_agents, registry)
            ended = False
            while not ended:
                await self._news.wait()
                self._news, ended = anyio.Event(), self._closed.is_set()
                untold, self._untold = self._untold, {}
                for event in untold:
                    await send(event)
                with anyio.move_on_after(GATHER_SECONDS):
                    await self._closed.wait()
            group.cancel_scope.cancel()

    async def _watch_agents(self, registry: Registry) -> None:
        """Look whether the configuration has changed, as long as somebody wants to know."""
        config = registry.config
        while True:
            await anyio.sleep(LOOK_SECONDS)
            if not self._list_changes and not any(map(_is_agents, self._wanted)):
                continue
            registry.refresh()
            if registry.config is config:
                continue
            before, config = config.agents, registry.config
            if self._list_changes:
                self._untold[ResourcesListChanged()] = None
            names = {*before, *config.agents}
            changed = [name for name in names if before.get(name) != config.agents.get(name)]
            self._tell(resource_uris.AGENTS, *map(resource_uris.of_agent, changed))


def _is_agents(uri: str) -> bool:
    return uri.startswith(resource_uris.AGENTS)


class Streams:
    """The streams of all callers of one process; `group` is the lifespan's task group."""

    def __init__(self, group: TaskGroup) -> None:
        self.group = group
        self._by_owner: dict[str, set[Stream]] = {}

    def note(self, record: TaskRecord, task: Task | None) -> None:
        """Take notice of a task that was seen."""
        for stream in self._by_owner.get(record.owner, ()):
            stream.note(record, task)

    def close(self) -> None:
        """End all streams in an orderly way: the process is about to end."""
        for streams in self._by_owner.values():
            for stream in streams:
                stream.close()

    def full(self, owner: str) -> bool:
        """Whether an owner has as many streams as one may have."""
        return len(self._by_owner.get(owner, ())) >= MOST_STREAMS

    @contextmanager
    def joined(self, owner: str, stream: Stream) -> Iterator[None]:
        """Let a stream hear of what its owner's tasks do."""
        streams = self._by_owner.setdefault(owner, set())
        streams.add(stream)
        try:
            yield
        finally:
            streams.discard(stream)
