from typing import Any

import pytest
from a2a.types import a2a_pb2 as official
from google.protobuf.json_format import MessageToDict, ParseDict
from hypothesis import given, settings
from messages import FILES, HELLO, JSON, LINKS, REFERENCES, TEXTS, data_parts, messages, sends

from a2a_mcp.a2a.decoding.events import decode_message
from a2a_mcp.a2a.decoding.parts import decode_part
from a2a_mcp.a2a.decoding.states import decode_state
from a2a_mcp.a2a.model import Message, Part, TaskState
from a2a_mcp.a2a.requests import (
    CancelTaskRequest,
    GetExtendedAgentCardRequest,
    GetTaskRequest,
    ListTasksRequest,
    Operation,
    SendMessageRequest,
    SubscribeToTaskRequest,
)
from a2a_mcp.a2a.versions.v1_0 import JSONRPC, REST, encode_message, encode_part, encode_state

MESSAGES = messages(TEXTS | LINKS | FILES | data_parts(JSON), reference_task_ids=REFERENCES)
MANY = settings(max_examples=60)


def as_the_standard_reads_it(params: dict[str, Any], kind: type[Any]) -> Any:
    """Parse with the standard's own types, which refuse what they do not know, and write again."""
    return MessageToDict(ParseDict(params, kind()))


@MANY
@given(sends(MESSAGES))
def test_the_standards_own_types_read_every_send_as_it_was_meant(
    request: SendMessageRequest,
) -> None:
    params = JSONRPC.params(Operation.SEND_MESSAGE, request)
    read = as_the_standard_reads_it(params, official.SendMessageRequest)
    if request.return_immediately is False:  # the default, which the standard's JSON leaves out
        read["configuration"]["returnImmediately"] = False
    assert read == params


@MANY
@given(MESSAGES)
def test_a_message_is_the_same_after_writing_and_reading(message: Message) -> None:
    assert decode_message(encode_message(message)) == message


@pytest.mark.parametrize(
    ("operation", "request_", "kind"),
    [
        (Operation.GET_TASK, GetTaskRequest(id="t", history_length=0), official.GetTaskRequest),
        (Operation.GET_TASK, GetTaskRequest(id="t"), official.GetTaskRequest),
        (
            Operation.LIST_TASKS,
            ListTasksRequest(
                context_id="c",
                state=TaskState.INPUT_REQUIRED,
                page_size=10,
                page_token="p",
                history_length=1,
                updated_after="2026-01-01T00:00:00Z",
                include_artifacts=True,
            ),
            official.ListTasksRequest,
        ),
        (Operation.LIST_TASKS, ListTasksRequest(), official.ListTasksRequest),
        (
            Operation.CANCEL_TASK,
            CancelTaskRequest(id="t", metadata={"reason": "r"}),
            official.CancelTaskRequest,
        ),
        (
            Operation.SUBSCRIBE_TO_TASK,
            SubscribeToTaskRequest(id="t"),
            official.SubscribeToTaskRequest,
        ),
        (
            Operation.GET_EXTENDED_AGENT_CARD,
            GetExtendedAgentCardRequest(),
            official.GetExtendedAgentCardRequest,
        ),
    ],
)
def test_the_standards_own_types_read_every_other_request(
    operation: Operation, request_: object, kind: type[Any]
) -> None:
    params = JSONRPC.params(operation, request_)
    assert as_the_standard_reads_it(params, kind) == params
    assert REST.params(operation, request_) == params


def test_a_send_is_written_exactly() -> None:
    assert JSONRPC.params(Operation.SEND_STREAMING_MESSAGE, HELLO) == {
        "message": {
            "messageId": "m1",
            "role": "ROLE_USER",
            "parts": [{"text": "hi"}],
            "taskId": "t1",
            "contextId": "c1",
            "referenceTaskIds": ["t0"],
        },
        "configuration": {
            "acceptedOutputModes": ["text/plain"],
            "historyLength": 0,
            "returnImmediately": True,
        },
    }


@pytest.mark.parametrize("state", TaskState)
def test_a_state_is_written_as_the_standards_enum_and_read_back(state: TaskState) -> None:
    assert encode_state(state) in set(official.TaskState.keys())
    assert decode_state(encode_state(state)) is state


@pytest.mark.parametrize("data", [None, False, 0, "", [], {}, [1, None], {"a": None}])
def test_data_that_is_empty_is_still_written(data: Any) -> None:
    part = Part(kind="data", data=data)
    assert encode_part(part) == {"data": data}
    assert decode_part(encode_part(part)) == part


def test_members_without_a_value_are_left_out() -> None:
    assert encode_part(Part(kind="text")) == {"text": ""}
    assert encode_part(Part(kind="raw", raw=b"")) == {"raw": ""}


def test_both_bindings_name_the_version_exactly_and_know_every_operation() -> None:
    for dialect in (JSONRPC, REST):
        assert dict(dialect.headers) == {"A2A-Version": "1.0"}
        assert all(dialect.has(operation) for operation in Operation)
        assert set(dialect.encoders) == set(Operation)
