"""One followed message: the state of what is known, and the calls that wait for it.

It is the only writer of the state. It reads nothing from an agent itself (`streaming` and `polling`
do), and writes nothing to the store.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import anyio

from a2a_mcp.a2a.model import Message, TaskStatus
from a2a_mcp.store.base import TaskRecord
from a2a_mcp.tracking.happenings import Closed, Happening, Heard, Passed, Read
from a2a_mcp.tracking.knowledge import Knowledge
from a2a_mcp.tracking.listener import Hear, Listener
from a2a_mcp.tracking.news import as_told, concerns
from a2a_mcp.tracking.origin import Origin
from a2a_mcp.tracking.phases import Error, Sent, is_closing
from a2a_mcp.tracking.state import advance
from a2a_mcp.tracking.tail import Tail, UpdateMemory
from a2a_mcp.tracking.waiters import Waiters

if TYPE_CHECKING:
    from a2a_mcp.a2a.client import A2AClient


AWAITED_SECONDS: Final = 5.0
"""The longest pause between two reads of a task that a call waits for."""


class TrackedTask(Knowledge):
    """What is known of one followed message or task; `happened` is the only way to change it.

    `past` is the status that the task had when a message was sent to it: until it changes, what
    comes back is not the answer. `memory` holds the updates of all tasks.
    """

    def __init__(
        self,
        record: TaskRecord,
        past: TaskStatus | None = None,
        origin: Origin | None = None,
        memory: UpdateMemory | None = None,
    ) -> None:
        super().__init__(record, origin or Origin(), Sent(past=past))
        self.scope = anyio.CancelScope()
        self._tail = Tail(memory or UpdateMemory())
        self._waiters = Waiters()
        self._forgotten = False
        self._hinted = anyio.Event()
        self._pause = anyio.CancelScope()

    @classmethod
    def answered(cls, record: TaskRecord, message: Message) -> TrackedTask:
        """Return the tracked task of an answer without a task, which has ended."""
        tracked = cls(record)
        tracked.happened(Heard(message))
        tracked.happened(Closed())
        return tracked

    @classmethod
    def failed(cls, record: TaskRecord, error: Error) -> TrackedTask:
        """Return the tracked task of a message that could not be followed."""
        tracked = cls(record)
        tracked.happened(Closed(error))
        return tracked

    def happened(self, happening: Happening) -> None:
        """Take a happening in; call `tell` once what must not be lost is written down."""
        before, now = self._state, time.monotonic()
        self._state = advance(before, happening)
        if isinstance(happening, Heard | Read) and concerns(before, happening.event):
            self._tail.add(as_told(before, happening.event))
            self._times = self._times.heard_at(now)
        self._times = self._times.closing_at(now, closes=is_closing(self._state))

    def tell(self) -> None:
        """Wake the waiting calls, if there is something for them."""
        self._waiters.wake(has_result=self.has_result)

    def known_as(self, record: TaskRecord) -> None:
        """Take over the record as the store has it now."""
        self._record = record

    def reached_over(self, client: A2AClient) -> None:
        """Note the client through which the agent is called."""
        self._client = client

    def forget_updates(self) -> None:
        """Let the updates go as soon as no call waits: no further call finds the task here."""
        self._forgotten = True
        self._clear_if_forgotten()

    def _clear_if_forgotten(self) -> None:
        if self._forgotten and not self.awaited:
            self._tail.clear()

    def pass_by(self, stop: TaskStatus | None) -> None:
        """Wait for what comes after a stop that has been dealt with, such as a sign-in."""
        if stop:
            self.happened(Passed(stop))

    def looked(self) -> None:
        """Note that the task is read beside its silent stream, so that it is not read again now."""
        self._times = self._times.heard_at(time.monotonic())

    def hint(self) -> None:
        """End the pause before the next read: another process has seen the task stop."""
        self._hinted.set()

    async def pause(self, seconds: float) -> None:
        """Let `seconds` pass before the next read, fewer after a hint or while a call waits."""
        if self.awaited:
            seconds = min(seconds, AWAITED_SECONDS)
        with anyio.move_on_after(seconds) as self._pause:
            await self._hinted.wait()
        self._hinted = anyio.Event()  # a hint during the read asks for one more

    @property
    def count(self) -> int:
        """Return how many events have come."""
        return self._tail.count

    @property
    def awaited(self) -> bool:
        """Return whether a call waits for it."""
        return bool(self._waiters)

    async def unawaited(self, seconds: float) -> None:
        """Let `seconds` pass as long as no call waits for it."""
        with anyio.move_on_after(seconds):
            await self._waiters.wanted()

    async def first_word(self, seconds: float) -> None:
        """Wait until anything is known, at most `seconds`."""
        if self._has_word():
            return
        with self._waiters.waiting(every_step=True), anyio.move_on_after(seconds):
            while not self._has_word():
                await self._waiters.change()

    def _has_word(self) -> bool:
        return self.task is not None or self.has_result

    async def wait(self, seconds: float, notice: Hear | None = None, *, joins: bool = False) -> int:
        """Wait for a result, at most `seconds`; `notice` gets each event and may end the wait.

        A call that `joins` hears the task as it is, and then what is new. Return how many events
        were not kept until they could be told.
        """
        listener = Listener(self._tail, notice)
        self._pause.deadline = min(self._pause.deadline, anyio.current_time() + AWAITED_SECONDS)
        try:
            with self._waiters.waiting(every_step=notice is not None), anyio.move_on_after(seconds):
                await self._tell_until_result(listener, joins=joins)
        finally:
            self._clear_if_forgotten()
        return listener.missed

    async def _tell_until_result(self, listener: Listener, *, joins: bool) -> None:
        if joins and self.task and await listener.join(as_told(self._state, self.task)):
            return
        while True:
            has_result = self.has_result
            if await listener.catch_up() or has_result:
                return
            if not (listener.is_behind or self.has_result):
                await self._waiters.change()
