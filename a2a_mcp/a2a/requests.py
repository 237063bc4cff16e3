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
    CREATE_PUSH_CONFIG = "CreateTaskPushNotificationConfig"
    GET_PUSH_CONFIG = "GetTaskPushNotificationConfig"
    LIST_PUSH_CONFIGS = "ListTaskPushNotificationConfigs"
    DELETE_PUSH_CONFIG = "DeleteTaskPushNotificationConfig"


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


class PushConfig(Value):
    """Where an agent posts what happens to a task; `scheme` and `credentials` are for that place.

    `id` None lets the agent name it; most use the task's id, so there is one for each task.
    """

    url: str
    id: str | None = None
    token: str | None = None
    scheme: str | None = None
    credentials: str | None = None


class PushConfigPage(Value):
    """One page of the push configurations of a task."""

    configs: tuple[PushConfig, ...] = ()
    next_page_token: str | None = None


class CreatePushConfigRequest(Value):
    """A push configuration to set for a task; one with the same id is replaced."""

    task_id: str
    config: PushConfig


class GetPushConfigRequest(Value):
    """Which push configuration to read; without an id the agent's only or first one."""

    task_id: str
    id: str | None = None


class ListPushConfigsRequest(Value):
    """Which task's push configurations to list."""

    task_id: str
    page_size: int | None = None
    page_token: str | None = None


class DeletePushConfigRequest(Value):
    """Which push configuration to remove."""

    task_id: str
    id: str


Request = (
    SendMessageRequest
    | GetTaskRequest
    | ListTasksRequest
    | CancelTaskRequest
    | SubscribeToTaskRequest
    | GetExtendedAgentCardRequest
    | CreatePushConfigRequest
    | GetPushConfigRequest
    | ListPushConfigsRequest
    | DeletePushConfigRequest
)
