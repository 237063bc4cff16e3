from typing import Any

import pytest
from a2a.compat.v0_3 import a2a_v0_3_pb2 as official
from google.protobuf.json_format import MessageToDict, ParseDict
from hypothesis import given, settings
from messages import HELLO, LINKS, OBJECT, TEXTS, data_parts, messages, sends

from a2a_mcp.a2a.decoding.events import decode_message
from a2a_mcp.a2a.errors import ContentTypeNotSupported, Delivery
from a2a_mcp.a2a.model import Message, Part
from a2a_mcp.a2a.requests import Operation, SendMessageRequest
from a2a_mcp.a2a.versions.v0_3_rest import REST, encode_message

MESSAGES = messages(TEXTS | LINKS | data_parts(OBJECT))
MANY = settings(max_examples=60)


def without_defaults(body: dict[str, Any]) -> dict[str, Any]:
    """Leave out what the proto's JSON does: empty lists and numbers and flags at their default."""
    configuration = {key: value for key, value in body["configuration"].items() if value}
    return body | {"configuration": configuration}


@MANY
@given(sends(MESSAGES))
def test_the_standards_own_types_read_every_send_as_it_was_meant(
    request: SendMessageRequest,
) -> None:
    body = REST.params(Operation.SEND_MESSAGE, request)
    read = MessageToDict(ParseDict(body, official.SendMessageRequest()))
    assert read == without_defaults(body)


@MANY
@given(MESSAGES)
def test_a_message_is_the_same_after_writing_and_reading(message: Message) -> None:
    assert decode_message(encode_message(message)) == message


def test_a_send_is_written_exactly() -> None:
    assert REST.params(Operation.SEND_MESSAGE, HELLO) == {
        "message": {
            "messageId": "m1",
            "role": "ROLE_USER",
            "content": [{"text": "hi"}],
            "taskId": "t1",
            "contextId": "c1",
        },
        "configuration": {
            "acceptedOutputModes": ["text/plain"],
            "historyLength": 0,
            "blocking": False,
        },
    }


def test_a_file_is_refused_before_anything_is_sent() -> None:
    parts = (Part(kind="raw", raw=b"x"),)
    request = HELLO.model_copy(
        update={"message": HELLO.message.model_copy(update={"parts": parts})}
    )
    with pytest.raises(ContentTypeNotSupported) as refused:
        REST.params(Operation.SEND_MESSAGE, request)
    assert refused.value.delivery is Delivery.NEVER


def test_every_path_stands_below_v1_and_there_is_no_listing() -> None:
    assert all(target.split(" ")[1].startswith("/v1/") for target in REST.targets.values())
    assert not REST.has(Operation.LIST_TASKS)
    assert dict(REST.headers) == {}
