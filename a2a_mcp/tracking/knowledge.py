"""What is known of one followed message, and what follows from it: questions and answers.

Nothing changes here; `tracked_task` takes in what happens.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.a2a.model import Message, Task
from a2a_mcp.store.base import TaskRecord
from a2a_mcp.tracking.origin import Origin
from a2a_mcp.tracking.phases import (
    Ended,
    Error,
    Lost,
    Running,
    State,
    awaits_reaction,
    id_of,
    is_at_rest,
    is_broken_off,
    is_in_doubt,
    is_past,
    is_unanswered,
    is_under_way,
)
from a2a_mcp.tracking.times import Times

if TYPE_CHECKING:
    from a2a_mcp.a2a.client import A2AClient


class Knowledge:
    """The record of a message, the phase it is in, and when it was heard of."""

    def __init__(self, record: TaskRecord, origin: Origin, state: State) -> None:
        now = time.monotonic()
        self._record = record
        self._origin = origin
        self._client: A2AClient | None = None
        self._state = state
        self._times = Times(now, now)

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
