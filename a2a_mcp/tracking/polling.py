"""A task read again and again until it stops, as one policy says.

Reads may be repeated, so an error of a read is only final after many others in a row, or when it
says that the task is gone. It sends no messages and opens no streams.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import anyio

from a2a_mcp.a2a.errors import (
    A2AError,
    AgentError,
    AgentUnreachable,
    AuthenticationRequired,
    TaskNotFound,
)
from a2a_mcp.a2a.requests import GetTaskRequest
from a2a_mcp.tracking.happenings import Heard, Read, ReadFailed, Settled, Unfounded
from a2a_mcp.tracking.pauses import jittered
from a2a_mcp.tracking.recovery import can_find, find_task
from a2a_mcp.tracking.sameness import is_unchanged
from a2a_mcp.tracking.tracked_task import TrackedTask

if TYPE_CHECKING:
    from a2a_mcp.a2a.client import A2AClient
    from a2a_mcp.agents.connection import Connection
    from a2a_mcp.tracking.hooks import Hooks

POLL_HISTORY: Final = 10
SERVER_FAULT: Final = 500
MOST_POLLED: Final = 100
"""Tasks that are polled at the same time; a read costs about as much as a call."""

Receive = Callable[[TrackedTask, Sequence[Heard | Read | Unfounded]], Awaitable[bool]]
"""Takes what an agent said of a task; returns whether its last word was among that."""

Pause = Callable[[float], Awaitable[None]]
"""Waits so many seconds before the next read, more or less."""


@dataclass(frozen=True, slots=True)
class Polling:
    """When a task is read again; times are seconds.

    A task is given up after `failures` failed reads in a row; `refused` reads show whether an agent
    that answered a message with an error has moved its task after all. A task stands still after
    `still_reads` that show nothing new, over `still` first delays. `search` are the pauses, in
    first delays, before a lost task is looked for again.
    """

    first_delay: float = 0.5
    growth: float = 1.5
    longest_delay: float = 10.0
    failures: int = 5
    refused: int = 3
    still_reads: int = 3
    still: float = 12.0
    search: tuple[float, ...] = (1.0, 4.0)

    @property
    def still_seconds(self) -> float:
        """Return the seconds after which a task stands still."""
        return self.still * self.first_delay

    def delays(self) -> Iterator[float]:
        """Return the pauses before each read, without end."""
        delay = self.first_delay
        while True:
            yield jittered(delay)
            delay = min(delay * self.growth, self.longest_delay)


DEFAULT: Final = Polling()


class Stillness:
    """Notices that a task stands still: several reads over some seconds show nothing new."""

    def __init__(self, policy: Polling) -> None:
        self._policy = policy
        self._begin()

    def lasts(self, *, changed: bool) -> bool:
        """Take a read in; return whether the task stands still, after which it begins again."""
        self._reads += 1
        seconds = time.monotonic() - self._began
        enough = self._reads >= self._policy.still_reads
        lasts = not changed and enough and seconds >= self._policy.still_seconds
        if changed or lasts:
            self._begin()
        return lasts

    def _begin(self) -> None:
        self._began, self._reads = time.monotonic(), 0


class TaskPoller:
    """Reads tasks; `receive` takes what was read before the next read.

    With `hooks`, agents that can are asked to say when a task moves, and it is read then.
    """

    def __init__(self, receive: Receive, policy: Polling, hooks: Hooks | None = None) -> None:
        self._receive = receive
        self._hooks = hooks
        self._polled = 0
        self.policy = policy

    async def read(self, tracked: TrackedTask, client: A2AClient, *, beside: bool = False) -> None:
        """Read the task once, perhaps `beside` an open stream; raises A2AError."""
        if tracked.task_id:
            await self._read(tracked, client, tracked.task_id, beside=beside)

    async def look(self, tracked: TrackedTask, client: A2AClient, *, beside: bool = False) -> None:
        """Read a task of which nothing was heard for long; raises A2AError."""
        if not await self._changes(tracked, client, beside=beside):
            _settle(tracked)

    async def read_named(self, tracked: TrackedTask, client: A2AClient) -> None:
        """Read the task that a message named; where the agent has none, that is the answer."""
        if tracked.task or not tracked.task_id:
            return
        try:
            await self.read(tracked, client)
        except AgentError as error:
            if error.code is not None or (error.status or 0) < SERVER_FAULT:
                await self._receive(tracked, [Unfounded()])
        except A2AError:
            pass  # it is read again

    async def read_end(self, tracked: TrackedTask, client: A2AClient) -> None:
        """Read a task whose end is known and whose text is in doubt."""
        if not tracked.over or tracked.has_result:
            return
        try:
            await self.read(tracked, client)
        except A2AError as error:
            tracked.happened(ReadFailed(error))

    async def to_stop(
        self, tracked: TrackedTask, client: A2AClient, connection: Connection
    ) -> None:
        """Read the task until it stops; raises A2AError when it is gone or cannot be read.

        Where too many are polled already, the task is left as it is, to be swept.
        """
        if not self.has_room:
            return
        self._polled += 1
        try:
            if self._hooks and self._hooks.suit(connection, client):
                async with self._hooks.of(tracked, client) as hook:
                    await self._poll(tracked, client, hook.pause)
            else:
                await self._poll(tracked, client, tracked.pause)
        finally:
            self._polled -= 1

    @property
    def polled(self) -> int:
        """Return how many tasks are polled now."""
        return self._polled

    @property
    def has_room(self) -> bool:
        """Return whether one more task can be polled."""
        return self._polled < MOST_POLLED

    def is_told(self, tracked: TrackedTask) -> bool:
        """Return whether a task is left alone until its agent says that it has moved."""
        return self._hooks is not None and self._hooks.covers(tracked)

    def hint(self, tracked: TrackedTask) -> None:
        """End the pause before the next read: another process has seen the task stop."""
        tracked.hint()
        if self._hooks:
            self._hooks.hint(tracked)

    async def _poll(self, tracked: TrackedTask, client: A2AClient, pause: Pause) -> None:
        failures, still = 0, Stillness(self.policy)
        for reads, delay in enumerate(self.policy.delays()):
            if tracked.at_rest or (reads >= self.policy.refused and tracked.unanswered):
                return
            await pause(delay)
            try:
                changed = await self._changes(tracked, client)
                failures = 0
                if still.lasts(changed=changed):
                    _settle(tracked)
            except (TaskNotFound, AuthenticationRequired):
                raise
            except A2AError as error:
                failures += 1
                tracked.happened(ReadFailed(error))
                if failures >= self.policy.failures:
                    raise

    async def _changes(
        self, tracked: TrackedTask, client: A2AClient, *, beside: bool = False
    ) -> bool:
        """Read the task once; return whether that shows anything new."""
        before = tracked.task
        await self.read(tracked, client, beside=beside)
        after = tracked.task
        return before is None or after is None or not is_unchanged(after, before)

    async def find(self, tracked: TrackedTask, error: A2AError) -> None:
        """Look for the task of a message whose delivery is unknown, as far as its agent can tell.

        An agent that did not answer may still be at the beginning, so it is asked again.
        """
        client = tracked.client
        if client is None or not can_find(client, tracked.record, tracked.continued):
            return
        pauses = () if isinstance(error, AgentError) else self.policy.search
        for pause in (0.0, *pauses):
            await anyio.sleep(pause * self.policy.first_delay)
            try:
                if await self._found(tracked, client):
                    return
            except AgentUnreachable:
                continue
            except A2AError:
                return

    async def _found(self, tracked: TrackedTask, client: A2AClient) -> bool:
        """Return whether the agent has the task of the message, which is read then."""
        found = await find_task(client, tracked.record, tracked.continued)
        if found:
            await self._read(tracked, client, found.id)
        return found is not None

    async def _read(
        self, tracked: TrackedTask, client: A2AClient, task_id: str, *, beside: bool = False
    ) -> None:
        task = await client.get(GetTaskRequest(id=task_id, history_length=POLL_HISTORY))
        await self._receive(tracked, [Read(task, beside=beside)])


def _settle(tracked: TrackedTask) -> None:
    tracked.happened(Settled())
    tracked.tell()
