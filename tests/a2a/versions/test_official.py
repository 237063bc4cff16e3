"""Every request that we write, read by the types of the SDK of its own version, strictly.

No SDK ships the standard's JSON Schema. Those of 0.2.16 and 0.3.26 ship the pydantic types that
are generated from it, those of 0.3.26 and 1.3.0 the messages of its proto: that counts as official
here. Nothing official was ever published for 0.1; its requests are held against recordings of the
original servers (`test_replay`). 0.3's extended card, a call without params, is in `test_v0_3`.
"""

import json
import subprocess
from collections.abc import Iterator
from typing import Any, Final

import pytest
from real_agents import official
from real_agents.venvs import python_of

from a2a_mcp.a2a.bindings import jsonrpc
from a2a_mcp.a2a.model import Message, Part, Role, TaskState
from a2a_mcp.a2a.requests import (
    CancelTaskRequest,
    CreatePushConfigRequest,
    DeletePushConfigRequest,
    GetExtendedAgentCardRequest,
    GetPushConfigRequest,
    GetTaskRequest,
    ListPushConfigsRequest,
    ListTasksRequest,
    Operation,
    PushConfig,
    SendMessageRequest,
    SubscribeToTaskRequest,
)
from a2a_mcp.a2a.versions import v0_3, v0_3_grpc, v0_3_rest, v1_0
from a2a_mcp.a2a.versions.base import Dialect

SECONDS: Final = 60
PARTS: Final = (
    Part(kind="text", text="words", metadata={"a": 1}),
    Part(kind="text", text=""),
    Part(kind="data", data={"answer": 42, "deep": [{"x": None}]}),
    Part(kind="data", data=[1, 2]),
    Part(kind="url", url="https://x.example/a.pdf", media_type="application/pdf", filename="a.pdf"),
    Part(kind="raw", raw=b"\x00\xff", media_type="image/png", filename="a.png"),
    Part(kind="raw", raw=b"x"),
)
WHOLE_PUSH: Final = PushConfig(
    url="https://hooks.example/a", id="p1", token="t", scheme="Bearer", credentials="c"
)
NO_BYTES: Final = tuple(part for part in PARTS if part.kind != "raw")


def full(parts: tuple[Part, ...]) -> SendMessageRequest:
    """Return a send with everything that a send can have."""
    message = Message(
        message_id="m1",
        role=Role.USER,
        parts=parts,
        task_id="t1",
        context_id="c1",
        metadata={"k": {"nested": [1]}},
        extensions=("https://x.example/ext",),
        reference_task_ids=("t0",),
    )
    return SendMessageRequest(
        message=message,
        accepted_output_modes=("text/plain", "image/png"),
        history_length=3,
        return_immediately=True,
        metadata={"trace": "x"},
    )


def requests(parts: tuple[Part, ...]) -> dict[Operation, list[Any]]:
    """Return the requests of every operation."""
    least = Message(message_id="m1", role=Role.USER, parts=parts[:1])
    sends = [full(parts), SendMessageRequest(message=least)]
    return {
        Operation.SEND_MESSAGE: sends,
        Operation.SEND_STREAMING_MESSAGE: sends,
        Operation.GET_TASK: [GetTaskRequest(id="t1", history_length=0), GetTaskRequest(id="t1")],
        Operation.CANCEL_TASK: [CancelTaskRequest(id="t1", metadata={"reason": "r"})],
        Operation.SUBSCRIBE_TO_TASK: [SubscribeToTaskRequest(id="t1")],
        Operation.LIST_TASKS: [
            ListTasksRequest(
                context_id="c1",
                state=TaskState.INPUT_REQUIRED,
                page_size=5,
                page_token="p",
                history_length=1,
                updated_after="2026-11-21T12:00:00Z",
                include_artifacts=True,
            ),
            ListTasksRequest(),
        ],
        Operation.GET_EXTENDED_AGENT_CARD: [GetExtendedAgentCardRequest()],
        Operation.CREATE_PUSH_CONFIG: [
            CreatePushConfigRequest(task_id="t1", config=WHOLE_PUSH),
            CreatePushConfigRequest(task_id="t1", config=PushConfig(url=WHOLE_PUSH.url)),
        ],
        Operation.GET_PUSH_CONFIG: [GetPushConfigRequest(task_id="t1", id="p1")],
        Operation.LIST_PUSH_CONFIGS: [ListPushConfigsRequest(task_id="t1")],
        Operation.DELETE_PUSH_CONFIG: [DeletePushConfigRequest(task_id="t1", id="p1")],
    }


OLD: Final = {
    Operation.SEND_MESSAGE: "SendMessageRequest",
    Operation.SEND_STREAMING_MESSAGE: "SendStreamingMessageRequest",
    Operation.GET_TASK: "GetTaskRequest",
    Operation.CANCEL_TASK: "CancelTaskRequest",
    Operation.SUBSCRIBE_TO_TASK: "TaskResubscriptionRequest",
    Operation.CREATE_PUSH_CONFIG: "SetTaskPushNotificationConfigRequest",
    Operation.GET_PUSH_CONFIG: "GetTaskPushNotificationConfigRequest",
    Operation.LIST_PUSH_CONFIGS: "ListTaskPushNotificationConfigRequest",
    Operation.DELETE_PUSH_CONFIG: "DeleteTaskPushNotificationConfigRequest",
}
NEW: Final = {operation: f"{operation}Request" for operation in Operation} | {
    Operation.SEND_STREAMING_MESSAGE: "SendMessageRequest",
    Operation.CREATE_PUSH_CONFIG: "TaskPushNotificationConfig",
}
# Reads by HTTP+JSON have no body.
BODIES: Final = {
    Operation.SEND_MESSAGE: "SendMessageRequest",
    Operation.SEND_STREAMING_MESSAGE: "SendMessageRequest",
    Operation.CREATE_PUSH_CONFIG: "CreateTaskPushNotificationConfigRequest",
}
METHODS: Final = BODIES | {
    Operation.GET_TASK: "GetTaskRequest",
    Operation.CANCEL_TASK: "CancelTaskRequest",
    Operation.SUBSCRIBE_TO_TASK: "TaskSubscriptionRequest",
    Operation.GET_EXTENDED_AGENT_CARD: "GetAgentCardRequest",
    Operation.GET_PUSH_CONFIG: "GetTaskPushNotificationConfigRequest",
    Operation.LIST_PUSH_CONFIGS: "ListTaskPushNotificationConfigRequest",
    Operation.DELETE_PUSH_CONFIG: "DeleteTaskPushNotificationConfigRequest",
}
SDKS: Final[dict[str, tuple[str, Dialect, str, dict[Operation, str], tuple[Part, ...]]]] = {
    "0.2.16": ("0.2", v0_3.JSONRPC_0_2, "a2a.types", OLD, PARTS),
    "0.3.26": ("0.3", v0_3.JSONRPC, "a2a.types", OLD, PARTS),
    "0.3.26 HTTP+JSON": ("0.3", v0_3_rest.REST, "a2a.grpc.a2a_pb2", BODIES, NO_BYTES),
    "0.3.26 gRPC": ("0.3", v0_3_grpc.GRPC, "a2a.grpc.a2a_pb2", METHODS, NO_BYTES),
    "1.3.0": ("1.3", v1_0.JSONRPC, "a2a.types", NEW, PARTS),
    "1.3.0 HTTP+JSON": ("1.3", v1_0.REST, "a2a.types", NEW, PARTS),
    "1.3.0 gRPC": ("1.3", v1_0.GRPC, "a2a.types", NEW, PARTS),
}
"""Whose types: environment, what we write, where the types are, what they are called."""


def written(
    dialect: Dialect, types: dict[Operation, str], parts: tuple[Part, ...]
) -> Iterator[tuple[str, Any]]:
    """Return each request with the type that reads it: of 0.x over JSON-RPC, the whole call."""
    for operation, name in types.items():
        for request in requests(parts)[operation]:
            params = dialect.params(operation, request)
            whole = dialect.binding == "JSONRPC" and dialect.version != "1.0"
            target = dialect.targets[operation]
            if whole:
                yield name, jsonrpc.build("https://x.example", target, params).body
            elif types is BODIES:
                yield name, dialect.build("https://x.example", target, params, None).body
            else:
                yield name, params


def said(value: Any) -> Any:
    """Leave out what the proto's JSON leaves out: members at their default, at any depth."""
    if isinstance(value, dict):
        return {key: said(item) for key, item in value.items() if item not in (False, 0, [], "")}
    if isinstance(value, list):
        return [said(item) for item in value]
    return value


@pytest.mark.parametrize("sdk", SDKS)
def test_every_request_is_read_by_the_sdks_own_types_as_it_was_meant(sdk: str) -> None:
    generation, dialect, where, types, parts = SDKS[sdk]
    given = list(written(dialect, types, parts))
    assert {name for name, _ in given} == set(types.values())
    asked = json.dumps([[where, name, body] for name, body in given])
    answered = subprocess.run(
        [str(python_of(generation)), official.__file__],
        input=asked,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert answered.returncode == 0, answered.stderr
    for (name, body), seen in zip(given, json.loads(answered.stdout), strict=True):
        # Only pydantic's types tell an explicit default from none.
        exact = dialect.binding == "JSONRPC" and dialect.version != "1.0"
        assert (seen if exact else said(seen)) == (body if exact else said(body)), name
