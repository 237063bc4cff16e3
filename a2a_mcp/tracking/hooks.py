"""Tasks whose agent says when they move, so that they need not be polled often.

What an agent posts is never believed: it only makes this process read the task now. Until a post
has come, a task is polled as any other; afterwards it is still read now and then, because an agent
may forget to post. Agents that stream are not asked to post: their streams say the same sooner, and
a2a-sdk waits for the answer to each post.

A post may reach another process of the same state folder than the one that follows the task. So
each process notes in the store which posts it has had, and looks there for those of the others.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import anyio

from a2a_mcp.a2a.requests import Operation
from a2a_mcp.agents.origins import agent_url
from a2a_mcp.errors import StoreUnavailable
from a2a_mcp.store.base import TaskStore
from a2a_mcp.text.urls import is_private_place
from a2a_mcp.tracking.hook import Hook
from a2a_mcp.tracking.hook_addresses import Addresses
from a2a_mcp.tracking.tracked_task import TrackedTask

if TYPE_CHECKING:
    from a2a_mcp.a2a.client import A2AClient
    from a2a_mcp.agents.connection import Connection

EXCHANGE_SECONDS: Final = 0.5
"""How often the processes of a folder tell each other; nothing is asked while no task is open."""

MOST_HEARD: Final = 10_000
"""Tasks whose posts wait to be told to other processes; more come only from a flood."""


class Hooks:
    """The tasks of one process that are polled and whose agents can post."""

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses
        self._open: dict[TrackedTask, Hook] = {}
        self._heard: set[str] = set()
        self._process = uuid4().hex
        self._wanted = anyio.Event()

    def suit(self, connection: Connection, client: A2AClient) -> bool:
        """Return whether an agent posts, to where this process is, and does not stream."""
        found = connection.found
        if found is None or not client.interface.dialect.has(Operation.CREATE_PUSH_CONFIG):
            return False
        can = found.card.capabilities
        if can.streaming or not can.push_notifications:
            return False
        outside = not is_private_place(agent_url(connection.config, found))
        return not (outside and is_private_place(self._addresses.url))

    @asynccontextmanager
    async def of(self, tracked: TrackedTask, client: A2AClient) -> AsyncIterator[Hook]:
        """Hear of a task as long as the block lasts; its agent then need not post any more."""
        hook = Hook(tracked, client, self._addresses)
        self._open[tracked] = hook
        self._wanted.set()
        try:
            yield hook
            if not self._shared(hook):
                await hook.remove()
        finally:
            del self._open[tracked]

    def _shared(self, hook: Hook) -> bool:
        """Return whether another message to the same task is followed."""
        return any(other.name == hook.name for other in self._open.values() if other is not hook)

    def covers(self, tracked: TrackedTask) -> bool:
        """Return whether a task is left alone until its agent says that it has moved."""
        hook = self._open.get(tracked)
        return hook is not None and hook.rests

    def hint(self, tracked: TrackedTask) -> None:
        """Let a task be read whose agent may not have posted yet: it has stopped."""
        if hook := self._open.get(tracked):
            hook.hint()

    def takes(self, name: str, token: str) -> bool:
        """Return whether a post has the token of its address; any process may follow the task."""
        return self._addresses.fits(name, token)

    def heard(self, name: str) -> None:
        """Note that a post has come: its task is read, here or by the process that follows it."""
        self._wake({name})
        if len(self._heard) < MOST_HEARD:
            self._heard.add(name)
            self._wanted.set()

    def _wake(self, names: Collection[str]) -> None:
        for hook in self._open.values():
            if hook.name in names:
                hook.wake()

    async def exchange(self, tasks: TaskStore) -> None:
        """Share with other processes which posts came, in both directions, until cancelled."""
        position: int | None = None
        while True:
            await self._wanted.wait()
            heard, self._heard = self._heard, set()
            try:
                others, position = await tasks.exchange_posts(self._process, heard, position)
            except StoreUnavailable:
                self._heard |= heard
            else:
                self._wake(others)
            await anyio.sleep(EXCHANGE_SECONDS)
            if not (self._open or self._heard):
                self._wanted = anyio.Event()
