"""A2A 0.3 over gRPC: the JSON of 0.3 over HTTP+JSON, with tasks named by path."""

from __future__ import annotations

from typing import Final

from a2a_mcp.a2a.bindings import grpc
from a2a_mcp.a2a.model import JSON
from a2a_mcp.a2a.requests import (
    CancelTaskRequest,
    GetTaskRequest,
    Operation,
    SubscribeToTaskRequest,
)
from a2a_mcp.a2a.versions import v0_3_rest
from a2a_mcp.a2a.versions.base import Dialect, present


def encode_name(request: CancelTaskRequest | SubscribeToTaskRequest) -> dict[str, JSON]:
    """Return the params of CancelTask and TaskSubscription: there is no place for metadata."""
    return {"name": f"tasks/{request.id}"}


def encode_get(request: GetTaskRequest) -> dict[str, JSON]:
    """Return the params of GetTask."""
    return {"name": f"tasks/{request.id}"} | present(historyLength=request.history_length)


METHODS: Final = {
    Operation.SEND_MESSAGE: "SendMessage",
    Operation.SEND_STREAMING_MESSAGE: "SendStreamingMessage",
    Operation.GET_TASK: "GetTask",
    Operation.CANCEL_TASK: "CancelTask",
    Operation.SUBSCRIBE_TO_TASK: "TaskSubscription",
    Operation.GET_EXTENDED_AGENT_CARD: "GetAgentCard",
}

# No version among the metadata: an absent one means 0.3.
GRPC: Final = Dialect(
    version="0.3",
    binding="GRPC",
    targets={operation: f"/a2a.v1.A2AService/{name}" for operation, name in METHODS.items()},
    encoders={
        **v0_3_rest.REST.encoders,
        Operation.GET_TASK: encode_get,
        Operation.CANCEL_TASK: encode_name,
        Operation.SUBSCRIBE_TO_TASK: encode_name,
    },
    build=grpc.build,
    extensions_header="X-A2A-Extensions",
)
