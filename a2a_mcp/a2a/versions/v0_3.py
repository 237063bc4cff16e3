"""A2A 0.3 and 0.2 over JSON-RPC: parts and objects told apart by `kind`."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from typing import Final

from a2a_mcp.a2a.model import JSON, Message, Part
from a2a_mcp.a2a.requests import (
    CancelTaskRequest,
    GetExtendedAgentCardRequest,
    GetTaskRequest,
    Operation,
    SendMessageRequest,
    SubscribeToTaskRequest,
)
from a2a_mcp.a2a.versions import push
from a2a_mcp.a2a.versions.base import Dialect, Encoder, present


def encode_part(part: Part) -> dict[str, JSON]:
    """Return a part."""
    content: dict[str, JSON]
    match part.kind:
        case "raw":
            content = {"kind": "file", "file": _file(part, bytes=b64encode(part.raw).decode())}
        case "url":
            content = {"kind": "file", "file": _file(part, uri=part.url)}
        case "data":
            content = {"kind": "data", "data": as_object(part.data)}
        case _:
            content = {"kind": "text", "text": part.text}
    return content | present(metadata=part.metadata)


def _file(part: Part, **content: JSON) -> dict[str, JSON]:
    return content | present(mimeType=part.media_type, name=part.filename)


def as_object(data: JSON) -> dict[str, JSON]:
    """Return data as an object, wrapped as a2a-sdk's own translation to 0.3 wraps it."""
    return data if isinstance(data, dict) else {"value": data}


def encode_message(message: Message) -> dict[str, JSON]:
    """Return a message."""
    return {"kind": "message"} | present(
        messageId=message.message_id,
        role=message.role.value,
        parts=[encode_part(part) for part in message.parts],
        taskId=message.task_id,
        contextId=message.context_id,
        metadata=message.metadata,
        extensions=list(message.extensions),
        referenceTaskIds=list(message.reference_task_ids),
    )


def encode_configuration(request: SendMessageRequest) -> dict[str, JSON]:
    """Return the wishes for the answer; always with acceptedOutputModes, which FastA2A requires."""
    wait = None if request.return_immediately is None else not request.return_immediately
    configuration = present(blocking=wait, historyLength=request.history_length)
    return {"acceptedOutputModes": list(request.accepted_output_modes)} | configuration


def encode_send(request: SendMessageRequest) -> dict[str, JSON]:
    """Return the params of message/send and message/stream."""
    return {
        "message": encode_message(request.message),
        "configuration": encode_configuration(request),
    } | present(metadata=request.metadata)


def encode_get(request: GetTaskRequest) -> dict[str, JSON]:
    """Return the params of tasks/get."""
    return present(id=request.id, historyLength=request.history_length)


def encode_cancel(request: CancelTaskRequest) -> dict[str, JSON]:
    """Return the params of tasks/cancel."""
    return present(id=request.id, metadata=request.metadata)


def encode_subscribe(request: SubscribeToTaskRequest) -> dict[str, JSON]:
    """Return the params of tasks/resubscribe."""
    return {"id": request.id}


def encode_extended_card(_: GetExtendedAgentCardRequest) -> dict[str, JSON]:
    """Return the params of agent/getAuthenticatedExtendedCard: none."""
    return {}


ENCODERS: Final[dict[Operation, Encoder]] = {
    Operation.SEND_MESSAGE: encode_send,
    Operation.SEND_STREAMING_MESSAGE: encode_send,
    Operation.GET_TASK: encode_get,
    Operation.CANCEL_TASK: encode_cancel,
    Operation.SUBSCRIBE_TO_TASK: encode_subscribe,
    Operation.GET_EXTENDED_AGENT_CARD: encode_extended_card,
    **push.ENCODERS_0_3,
}

# No version header: an absent one means 0.3, and a2a-sdk 1.3 refuses 0.3 methods with others.
JSONRPC: Final = Dialect(
    version="0.3",
    binding="JSONRPC",
    targets={
        Operation.SEND_MESSAGE: "message/send",
        Operation.SEND_STREAMING_MESSAGE: "message/stream",
        Operation.GET_TASK: "tasks/get",
        Operation.CANCEL_TASK: "tasks/cancel",
        Operation.SUBSCRIBE_TO_TASK: "tasks/resubscribe",
        Operation.GET_EXTENDED_AGENT_CARD: "agent/getAuthenticatedExtendedCard",
        **push.TARGETS_0_3,
    },
    encoders=ENCODERS,
    extensions_header="X-A2A-Extensions",
)

JSONRPC_0_2: Final = replace(JSONRPC, version="0.2")
