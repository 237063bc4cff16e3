"""The first A2A, spring 2025: `tasks/send`, parts with a `type`, the client names the task.

A new task's id is the message's id, so it is known before anything is sent. A session is what later
versions call a context.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Final

from a2a_mcp.a2a.model import JSON, Part
from a2a_mcp.a2a.requests import Operation, SendMessageRequest
from a2a_mcp.a2a.versions import push, v0_3
from a2a_mcp.a2a.versions.base import Dialect, Encoder, present

HISTORY: Final = 10


def encode_part(part: Part) -> dict[str, JSON]:
    """Return a part."""
    content: dict[str, JSON]
    match part.kind:
        case "raw":
            data = b64encode(part.raw).decode("ascii")
            content = {"type": "file", "file": {"bytes": data} | _named(part)}
        case "url":
            content = {"type": "file", "file": {"uri": part.url} | _named(part)}
        case "data":
            content = {"type": "data", "data": v0_3.as_object(part.data)}
        case _:
            content = {"type": "text", "text": part.text}
    return content | present(metadata=part.metadata)


def _named(part: Part) -> dict[str, JSON]:
    return present(mimeType=part.media_type, name=part.filename)


def encode_send(request: SendMessageRequest) -> dict[str, JSON]:
    """Return the params of tasks/send and tasks/sendSubscribe.

    No output modes: the original servers compare them with words such as "text".
    """
    message = request.message
    said = {
        "role": message.role.value,
        "parts": [encode_part(part) for part in message.parts],
    } | present(metadata=message.metadata)
    return {
        "id": message.task_id or message.message_id,
        "sessionId": message.context_id or message.message_id,
        "message": said,
        "historyLength": HISTORY if request.history_length is None else request.history_length,
    } | present(metadata=request.metadata)


ENCODERS: Final[dict[Operation, Encoder]] = {
    Operation.SEND_MESSAGE: encode_send,
    Operation.SEND_STREAMING_MESSAGE: encode_send,
    Operation.GET_TASK: v0_3.encode_get,
    Operation.CANCEL_TASK: v0_3.encode_cancel,
    Operation.SUBSCRIBE_TO_TASK: v0_3.encode_subscribe,
    **push.ENCODERS_0_1,
}

JSONRPC: Final = Dialect(
    version="0.1",
    binding="JSONRPC",
    targets={
        Operation.SEND_MESSAGE: "tasks/send",
        Operation.SEND_STREAMING_MESSAGE: "tasks/sendSubscribe",
        Operation.GET_TASK: "tasks/get",
        Operation.CANCEL_TASK: "tasks/cancel",
        Operation.SUBSCRIBE_TO_TASK: "tasks/resubscribe",
        **push.TARGETS_0_1,
    },
    encoders=ENCODERS,
    client_task_id=True,
    in_cards=False,  # its cards have no protocolVersion
)
