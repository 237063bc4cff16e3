"""The phases of a followed message, each with just the facts that it has: frozen values.

They never change: `state.advance` makes the next one from the one before. The functions answer
what callers ask of a phase.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import ClassVar

from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.a2a.model import Message, Task, TaskState, TaskStatus
from a2a_mcp.errors import BridgeError
from a2a_mcp.tracking.replay import Tails

Error = A2AError | BridgeError


class Break(Enum):
    """What was seen of a task since the agent's stream broke."""

    UNREAD = auto()
    UNMOVED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The message is on its way; `past` is the status of its task before the message."""

    past: TaskStatus | None = None
    released: bool = False
    task: ClassVar[Task | None] = None
    error: ClassVar[Error | None] = None
    closed: ClassVar[bool] = False

    @property
    def has_result(self) -> bool:
        """Return whether those who wait can go."""
        return self.released


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A task is at work; `late` when what its stream says may have been read already."""

    task: Task
    past: TaskStatus | None = None
    error: Error | None = None
    refused: bool = False
    contact: A2AError | None = None
    broken: Break | None = None
    late: bool = False
    tails: Tails = ()
    released: bool = False
    closed: ClassVar[bool] = False

    @property
    def has_result(self) -> bool:
        """Return whether those who wait can go."""
        return self.released


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """The task has stopped at a new question or sign-in; `closed` when it is read no more."""

    task: Task
    past: TaskStatus | None = None
    error: Error | None = None
    refused: bool = False
    late: bool = False
    tails: Tails = ()
    released: bool = False
    closed: bool = False
    has_result: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The agent has said its last word; `unread` while its text is in doubt."""

    task: Task | None = None
    message: Message | None = None
    error: Error | None = None
    unread: bool = False
    closed: bool = False

    @property
    def has_result(self) -> bool:
        """Return whether the last word is known as a whole."""
        return not self.unread


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """Nobody here reads the task any more; `error` or the failed `contact` says why."""

    task: Task | None = None
    past: TaskStatus | None = None
    error: Error | None = None
    refused: bool = False
    contact: A2AError | None = None
    broken: Break | None = None
    late: bool = False
    has_result: ClassVar[bool] = True
    closed: ClassVar[bool] = True


State = Sent | Running | Waiting | Ended | Lost


def is_past(state: State, task: Task) -> bool:
    """Return whether a task still shows the status it had before the message."""
    if isinstance(state, Ended) or state.past is None:
        return False
    return _is_still(task.status, state.past)


def awaits_reaction(state: State) -> bool:
    """Return whether the agent has not reacted yet to a message sent to its task."""
    return (
        isinstance(state, Running | Lost) and state.task is not None and is_past(state, state.task)
    )


def is_under_way(state: State) -> bool:
    """Return whether the agent has not reacted to the message, and still may."""
    if state.has_result or state.error:
        return False
    return isinstance(state, Sent) or awaits_reaction(state)


def is_unanswered(state: State) -> bool:
    """Return whether the agent itself refused the message and its task stands as before."""
    return isinstance(state, Running | Lost) and state.refused and awaits_reaction(state)


def is_broken_off(state: State) -> bool:
    """Return whether the agent broke its answer off and its task has not moved since."""
    if not isinstance(state, Running | Lost) or state.task is None:
        return False
    return state.broken is not None and not state.task.state.stop


def is_closing(state: State) -> bool:
    """Return whether nothing more is to come: some agents keep their streams open at a question."""
    asks = isinstance(state, Waiting) and state.task.state is TaskState.INPUT_REQUIRED
    return asks or isinstance(state, Ended)


def _is_still(status: TaskStatus, past: TaskStatus) -> bool:
    """Return whether nothing was said since; a2a-sdk 1.x removes a question once it is answered."""
    if status.message is None:
        return (status.state, status.timestamp) == (past.state, past.timestamp)
    return status == past
