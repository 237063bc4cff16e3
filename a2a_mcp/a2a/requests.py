"""What can be asked of an agent: the operations of A2A 1.0 and the request of each.

Pure values: how a request is written is decided in `versions`.
"""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from a2a_mcp.a2a.model import JSON, Message, TaskState, Value


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
    """A message to send; `return_immediately` None lets the agent decide how long to wait."""

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
    """Asks for the card that only authenticated callers see."""


Request = (
    SendMessageRequest
    | GetTaskRequest
    | ListTasksRequest
    | CancelTaskRequest
    | SubscribeToTaskRequest
    | GetExtendedAgentCardRequest
)
