"""A2A 1.0, the same JSON over JSON-RPC, HTTP+JSON and gRPC (A2A 1.0, sections 9 to 11)."""

from __future__ import annotations

from base64 import b64encode
from typing import Final

from a2a_mcp.a2a.bindings import grpc, rest
from a2a_mcp.a2a.model import JSON, Message, Part, Role, TaskState
from a2a_mcp.a2a.requests import (
    CancelTaskRequest,
    GetExtendedAgentCardRequest,
    GetTaskRequest,
    ListTasksRequest,
    Operation,
    SendMessageRequest,
    SubscribeToTaskRequest,
)
from a2a_mcp.a2a.versions import push
from a2a_mcp.a2a.versions.base import Dialect, Encoder, present

ROLES: Final = {Role.USER: "ROLE_USER", Role.AGENT: "ROLE_AGENT", Role.UNKNOWN: "ROLE_UNSPECIFIED"}


def encode_state(state: TaskState) -> str:
    """Return a state as the proto's enum; servers silently ignore other spellings."""
    if state is TaskState.UNKNOWN:
        return "TASK_STATE_UNSPECIFIED"
    return "TASK_STATE_" + state.value.upper().replace("-", "_")


def encode_part(part: Part) -> dict[str, JSON]:
    """Return a part with exactly one content member: servers refuse two with -32602."""
    content: dict[str, JSON]
    match part.kind:
        case "raw":
            content = {"raw": b64encode(part.raw).decode("ascii")}
        case "url":
            content = {"url": part.url}
        case "data":
            content = {"data": part.data}
        case _:
            content = {"text": part.text}
    return content | present(
        mediaType=part.media_type, filename=part.filename, metadata=part.metadata
    )


def encode_message(message: Message) -> dict[str, JSON]:
    """Return a message."""
    return present(
        messageId=message.message_id,
        role=ROLES[message.role],
        parts=[encode_part(part) for part in message.parts],
        taskId=message.task_id,
        contextId=message.context_id,
        metadata=message.metadata,
        extensions=list(message.extensions),
        referenceTaskIds=list(message.reference_task_ids),
    )


def encode_send(request: SendMessageRequest) -> dict[str, JSON]:
    """Return the params of SendMessage and SendStreamingMessage."""
    configuration = present(
        acceptedOutputModes=list(request.accepted_output_modes),
        historyLength=request.history_length,
        returnImmediately=request.return_immediately,
    )
    return {"message": encode_message(request.message)} | present(
        configuration=configuration, metadata=request.metadata
    )


def encode_get(request: GetTaskRequest) -> dict[str, JSON]:
    """Return the params of GetTask."""
    return present(id=request.id, historyLength=request.history_length)


def encode_list(request: ListTasksRequest) -> dict[str, JSON]:
    """Return the params of ListTasks."""
    return present(
        contextId=request.context_id,
        status=encode_state(request.state) if request.state else None,
        pageSize=request.page_size,
        pageToken=request.page_token,
        historyLength=request.history_length,
        statusTimestampAfter=request.updated_after,
        includeArtifacts=request.include_artifacts or None,
    )


def encode_cancel(request: CancelTaskRequest) -> dict[str, JSON]:
    """Return the params of CancelTask."""
    return present(id=request.id, metadata=request.metadata)


def encode_subscribe(request: SubscribeToTaskRequest) -> dict[str, JSON]:
    """Return the params of SubscribeToTask."""
    return {"id": request.id}


def encode_extended_card(_: GetExtendedAgentCardRequest) -> dict[str, JSON]:
    """Return the params of GetExtendedAgentCard: none."""
    return {}


ENCODERS: Final[dict[Operation, Encoder]] = {
    Operation.SEND_MESSAGE: encode_send,
    Operation.SEND_STREAMING_MESSAGE: encode_send,
    Operation.GET_TASK: encode_get,
    Operation.LIST_TASKS: encode_list,
    Operation.CANCEL_TASK: encode_cancel,
    Operation.SUBSCRIBE_TO_TASK: encode_subscribe,
    Operation.GET_EXTENDED_AGENT_CARD: encode_extended_card,
    **push.ENCODERS_1_0,
}

JSONRPC: Final = Dialect(
    version="1.0",
    binding="JSONRPC",
    targets={operation: operation.value for operation in Operation},
    encoders=ENCODERS,
    headers={"A2A-Version": "1.0"},  # exactly so: a2a-js refuses 1.0.0, and none means 0.3
    extensions_header="A2A-Extensions",
    snapshot_first=True,
    client_context=True,
)

REST: Final = Dialect(
    version="1.0",
    binding="HTTP+JSON",
    targets={
        Operation.SEND_MESSAGE: "POST /message:send",
        Operation.SEND_STREAMING_MESSAGE: "POST /message:stream",
        Operation.GET_TASK: "GET /tasks/{id}",
        Operation.LIST_TASKS: "GET /tasks",
        Operation.CANCEL_TASK: "POST /tasks/{id}:cancel",
        Operation.SUBSCRIBE_TO_TASK: "GET /tasks/{id}:subscribe",
        Operation.GET_EXTENDED_AGENT_CARD: "GET /extendedAgentCard",
        **push.rest_targets(""),
    },
    encoders=ENCODERS,
    headers={"A2A-Version": "1.0"},
    build=rest.build,
    extensions_header="A2A-Extensions",
    snapshot_first=True,
    client_context=True,
)

GRPC: Final = Dialect(
    version="1.0",
    binding="GRPC",
    targets={operation: f"/lf.a2a.v1.A2AService/{operation}" for operation in Operation},
    encoders=ENCODERS,
    headers={"A2A-Version": "1.0"},
    build=grpc.build,
    extensions_header="A2A-Extensions",
    snapshot_first=True,
    client_context=True,
)
