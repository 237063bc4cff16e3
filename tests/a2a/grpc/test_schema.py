"""The tables of messages say what the SDKs' generated code says, and make classes of their own."""

import json
import subprocess
from typing import Any, Final

import pytest
from google.protobuf import descriptor_pool, json_format
from real_agents import descriptors
from real_agents.venvs import python_of

from a2a_mcp.a2a.grpc.pool import Pool
from a2a_mcp.a2a.grpc.schema import Schema, described
from a2a_mcp.a2a.grpc.schema_0_3 import V0_3
from a2a_mcp.a2a.grpc.schema_1_0 import V1_0
from a2a_mcp.a2a.requests import Operation

SECONDS: Final = 60
OFFICIAL: Final = {
    "1.0": (V1_0, "1.3", "a2a.types.a2a_pb2"),
    "0.3": (V0_3, "0.3", "a2a.grpc.a2a_pb2"),
}
"""Ours, and whose generated code describes the same: environment and module."""


def official(generation: str, module: str) -> dict[str, Any]:
    done = subprocess.run(
        [str(python_of(generation)), descriptors.__file__, module],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def ours(schema: Schema) -> dict[str, Any]:
    found: dict[str, Any] = json_format.MessageToDict(described(schema))
    return found


def messages(within: list[dict[str, Any]], prefix: str = "") -> dict[str, Any]:
    """Return every message with what its fields are: by number, and the choice that each is in."""
    found = {}
    for message in within:
        choices = [choice["name"] for choice in message.get("oneofDecl", [])]
        name = prefix + message["name"]
        found[name] = {
            field["number"]: (
                *(field.get(key) for key in ("name", "type", "label", "typeName")),
                field.get("jsonName", json_name(field["name"])),
                choices[field["oneofIndex"]] if "oneofIndex" in field else None,
                field.get("proto3Optional", False),
            )
            for field in message.get("field", [])
        } | {"map": message.get("options", {}).get("mapEntry", False)}
        found |= messages(message.get("nestedType", []), f"{name}.")
    return found


def json_name(name: str) -> str:
    first, *more = name.split("_")
    return first + "".join(word.capitalize() for word in more)


def methods(file: dict[str, Any]) -> dict[str, Any]:
    (service,) = file["service"]
    told = ("inputType", "outputType", "serverStreaming")
    return {
        f"{file['package']}.{service['name']}.{method['name']}": [
            method.get(key, False) for key in told
        ]
        for method in service["method"]
    }


def enums(file: dict[str, Any]) -> dict[str, Any]:
    return {
        enum["name"]: {value["name"]: value.get("number", 0) for value in enum["value"]}
        for enum in file["enumType"]
    }


@pytest.mark.parametrize("version", OFFICIAL)
def test_a_table_is_what_the_generated_code_of_its_version_says(version: str) -> None:
    schema, generation, module = OFFICIAL[version]
    wanted, made = official(generation, module), ours(schema)
    assert messages(made["messageType"]) == messages(wanted["messageType"])
    assert methods(made) == methods(wanted)
    assert enums(made) == enums(wanted)


def test_every_operation_has_a_method_of_its_name() -> None:
    assert {f"/lf.a2a.v1.A2AService/{name}" for name in Operation} <= Pool(V1_0).methods.keys()


def test_the_classes_are_in_a_pool_of_their_own() -> None:
    (send, *_) = Pool(V0_3).methods.values()
    assert send.asked.DESCRIPTOR.full_name == "a2a.v1.SendMessageRequest"
    assert send.asked.DESCRIPTOR.file.pool is not descriptor_pool.Default()


def test_json_becomes_a_message_and_json_again() -> None:
    method = Pool(V1_0).methods["/lf.a2a.v1.A2AService/SendMessage"]
    message = {
        "messageId": "m1",
        "role": "ROLE_USER",
        "parts": [{"data": {"a": [1, None]}}, {"raw": "AP8=", "filename": "x"}],
    }
    asked = json_format.ParseDict({"message": message}, method.asked())
    read = method.asked.FromString(asked.SerializeToString())
    assert json_format.MessageToDict(read) == {"message": message}


def held(number: int, content: bytes) -> bytes:
    """Return a field of bytes as it is on the wire."""
    return bytes([number << 3 | 2, len(content)]) + content


def test_an_errors_details_are_read_and_unknown_ones_left_out() -> None:
    pool = Pool(V1_0)
    info = held(1, b"TASK_NOT_FOUND") + held(2, b"a2a-protocol.org")
    kinds = (b"google.rpc.ErrorInfo", b"x.Unknown")
    details = [held(1, b"type.googleapis.com/" + kind) + held(2, info) for kind in kinds]
    status = b"".join(held(3, detail) for detail in details)
    assert pool.details(status) == [
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "TASK_NOT_FOUND",
            "domain": "a2a-protocol.org",
        }
    ]
    assert pool.details(b"\xff\xff garbage") == []
