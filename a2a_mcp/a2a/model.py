"""The one model of A2A in this project: the types of A2A 1.0, whatever dialect they came in.

Pure values: nothing here reads, writes, waits or knows a wire format (see `decode` and
`dialects`). Everything but identity is optional, because agents in the wild leave anything out;
names are those of the 1.0 proto in snake_case.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

JSON = Any
"""A value made of dict, list, str, int, float, bool and None, as `json.loads` gives it."""


class TaskState(StrEnum):
    """Where a task stands; values are the words a model reads."""

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
        """Whether the task has ended; `unknown` has not."""
        return self in TERMINAL

    @property
    def stop(self) -> bool:
        """Whether the agent now waits for somebody else, or has ended."""
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
    """A frozen value; unknown fields are the decoder's business, so none are kept here."""

    model_config = ConfigDict(frozen=True, defer_build=True)


class Part(Value):
    """One piece of content.

    `kind` says which member was present on the wire: presence counts, not truth, since an empty
    text and a null datum are content. `empty` is a part of which nothing could be read; `problem`
    says why.
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


class AgentInterface(Value):
    """Where and how an agent is spoken to, as its card says: nothing is normalised but the URL."""

    url: str
    protocol_binding: str
    protocol_version: str
    tenant: str | None = None


class AgentSkill(Value):
    """One thing an agent says it can do."""

    id: str
    name: str
    description: str | None = None
    tags: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    input_modes: tuple[str, ...] = ()
    output_modes: tuple[str, ...] = ()


class AgentExtension(Value):
    """An extension of the protocol an agent announces."""

    uri: str
    description: str | None = None
    required: bool = False


class AgentCapabilities(Value):
    """What the agent offers beside plain sends; None means that the card does not say."""

    streaming: bool | None = None
    push_notifications: bool | None = None
    extended_agent_card: bool | None = None
    extensions: tuple[AgentExtension, ...] = ()


class SecurityScheme(Value):
    """One way to show who calls, lifted from either card shape.

    `kind` is apiKey, http, oauth2, openIdConnect, mutualTLS or the agent's own word.
    """

    kind: str
    location: str | None = None
    name: str | None = None
    scheme: str | None = None


class AgentCard(Value):
    """What an agent says of itself; every word in it is the agent's, none is trusted."""

    name: str
    description: str | None = None
    version: str | None = None
    provider: str | None = None
    documentation_url: str | None = None
    interfaces: tuple[AgentInterface, ...] = ()
    capabilities: AgentCapabilities = AgentCapabilities()
    skills: tuple[AgentSkill, ...] = ()
    default_input_modes: tuple[str, ...] = ()
    default_output_modes: tuple[str, ...] = ()
    security_schemes: dict[str, SecurityScheme] = {}
    security: tuple[dict[str, tuple[str, ...]], ...] = ()
    problems: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()


class Operation(StrEnum):
    """What can be asked of an agent, by its 1.0 name."""

    SEND_MESSAGE = "SendMessage"
    SEND_STREAMING_MESSAGE = "SendStreamingMessage"
    GET_TASK = "GetTask"
    LIST_TASKS = "ListTasks"
    CANCEL_TASK = "CancelTask"
    SUBSCRIBE_TO_TASK = "SubscribeToTask"
    GET_EXTENDED_AGENT_CARD = "GetExtendedAgentCard"


class SendMessageRequest(Value):
    """A message on its way out; `return_immediately` None leaves the wait to the agent."""

    message: Message
    accepted_output_modes: tuple[str, ...] = ()
    history_length: int | None = None
    return_immediately: bool | None = None
    metadata: dict[str, JSON] = Field(default_factory=dict)


class GetTaskRequest(Value):
    """Which task to read, and how many of its latest messages to ask for."""

    id: str
    history_length: int | None = None


class ListTasksRequest(Value):
    """Which tasks to list; times are RFC 3339 in UTC."""

    context_id: str | None = None
    state: TaskState | None = None
    page_size: int | None = None
    page_token: str | None = None
    history_length: int | None = None
    updated_after: str | None = None
    include_artifacts: bool = False


class CancelTaskRequest(Value):
    """Which task to stop."""

    id: str
    metadata: dict[str, JSON] = Field(default_factory=dict)


class SubscribeToTaskRequest(Value):
    """Which task to follow."""

    id: str


class GetExtendedAgentCardRequest(Value):
    """Asks for the card that only known callers see."""


Request = (
    SendMessageRequest
    | GetTaskRequest
    | ListTasksRequest
    | CancelTaskRequest
    | SubscribeToTaskRequest
    | GetExtendedAgentCardRequest
)
