"""A2A's tasks, messages and the events of a stream, as A2A 1.0 names them.

Pure values, the same for every version: nothing here reads, writes, waits or knows a wire format.
Everything but identity is optional, because agents leave anything out. What is asked of an agent is
in `requests`, what an agent says of itself in `card_model`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

JSON = Any
"""A value made of dict, list, str, int, float, bool and None, as `json.loads` gives it."""


class TaskState(StrEnum):
    """Where a task stands; the values are the words that a model reads."""

    SUBMITTED = "submitted"
    WORKING = "working"
    INPUT_REQUIRED = "input-required"
    AUTH_REQUIRED = "auth-required"
    COMPLETED = "completed"
    CANCELED = "canceled"
    FAILED = "failed"
    REJECTED = "rejected"
    UNKNOWN = "unknown"

    @property
    def terminal(self) -> bool:
        """Return whether the task has ended; `unknown` has not."""
        return self in TERMINAL

    @property
    def stop(self) -> bool:
        """Return whether the agent waits for an answer, or has ended."""
        return self in TERMINAL or self in INTERRUPTED


TERMINAL = frozenset(
    {TaskState.COMPLETED, TaskState.CANCELED, TaskState.FAILED, TaskState.REJECTED}
)
INTERRUPTED = frozenset({TaskState.INPUT_REQUIRED, TaskState.AUTH_REQUIRED})


class Role(StrEnum):
    """Who wrote a message."""

    USER = "user"
    AGENT = "agent"
    UNKNOWN = "unknown"


class Value(BaseModel):
    """A frozen value; the decoder has left unknown members out."""

    model_config = ConfigDict(frozen=True, defer_build=True)


class Part(Value):
    """One piece of content.

    `kind` says which member was present: also an empty text and a null datum are content. Of an
    `empty` part nothing could be read; `problem` says why.
    """

    kind: Literal["text", "raw", "url", "data", "empty"]
    text: str = ""
    raw: bytes = b""
    url: str = ""
    data: JSON = None
    media_type: str | None = None
    filename: str | None = None
    metadata: dict[str, JSON] = Field(default_factory=dict)
    problem: str | None = None


class Message(Value):
    """One turn of a conversation; `message_id` is empty where the dialect has none (0.1)."""

    message_id: str
    role: Role
    parts: tuple[Part, ...] = ()
    task_id: str | None = None
    context_id: str | None = None
    metadata: dict[str, JSON] = Field(default_factory=dict)
    extensions: tuple[str, ...] = ()
    reference_task_ids: tuple[str, ...] = ()


class TaskStatus(Value):
    """A state and what the agent said with it; `raw_state` is the agent's own spelling."""

    state: TaskState
    message: Message | None = None
    timestamp: str | None = None
    raw_state: str | None = None


class Artifact(Value):
    """One result of a task."""

    artifact_id: str
    name: str | None = None
    description: str | None = None
    parts: tuple[Part, ...] = ()
    metadata: dict[str, JSON] = Field(default_factory=dict)
    extensions: tuple[str, ...] = ()


class Task(Value):
    """A piece of work at an agent."""

    id: str
    context_id: str | None = None
    status: TaskStatus
    artifacts: tuple[Artifact, ...] = ()
    history: tuple[Message, ...] = ()
    metadata: dict[str, JSON] = Field(default_factory=dict)

    @property
    def state(self) -> TaskState:
        """The state of the task's status."""
        return self.status.state


class TaskStatusUpdateEvent(Value):
    """A change of status on a stream; `final` is None where the dialect has no such mark."""

    task_id: str | None
    context_id: str | None = None
    status: TaskStatus
    final: bool | None = None
    metadata: dict[str, JSON] = Field(default_factory=dict)


class TaskArtifactUpdateEvent(Value):
    """An artifact, or with `append` a further piece of one, on a stream."""

    task_id: str | None
    context_id: str | None = None
    artifact: Artifact
    append: bool = False
    last_chunk: bool = False
    metadata: dict[str, JSON] = Field(default_factory=dict)


StreamEvent = Task | Message | TaskStatusUpdateEvent | TaskArtifactUpdateEvent
"""What a stream carries."""


class TaskPage(Value):
    """One page of `ListTasks`; `next_page_token` is None at the end."""

    tasks: tuple[Task, ...] = ()
    next_page_token: str | None = None
    total_size: int | None = None
