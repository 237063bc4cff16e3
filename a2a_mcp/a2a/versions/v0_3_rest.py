"""A2A 0.3 over HTTP+JSON and gRPC: the 0.3 proto's JSON, with `content` for parts."""

from __future__ import annotations

from typing import Final

from a2a_mcp.a2a.bindings import rest
from a2a_mcp.a2a.errors import ContentTypeNotSupported, Delivery
from a2a_mcp.a2a.model import JSON, Message, Part
from a2a_mcp.a2a.requests import Operation, SendMessageRequest
from a2a_mcp.a2a.versions import push, v0_3
from a2a_mcp.a2a.versions.base import Dialect, present
from a2a_mcp.a2a.versions.v1_0 import ROLES


def encode_part(part: Part) -> dict[str, JSON]:
    """Return a part.

    Raises ContentTypeNotSupported for bytes: Python servers of these bindings decode base64 twice,
    others once, and nothing in their answers tells them apart.
    """
    content: dict[str, JSON]
    match part.kind:
        case "raw":
            raise ContentTypeNotSupported(
                "A2A 0.3 over HTTP+JSON and gRPC has no reliable form for file bytes; "
                "give the file as a URL, or use an agent that offers JSON-RPC",
                delivery=Delivery.NEVER,
            )
        case "url":
            named = present(mimeType=part.media_type, name=part.filename)
            content = {"file": {"fileWithUri": part.url} | named}
        case "data":
            content = {"data": {"data": v0_3.as_object(part.data)}}
        case _:
            content = {"text": part.text}
    return content | present(metadata=part.metadata)


def encode_message(message: Message) -> dict[str, JSON]:
    """Return a message."""
    return present(
        messageId=message.message_id,
        role=ROLES[message.role],
        content=[encode_part(part) for part in message.parts],
        taskId=message.task_id,
        contextId=message.context_id,
        metadata=message.metadata,
        extensions=list(message.extensions),
    )


def encode_send(request: SendMessageRequest) -> dict[str, JSON]:
    """Return the body of message:send and message:stream."""
    return {
        "message": encode_message(request.message),
        "configuration": v0_3.encode_configuration(request),
    } | present(metadata=request.metadata)


REST: Final = Dialect(
    version="0.3",
    binding="HTTP+JSON",
    targets={
        Operation.SEND_MESSAGE: "POST /v1/message:send",
        Operation.SEND_STREAMING_MESSAGE: "POST /v1/message:stream",
        Operation.GET_TASK: "GET /v1/tasks/{id}",
        Operation.CANCEL_TASK: "POST /v1/tasks/{id}:cancel",
        Operation.SUBSCRIBE_TO_TASK: "GET /v1/tasks/{id}:subscribe",
        Operation.GET_EXTENDED_AGENT_CARD: "GET /v1/card",
        **push.rest_targets("/v1"),
    },
    encoders=v0_3.ENCODERS
    | push.ENCODERS_0_3_REST
    | {Operation.SEND_MESSAGE: encode_send, Operation.SEND_STREAMING_MESSAGE: encode_send},
    build=rest.build,
    extensions_header="X-A2A-Extensions",
)
