"""The phases of a followed message, each with just the facts that it has: frozen values.

They never change: `state.advance` makes the next one from the one before.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import ClassVar

from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.a2a.model import Message, Task, TaskStatus
from a2a_mcp.errors import BridgeError

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
