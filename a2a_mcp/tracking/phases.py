"""The phases of a followed message, each with just the facts that it has: frozen values.

They never change: `state.advance` makes the next one from the one before. The functions answer
what callers ask of a phase.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import Enum, auto
from itertools import product
from typing import Any, ClassVar, Final, TypeVar

from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.a2a.model import Message, Task, TaskState, TaskStatus
from a2a_mcp.errors import BridgeError
from a2a_mcp.tracking.replay import Tails
from a2a_mcp.tracking.sameness import is_old

Error = A2AError | BridgeError
_Phase = TypeVar("_Phase", "Replied", "Running", "Waiting", "Ended", "Lost")


class Break(Enum):
    """What was seen of a task since the agent's stream broke."""

    UNREAD = auto()
    UNMOVED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The message is on its way; `past` is the status of its task before the message."""

    past: TaskStatus | None = None
    moved: bool = False
    released: bool = False
    task: ClassVar[Task | None] = None
    error: ClassVar[Error | None] = None
    closed: ClassVar[bool] = False

    @property
    def has_result(self) -> bool:
        """Return whether those who wait can go."""
        return self.released


@dataclass(frozen=True, slots=True, kw_only=True)
class Replied:
    """The agent has sent messages that name a task, which it has not shown yet."""

    spoken: tuple[Message, ...]
    past: TaskStatus | None = None
    moved: bool = False
    broken: Break | None = None
    hung_up: bool = False
    task: ClassVar[Task | None] = None
    error: ClassVar[Error | None] = None
    closed: ClassVar[bool] = False
    has_result: ClassVar[bool] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A task is at work.

    `moved` when the agent has reacted since `past`, `late` when what its stream says may have been
    read already, `hung_up` when it ended its answer before the task's end, `stalled` when reads
    have shown nothing new since. `spoken` are its messages beside the task.
    """

    task: Task
    past: TaskStatus | None = None
    moved: bool = False
    error: Error | None = None
    refused: bool = False
    contact: A2AError | None = None
    broken: Break | None = None
    hung_up: bool = False
    stalled: bool = False
    late: bool = False
    tails: Tails = ()
    spoken: tuple[Message, ...] = ()
    released: bool = False
    closed: ClassVar[bool] = False

    @property
    def has_result(self) -> bool:
        """Return whether those who wait can go."""
        return self.released or self.stalled


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """The task has stopped at a new question or sign-in; `closed` when it is read no more."""

    task: Task
    past: TaskStatus | None = None
    moved: bool = False
    error: Error | None = None
    refused: bool = False
    late: bool = False
    tails: Tails = ()
    spoken: tuple[Message, ...] = ()
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
    spoken: tuple[Message, ...] = ()
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
    moved: bool = False
    error: Error | None = None
    refused: bool = False
    contact: A2AError | None = None
    broken: Break | None = None
    late: bool = False
    spoken: tuple[Message, ...] = ()
    has_result: ClassVar[bool] = True
    closed: ClassVar[bool] = True


State = Sent | Replied | Running | Waiting | Ended | Lost
PHASES: Final[tuple[type, ...]] = (Sent, Replied, Running, Waiting, Ended, Lost)
SHARED: Final = {
    (phase, before): tuple(it.name for it in fields(phase) if hasattr(before, it.name))
    for phase, before in product(PHASES, PHASES)
}
"""By a phase and the one before it, the names of the facts that both have."""


def id_of(state: State) -> str | None:
    """Return the id of the task, or the one that a message of the agent named."""
    if isinstance(state, Replied):
        return next((it.task_id for it in state.spoken if it.task_id), None)
    return state.task.id if state.task else None


def is_at_rest(state: State) -> bool:
    """Return whether the task is read no more, because it has a result."""
    return state.has_result and not (isinstance(state, Running) and state.stalled)


def is_past(state: State, task: Task) -> bool:
    """Return whether a task still shows the status it had before the message; an end is new."""
    return _is_old(state, task.status)


def asks_again(state: State, status: TaskStatus) -> bool:
    """Return whether a status repeats a question that was answered, or leaves it out."""
    return status.state.stop and _is_old(state, status)


def _is_old(state: State, status: TaskStatus) -> bool:
    if isinstance(state, Ended) or state.past is None or status.state.terminal:
        return False
    return is_old(status, state.past, moved=state.moved)


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


def is_in_doubt(state: State) -> bool:
    """Return whether a question that was answered is shown, and may be asked again by now.

    Nothing but its content says that it is the old one. A sign-in is asked for until the agent has
    noticed it, which may take long.
    """
    if not isinstance(state, Running) or state.task.state is not TaskState.INPUT_REQUIRED:
        return False
    return bool(state.spoken) or not is_past(replace(state, moved=True), state.task)


def spoken_in(state: State) -> tuple[Message, ...]:
    """Return what the agent has said in messages beside its task."""
    return () if isinstance(state, Sent) else state.spoken


def is_closing(state: State) -> bool:
    """Return whether nothing more is to come: some agents keep their streams open at a question."""
    asks = isinstance(state, Waiting) and state.task.state is TaskState.INPUT_REQUIRED
    return asks or isinstance(state, Ended)


def become(phase: type[_Phase], state: State, **facts: Any) -> _Phase:
    """Return a phase with the facts it shares with the one before, and new ones."""
    shared = {name: getattr(state, name) for name in SHARED[phase, type(state)]}
    return phase(**(shared | facts))
