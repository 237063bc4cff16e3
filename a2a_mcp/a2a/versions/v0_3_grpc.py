"""A2A 0.3 over gRPC: the JSON of 0.3 over HTTP+JSON, with tasks named by path."""

from __future__ import annotations

from typing import Final

from a2a_mcp.a2a.bindings import grpc
from a2a_mcp.a2a.model import JSON
from a2a_mcp.a2a.requests import (
    CancelTaskRequest,
    CreatePushConfigRequest,
    DeletePushConfigRequest,
    GetPushConfigRequest,
    GetTaskRequest,
    ListPushConfigsRequest,
    Operation,
    SubscribeToTaskRequest,
)
from a2a_mcp.a2a.versions import push, v0_3_rest
from a2a_mcp.a2a.versions.base import Dialect, present


def encode_name(request: CancelTaskRequest | SubscribeToTaskRequest) -> dict[str, JSON]:
    """Return the params of CancelTask and TaskSubscription: there is no place for metadata."""
    return {"name": f"tasks/{request.id}"}


def encode_get(request: GetTaskRequest) -> dict[str, JSON]:
    """Return the params of GetTask."""
    return {"name": f"tasks/{request.id}"} | present(historyLength=request.history_length)


def encode_push_create(request: CreatePushConfigRequest) -> dict[str, JSON]:
    """Return the params of CreateTaskPushNotificationConfig: those of HTTP+JSON, strictly."""
    params = push.create_0_3_rest(request)
    del params["taskId"]
    return params


def encode_push_name(request: GetPushConfigRequest | DeletePushConfigRequest) -> dict[str, JSON]:
    """Return the params of the methods for one push configuration, which may have its task's id."""
    config_id = request.id or request.task_id
    return {"name": f"tasks/{request.task_id}/pushNotificationConfigs/{config_id}"}


def encode_push_list(request: ListPushConfigsRequest) -> dict[str, JSON]:
    """Return the params of ListTaskPushNotificationConfig."""
    return {"parent": f"tasks/{request.task_id}"} | present(
        pageSize=request.page_size, pageToken=request.page_token
    )


METHODS: Final = {
    Operation.SEND_MESSAGE: "SendMessage",
    Operation.SEND_STREAMING_MESSAGE: "SendStreamingMessage",
    Operation.GET_TASK: "GetTask",
    Operation.CANCEL_TASK: "CancelTask",
    Operation.SUBSCRIBE_TO_TASK: "TaskSubscription",
    Operation.CREATE_PUSH_CONFIG: "CreateTaskPushNotificationConfig",
    Operation.GET_PUSH_CONFIG: "GetTaskPushNotificationConfig",
    Operation.LIST_PUSH_CONFIGS: "ListTaskPushNotificationConfig",
    Operation.DELETE_PUSH_CONFIG: "DeleteTaskPushNotificationConfig",
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
        Operation.CREATE_PUSH_CONFIG: encode_push_create,
        Operation.GET_PUSH_CONFIG: encode_push_name,
        Operation.LIST_PUSH_CONFIGS: encode_push_list,
        Operation.DELETE_PUSH_CONFIG: encode_push_name,
    },
    build=grpc.build,
    extensions_header="X-A2A-Extensions",
)
