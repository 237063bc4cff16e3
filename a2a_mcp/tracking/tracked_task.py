"""What is known of one followed message or task, and those who wait for it.

It folds in what comes, tells whether there is something to answer with, and keeps time; it reads
nothing itself (see `follower`). No MCP, and no words for a model.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Final

import anyio

from a2a_mcp.a2a.errors import A2AError, AgentError
from a2a_mcp.a2a.model import Message, StreamEvent, Task, TaskState, TaskStatus
from a2a_mcp.a2a.updates import apply, belongs
from a2a_mcp.errors import BridgeError
from a2a_mcp.store.base import TaskRecord

if TYPE_CHECKING:
    from a2a_mcp.a2a.client import A2AClient

LONGEST_SECONDS: Final = 3600.0
KEPT_EVENTS: Final = 256

Hear = Callable[[StreamEvent], Awaitable[bool]]
"""Takes an event; answers whether enough was heard."""


class TrackedTask:
    """What is known of one followed message or task.

    `before` is the status that the task had when a message was sent to it: until it changes, what
    comes back is not the answer (agents-in-the-wild 17). `own_context` is a name that we gave the
    conversation.
    """

    def __init__(self, agent: str, record: TaskRecord, before: TaskStatus | None = None) -> None:
        self.agent = agent
        self.record = record
        self.task: Task | None = None
        self.message: Message | None = None
        self.error: A2AError | BridgeError | None = None
        self.ended = False
        self.continued: TaskRecord | None = None
        self.own_context: str | None = None
        self._broken_at: Task | None = None
        self._unread_since_break = False
        self._joined_late = False
        self.lost: A2AError | None = None
        self.events: deque[StreamEvent] = deque(maxlen=KEPT_EVENTS)
        self.count = 0
        self.scope = anyio.CancelScope()
        self.client: A2AClient | None = None
        self.released = False
        self._unread = False
        self._refusal: A2AError | None = None
        self._heard = time.monotonic()
        self._before = before
        self._began = time.monotonic()
        self._over_since: float | None = None
        self._changed: anyio.Event | None = None
        self._listening = 0  # how many want to hear of every step, and not only of the end
        self._waiting = 0

    @classmethod
    def answered(cls, record: TaskRecord, message: Message) -> TrackedTask:
        """Make the follow of an answer without a task, which is over."""
        follow = cls(record.agent, record)
        follow.absorb(message)
        follow.ended = True
        return follow

    @property
    def has_result(self) -> bool:
        """Whether there is something to answer with: a stop, a message, an error."""
        if self.message is not None or self.ended or self.released:
            return True
        if self.task is None or self._unread:
            return False
        return self.task.state.stop and not self.stale(self.task)

    @property
    def broken_off(self) -> bool:
        """Whether the agent broke its answer off and nothing has moved since."""
        task, then = self.task, self._broken_at
        if task is None or then is None or task.state.stop:
            return False
        return (task.status, task.artifacts) == (then.status, then.artifacts)

    def untold_context(self, *, delivered: bool = True) -> str | None:
        """Empty, to be written over the name of ours for a conversation that its agent never heard.

        A message may go out over another interface than the one that the name was made for.
        """
        if self.own_context is None or self.record.context_id != self.own_context:
            return None
        told = self.client is None or self.client.interface.takes_contexts
        return None if told and delivered else ""

    @property
    def lost_before_task(self) -> bool:
        """Whether nothing is known of the message, and nothing more will come here."""
        return self.ended and self.task is None and self.message is None

    @property
    def over(self) -> bool:
        """Whether the agent has said its last word."""
        return self.message is not None or bool(self.task and self.task.state.terminal)

    def absorb(self, event: StreamEvent) -> None:
        """Fold an event in; events of other tasks are passed over (a2a-wire 11.4).

        So are those of a task whose end was read already: what they tell is in it.
        """
        if not belongs(self.task, event):
            return
        if self._joined_late and self.over and not isinstance(event, Task):
            return
        if isinstance(event, Message):
            self.message = event
        else:
            self.task = apply(self.task, event)
            if self._unread_since_break:  # what was said but did not arrive is no sign of life
                self._broken_at, self._unread_since_break = self.task, False
        self.lost = None
        self._unread = self._leaves_to_be_read(event)
        self._heard = time.monotonic()
        self.events.append(self._as_news(event))
        self.count += 1
        if not self._closing():
            self._over_since = None
        elif self._over_since is None:
            self._over_since = time.monotonic()

    def broke_off(self, error: A2AError) -> None:
        """Note that the agent's stream broke, and where."""
        self._broken_at, self._unread_since_break, self.lost = self.task, True, error

    def met_with(self, error: A2AError) -> None:
        """Note the error with which the agent answered the message."""
        self.error = self._refusal = error

    def found_again(self) -> None:
        """Note that the agent speaks of its task again, live."""
        self._broken_at, self._unread_since_break = None, False
        self._joined_late = True

    def tell(self) -> None:
        """Wake whoever waits, if there is something for them."""
        if self._changed and (self._listening or self.has_result):
            self._changed.set()
            self._changed = None

    @property
    def awaited(self) -> bool:
        """Whether a call waits for it."""
        return self._waiting > 0

    @contextlib.contextmanager
    def _hearing(self, every_step: bool = True) -> Iterator[None]:
        self._waiting += 1
        self._listening += every_step
        try:
            yield
        finally:
            self._waiting -= 1
            self._listening -= every_step

    async def _change(self) -> None:
        if self._changed is None:
            self._changed = anyio.Event()
        await self._changed.wait()

    async def wait(
        self,
        seconds: float,
        notice: Hear | None = None,
        *,
        joins: bool = False,
    ) -> int:
        """Wait until it is settled, at most `seconds`; `notice` gets each event and may end it.

        Who `joins` hears the task as it is, and then what is new. Gives how many events came too
        fast to be told.
        """
        seen, missed = self.count - len(self.events), 0
        with self._hearing(notice is not None), anyio.move_on_after(seconds):
            if joins and self.task:
                seen = self.count
                if notice and await notice(self._as_news(self.task)):
                    return missed
            while True:
                has_result = self.has_result
                new = min(self.count - seen, len(self.events))
                missed += self.count - seen - new
                seen = self.count
                if await _told(list(self.events)[-new:] if new else [], notice) or has_result:
                    return missed
                if self.count == seen and not self.has_result:  # nothing came while it was told
                    await self._change()
        return missed

    def _closing(self) -> bool:
        """Whether nothing more is to come: some agents keep their streams open at a question."""
        return self.over or bool(
            self.task and self.task.state is TaskState.INPUT_REQUIRED and not self.awaiting_reaction
        )

    def _leaves_to_be_read(self, event: StreamEvent) -> bool:
        """Whether the task ended on a stream whose words are in doubt.

        It carried none (FastA2A: a2a-wire 16), or pieces of it may have been in the whole task
        with which it began: then the agent's own store is right.
        """
        if isinstance(event, Task) or self.task is None or not self.task.state.terminal:
            return False
        return self._joined_late or not said_anything(self.task)

    def pass_by(self, stop: TaskStatus | None) -> None:
        """Wait for what comes after a stop that has been dealt with, such as a sign-in."""
        self._before = stop or self._before

    def read_once(self) -> None:
        """Note that the finished task was read, or cannot be."""
        self._unread = False

    def looked(self) -> None:
        """Note that the task is read beside its stream, which may tell the same once more."""
        self._heard = time.monotonic()
        self._joined_late = True

    def idle(self, now: float, seconds: float) -> bool:
        """Whether the agent has been silent on a task that is not at a new stop."""
        running = self.task is not None and not self.task.state.stop
        return (running or self.awaiting_reaction) and now - self._heard > seconds

    def overdue(self, now: float, drain_seconds: float) -> bool:
        """Whether reading has gone on too long, or long after the agent's last word."""
        if self._over_since is not None:
            return now - self._over_since > drain_seconds
        return now - self._began > LONGEST_SECONDS

    async def first_word(self, seconds: float) -> None:
        """Wait until anything is known, at most `seconds`."""
        if self.task is not None or self.has_result:
            return
        with self._hearing(), anyio.move_on_after(seconds):
            while self.task is None and not self.has_result:
                await self._change()

    @property
    def awaiting_reaction(self) -> bool:
        """Whether the agent has not reacted yet to a message sent to its task."""
        return self.task is not None and self.stale(self.task)

    @property
    def waits(self) -> bool:
        """Whether the message is under way, and the agent has not reacted to it yet."""
        return not (self.has_result or self.error) and (self.task is None or self.awaiting_reaction)

    @property
    def unanswered(self) -> bool:
        """Whether the agent itself answered with an error, and its task stands as before.

        A gateway's error is none of its own: it gives up while the agent works. Nor is that of a
        subscription an answer.
        """
        own = isinstance(self._refusal, AgentError) and self._refusal.code is not None
        return own and self.awaiting_reaction

    def _as_news(self, event: StreamEvent) -> StreamEvent:
        """Give an event as it is told: who has answered a question does not hear it again."""
        if not (isinstance(event, Task) and event.state.stop and self.stale(event)):
            return event
        return at_work(event)

    def stale(self, task: Task) -> bool:
        """Whether a task stands as it did before the message."""
        return self._before is not None and _is_still(task.status, self._before)


def _is_still(status: TaskStatus, before: TaskStatus) -> bool:
    """Whether nothing was said since; a2a-sdk 1.x takes a question away when its answer comes."""
    if status.message is None:
        return (status.state, status.timestamp) == (before.state, before.timestamp)
    return status == before


async def _told(events: list[StreamEvent], hear: Hear | None) -> bool:
    """Tell of events in order; gives whether enough was heard."""
    for event in events if hear else []:
        if hear and await hear(event):
            return True
    return False


def at_work(task: Task) -> Task:
    """Give a task whose question is answered: it asks nothing any more."""
    return task.model_copy(update={"status": TaskStatus(state=TaskState.WORKING)})


def said_anything(task: Task) -> bool:
    """Whether a task carries words or results (FastA2A streams neither: a2a-wire 16)."""
    return bool(task.artifacts or (task.status.message and task.status.message.parts))
