from typing import Any

import pytest
from a2a.compat.v0_3 import types as official
from hypothesis import given, settings
from messages import FILES, HELLO, LINKS, OBJECT, REFERENCES, TEXTS, data_parts, messages, sends

from a2a_mcp.a2a.bindings import jsonrpc
from a2a_mcp.a2a.decoding.events import decode_message
from a2a_mcp.a2a.decoding.parts import decode_part
from a2a_mcp.a2a.model import Message, Part
from a2a_mcp.a2a.requests import (
    CancelTaskRequest,
    GetExtendedAgentCardRequest,
    GetTaskRequest,
    Operation,
    SendMessageRequest,
    SubscribeToTaskRequest,
)
from a2a_mcp.a2a.versions.v0_3 import JSONRPC, JSONRPC_0_2, encode_message, encode_part

MESSAGES = messages(TEXTS | LINKS | FILES | data_parts(OBJECT), reference_task_ids=REFERENCES)
MANY = settings(max_examples=60)
OTHERS = [
    (Operation.GET_TASK, GetTaskRequest(id="t", history_length=0), official.GetTaskRequest),
    (
        Operation.CANCEL_TASK,
        CancelTaskRequest(id="t", metadata={"reason": "r"}),
        official.CancelTaskRequest,
    ),
    (
        Operation.SUBSCRIBE_TO_TASK,
        SubscribeToTaskRequest(id="t"),
        official.TaskResubscriptionRequest,
    ),
]


def called(operation: Operation, request: object) -> dict[str, Any]:
    params = JSONRPC.params(operation, request)
    body = jsonrpc.build("https://agent.example", JSONRPC.targets[operation], params).body
    assert isinstance(body, dict)
    return body


def as_the_standard_reads_it(body: dict[str, Any], kind: type[Any]) -> Any:
    """Read with types made from the standard's schema, and write what they know of it again."""
    model = kind.model_validate(body)
    return model.model_dump(mode="json", by_alias=True, exclude_unset=True)


@MANY
@given(sends(MESSAGES))
def test_the_standards_own_types_read_every_send_as_it_was_meant(
    request: SendMessageRequest,
) -> None:
    body = called(Operation.SEND_MESSAGE, request)
    assert as_the_standard_reads_it(body, official.SendMessageRequest) == body
    streamed = called(Operation.SEND_STREAMING_MESSAGE, request)
    assert as_the_standard_reads_it(streamed, official.SendStreamingMessageRequest) == streamed


@MANY
@given(MESSAGES)
def test_a_message_is_the_same_after_writing_and_reading(message: Message) -> None:
    assert decode_message(encode_message(message)) == message


@pytest.mark.parametrize(("operation", "request_", "kind"), OTHERS)
def test_the_standards_own_types_read_every_other_request(
    operation: Operation, request_: object, kind: type[Any]
) -> None:
    body = called(operation, request_)
    assert as_the_standard_reads_it(body, kind) == body


def test_the_extended_card_is_asked_for_by_its_method() -> None:
    body = called(Operation.GET_EXTENDED_AGENT_CARD, GetExtendedAgentCardRequest())
    official.GetAuthenticatedExtendedCardRequest.model_validate(body)


def test_a_send_is_written_exactly() -> None:
    assert JSONRPC.params(Operation.SEND_MESSAGE, HELLO) == {
        "message": {
            "kind": "message",
            "messageId": "m1",
            "role": "user",
            "parts": [{"kind": "text", "text": "hi"}],
            "taskId": "t1",
            "contextId": "c1",
            "referenceTaskIds": ["t0"],
        },
        "configuration": {
            "acceptedOutputModes": ["text/plain"],
            "historyLength": 0,
            "blocking": False,
        },
    }


def test_accepted_output_modes_are_always_there_and_blocking_only_when_asked() -> None:
    plain = SendMessageRequest(message=HELLO.message)
    params = JSONRPC.params(Operation.SEND_MESSAGE, plain)
    assert params["configuration"] == {"acceptedOutputModes": []}


@pytest.mark.parametrize("data", [None, False, 3, "a", [1], []])
def test_data_that_is_no_object_is_wrapped_into_one(data: Any) -> None:
    written = encode_part(Part(kind="data", data=data))
    assert written == {"kind": "data", "data": {"value": data}}
    assert decode_part(written).data == {"value": data}


def test_an_empty_file_is_still_written() -> None:
    part = Part(kind="raw", raw=b"")
    assert encode_part(part) == {"kind": "file", "file": {"bytes": ""}}
    assert decode_part(encode_part(part)) == part


def test_there_is_no_version_header_and_no_listing() -> None:
    for dialect in (JSONRPC, JSONRPC_0_2):
        assert dict(dialect.headers) == {}
        assert [operation for operation in Operation if not dialect.has(operation)] == [
            Operation.LIST_TASKS
        ]
        assert set(dialect.encoders) == set(dialect.targets)
