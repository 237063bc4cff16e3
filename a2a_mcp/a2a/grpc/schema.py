"""The language of the tables of messages: one row a message, made into protobuf's own description.

    "1 id string, 2 parts Part*, 3 size int32?, 4 url string in content, 5 by_name Part{}"

A field is its number, its name and its type. `*` repeats it, `{}` is a map by text, `?` tells an
absent value from the default, `in x` puts it into the choice `x`, and `as x` names it in JSON where
that differs. Types that are no scalars are messages or enums of the same table, or well-known ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from google.protobuf import descriptor_pb2

SCALARS: Final = {"int32": 5, "bool": 8, "string": 9, "bytes": 12}
MESSAGE: Final = 11
ENUM: Final = 14
OPTIONAL: Final = 1
REPEATED: Final = 3
SERVICE: Final = "A2AService"
WELL_KNOWN: Final = {
    "Any": "google/protobuf/any.proto",
    "Empty": "google/protobuf/empty.proto",
    "Struct": "google/protobuf/struct.proto",
    "Timestamp": "google/protobuf/timestamp.proto",
    "Value": "google/protobuf/struct.proto",
}


@dataclass(frozen=True, slots=True)
class Schema:
    """The messages, enums and methods of one proto package.

    `methods` are those of its service, by name: what is asked and what is given, with `*` for a
    stream of these. A message within another is named with it: `BadRequest.FieldViolation`.
    """

    package: str
    messages: Mapping[str, str]
    enums: Mapping[str, tuple[str, ...]]
    methods: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def described(schema: Schema) -> Any:
    """Return the FileDescriptorProto of a schema."""
    file = descriptor_pb2.FileDescriptorProto(
        name=f"{schema.package}.proto",
        package=schema.package,
        syntax="proto3",
        dependency=sorted(set(WELL_KNOWN.values())),
    )
    for name, values in schema.enums.items():
        enum = file.enum_type.add(name=name)
        for number, value in enumerate(values):
            enum.value.add(name=value, number=number)
    made: dict[str, Any] = {}
    for name, row in schema.messages.items():
        outer, _, own = name.rpartition(".")
        siblings = made[outer].nested_type if outer else file.message_type
        made[name] = siblings.add(name=own)
        _add_fields(made[name], name, row, schema)
    if schema.methods:
        _add_service(file, schema)
    return file


def _add_fields(message: Any, name: str, row: str, schema: Schema) -> None:
    for text in filter(None, map(str.strip, row.split(","))):
        number, field_name, kind, *more = text.split()
        made = message.field.add(number=int(number), name=field_name)
        marks = dict(zip(more[::2], more[1::2], strict=True))
        if "as" in marks:
            made.json_name = marks["as"]
        if kind.endswith("{}"):
            kind = f"{_add_entry(message, name, field_name, kind[:-2], schema)}*"
        _set_type(made, kind, schema)
        if "in" in marks:
            made.oneof_index = _choice(message, marks["in"])
    # What stands for `?` comes after the other choices: protobuf wants it so.
    for made in message.field:
        if made.proto3_optional:
            made.oneof_index = _choice(message, f"_{made.name}")


def _set_type(made: Any, kind: str, schema: Schema) -> None:
    made.label = REPEATED if kind.endswith("*") else OPTIONAL
    made.proto3_optional = kind.endswith("?")
    bare = kind.rstrip("*?")
    if bare in SCALARS:
        made.type = SCALARS[bare]
        return
    made.type = ENUM if bare in schema.enums else MESSAGE
    made.type_name = _full(bare, schema)


def _add_entry(message: Any, name: str, field_name: str, kind: str, schema: Schema) -> str:
    """Add the message that an entry of a map is; return its name."""
    own = "".join(word.capitalize() for word in field_name.split("_")) + "Entry"
    entry = message.nested_type.add(name=own)
    entry.options.map_entry = True
    _add_fields(entry, f"{name}.{own}", f"1 key string, 2 value {kind}", schema)
    return f"{name}.{own}"


def _choice(message: Any, name: str) -> int:
    """Return the place of a choice between fields, added where it is new."""
    names = [choice.name for choice in message.oneof_decl]
    if name not in names:
        message.oneof_decl.add(name=name)
        return len(names)
    return names.index(name)


def _add_service(file: Any, schema: Schema) -> None:
    service = file.service.add(name=SERVICE)
    for name, (asked, given) in schema.methods.items():
        service.method.add(
            name=name,
            input_type=_full(asked, schema),
            output_type=_full(given.rstrip("*"), schema),
            server_streaming=given.endswith("*"),
        )


def _full(name: str, schema: Schema) -> str:
    """Return the full name of a type, with the dot before it that says so."""
    package = "google.protobuf" if name in WELL_KNOWN else schema.package
    return f".{package}.{name}"
