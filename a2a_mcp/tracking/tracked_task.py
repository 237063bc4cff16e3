"""One followed message: the state of what is known, and the calls that wait for it.

It is the only writer of the state. It reads nothing from an agent itself (`streaming` and `polling`
do), and writes nothing to the store.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import anyio

from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.a2a.model import Message, Task, TaskStatus
from a2a_mcp.store.base import TaskRecord
from a2a_mcp.tracking.happenings import Closed, Happening, Heard, Passed, Read
from a2a_mcp.tracking.listener import Hear, Listener
from a2a_mcp.tracking.news import as_told, concerns
from a2a_mcp.tracking.origin import Origin
from a2a_mcp.tracking.phases import (
    Ended,
    Error,
    Lost,
    Running,
    Sent,
    State,
    awaits_reaction,
    id_of,
    is_at_rest,
    is_broken_off,
    is_closing,
    is_in_doubt,
    is_past,
    is_unanswered,
    is_under_way,
)
from a2a_mcp.tracking.state import advance
from a2a_mcp.tracking.tail import Tail, UpdateMemory
from a2a_mcp.tracking.times import Times
from a2a_mcp.tracking.waiters import Waiters

if TYPE_CHECKING:
    from a2a_mcp.a2a.client import A2AClient


class TrackedTask:
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
        now = time.monotonic()
        self.scope = anyio.CancelScope()
        self._record = record
        self._origin = origin or Origin()
        self._client: A2AClient | None = None
        self._state: State = Sent(past=past)
        self._times = Times(now, now)
        self._tail = Tail(memory or UpdateMemory())
        self._waiters = Waiters()
        self._forgotten = False

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

    @property
    def agent(self) -> str:
        """Return the agent's name."""
        return self._record.agent

    @property
    def record(self) -> TaskRecord:
        """Return the record of the message in the store."""
        return self._record

    @property
    def client(self) -> A2AClient | None:
        """Return the client through which the agent was called last."""
        return self._client

    @property
    def continued(self) -> TaskRecord | None:
        """Return the record of the task that the message was sent to."""
        return self._origin.continued

    @property
    def count(self) -> int:
        """Return how many events have come."""
        return self._tail.count

    @property
    def task(self) -> Task | None:
        """Return the task as it is known."""
        return self._state.task

    @property
    def task_id(self) -> str | None:
        """Return the id of the task, or the one that a message of the agent named."""
        return id_of(self._state)

    @property
    def message(self) -> Message | None:
        """Return the answer of an agent that made no task."""
        return self._state.message if isinstance(self._state, Ended) else None

    @property
    def error(self) -> Error | None:
        """Return the error that ended the reading, or with which the agent answered."""
        return self._state.error

    @property
    def lost(self) -> A2AError | None:
        """Return the error for which nothing is heard of a running task just now."""
        return self._state.contact if isinstance(self._state, Running | Lost) else None

    @property
    def has_result(self) -> bool:
        """Return whether there is something to answer with: a stop, a message, an error."""
        return self._state.has_result

    @property
    def at_rest(self) -> bool:
        """Return whether the task is read no more, because it has a result."""
        return is_at_rest(self._state)

    @property
    def ended(self) -> bool:
        """Return whether this process no longer reads the task."""
        return self._state.closed

    @property
    def goes_on(self) -> bool:
        """Return whether there is a task that is at work, as far as is known here."""
        at_work = isinstance(self._state, Running) and not self._state.released
        return at_work and not self.unanswered

    @property
    def over(self) -> bool:
        """Return whether the agent has said its last word."""
        return isinstance(self._state, Ended)

    @property
    def lost_before_task(self) -> bool:
        """Return whether nothing is known of the message, and nothing more will come here."""
        return isinstance(self._state, Lost) and self.task is None

    @property
    def awaiting_reaction(self) -> bool:
        """Return whether the agent has not reacted yet to a message sent to its task."""
        return awaits_reaction(self._state)

    @property
    def waits(self) -> bool:
        """Return whether the message is under way, and the agent has not reacted to it yet."""
        return is_under_way(self._state)

    @property
    def unanswered(self) -> bool:
        """Return whether the agent itself refused the message and its task stands as before."""
        return is_unanswered(self._state)

    @property
    def broken_off(self) -> bool:
        """Return whether the agent broke its answer off and nothing has moved since."""
        return is_broken_off(self._state)

    @property
    def in_doubt(self) -> bool:
        """Return whether the task shows an answered question that may be asked once more."""
        return is_in_doubt(self._state)

    @property
    def awaited(self) -> bool:
        """Return whether a call waits for it."""
        return bool(self._waiters)

    def stale(self, task: Task) -> bool:
        """Return whether a task stands as it did before the message."""
        return is_past(self._state, task)

    def untold_context(self, *, delivered: bool = True) -> str | None:
        """Return an empty name where the agent never heard our name for the conversation.

        It is written over that name in the store. A message may go out over another interface than
        the one that the name was made for.
        """
        own = self._origin.own_context
        if own is None or self._record.context_id != own:
            return None
        told = self._client is None or self._client.interface.takes_contexts
        return None if told and delivered else ""

    def idle(self, now: float, seconds: float) -> bool:
        """Return whether the agent has said nothing of a running task for `seconds`."""
        return isinstance(self._state, Running) and self._times.idle(now, seconds)

    def overdue(self, now: float, drain_seconds: float) -> bool:
        """Return whether reading has gone on too long, or long after the agent's last word."""
        return self._times.overdue(now, drain_seconds)

    def older_than(self, seconds: float) -> bool:
        """Return whether the task has been read for more than `seconds`."""
        return time.monotonic() - self._times.began > seconds

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
