"""Make protobuf's classes of a schema's messages, in a pool of their own.

A pool of their own, because an agent's library in the same process may register messages of the
same names in the one that all share. The details of an error are read here too: their types are
named in them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf import (
    any_pb2,
    descriptor_pool,
    empty_pb2,
    json_format,
    message_factory,
    struct_pb2,
    timestamp_pb2,
)
from google.protobuf.message import DecodeError

from a2a_mcp.a2a.grpc.schema import Schema, described
from a2a_mcp.a2a.model import JSON

WELL_KNOWN: Final = (any_pb2, empty_pb2, struct_pb2, timestamp_pb2)
# What an error's details hold (google.rpc), as far as it is read.
ERRORS: Final = Schema(
    "google.rpc",
    {
        "Status": "1 code int32, 2 message string, 3 details Any*",
        "ErrorInfo": "1 reason string, 2 domain string, 3 metadata string{}",
        "BadRequest": "1 field_violations BadRequest.FieldViolation*",
        "BadRequest.FieldViolation": "1 field string, 2 description string",
    },
    {},
)


@dataclass(frozen=True, slots=True)
class Method:
    """A method of the service: the class of what is asked, and of what is given."""

    asked: Any
    given: Any


class Pool:
    """The classes of one version's messages; making them takes two milliseconds."""

    def __init__(self, schema: Schema) -> None:
        self._pool: Any = descriptor_pool.DescriptorPool()
        for known in WELL_KNOWN:
            self._pool.AddSerializedFile(known.DESCRIPTOR.serialized_pb)
        for each in (schema, ERRORS):
            self._pool.AddSerializedFile(described(each).SerializeToString())
        self._status = self._class_of("google.rpc.Status")
        self.methods: Mapping[str, Method] = dict(self._methods(f"{schema.package}.A2AService"))
        """By the path at which a method is called."""

    def _methods(self, service: str) -> Iterator[tuple[str, Method]]:
        for method in self._pool.FindServiceByName(service).methods:
            asked, given = method.input_type.full_name, method.output_type.full_name
            yield f"/{service}/{method.name}", Method(self._class_of(asked), self._class_of(given))

    def _class_of(self, name: str) -> Any:
        return message_factory.GetMessageClass(self._pool.FindMessageTypeByName(name))

    def details(self, status: bytes) -> list[JSON]:
        """Return the details in a google.rpc.Status as JSON; unknown ones are left out."""
        try:
            details = self._status.FromString(status).details
        except DecodeError:
            return []
        return [read for detail in details if (read := self._detail(detail))]

    def _detail(self, detail: Any) -> JSON:
        try:
            return json_format.MessageToDict(detail, descriptor_pool=self._pool)
        except (DecodeError, json_format.Error, TypeError):  # the last of an unknown type
            return None
