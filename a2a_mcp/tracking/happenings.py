"""What can happen to a followed message: small frozen values, the input of `state.advance`.

They hold what was heard or read and nothing else: no clock, no network.
"""

from __future__ import annotations

from dataclasses import dataclass

from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.a2a.model import StreamEvent, Task, TaskStatus
from a2a_mcp.errors import BridgeError


@dataclass(frozen=True, slots=True)
class Heard:
    """An event came on a stream; `late` when that stream was joined while the task ran."""

    event: StreamEvent
    late: bool = False


@dataclass(frozen=True, slots=True)
class Read:
    """The whole task was read; `beside` a stream that is open and may tell the same again."""

    task: Task
    beside: bool = False

    @property
    def event(self) -> Task:
        """The task, as the event that waiting calls are told."""
        return self.task


@dataclass(frozen=True, slots=True)
class ReadFailed:
    """The task could not be read; the next read may succeed."""

    error: A2AError


@dataclass(frozen=True, slots=True)
class Broken:
    """The connection broke while the agent answered."""

    error: A2AError


@dataclass(frozen=True, slots=True)
class HungUp:
    """The agent ended its answer in order, but with no last state of its task."""


@dataclass(frozen=True, slots=True)
class Settled:
    """Several reads, over some seconds, have shown nothing new."""


@dataclass(frozen=True, slots=True)
class Unfounded:
    """The agent has no task by the name that its message gave: the message is the answer."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The agent answered the message with an error."""

    error: A2AError


@dataclass(frozen=True, slots=True)
class Faulted:
    """A subscription ended with an error of the agent: it may say why the task failed."""

    error: A2AError


@dataclass(frozen=True, slots=True)
class Passed:
    """Somebody has dealt with a stop, such as a sign-in: what comes after it is waited for."""

    stop: TaskStatus


@dataclass(frozen=True, slots=True)
class Released:
    """The process is about to end: every waiting call returns with what is known."""


@dataclass(frozen=True, slots=True)
class Closed:
    """Nobody here reads the task any more; `error` is why, None for an orderly end."""

    error: A2AError | BridgeError | None = None


Happening = (
    Heard
    | Read
    | ReadFailed
    | Broken
    | HungUp
    | Settled
    | Unfounded
    | Refused
    | Faulted
    | Passed
    | Released
    | Closed
)
