"""A question as a form for a person, and the person's answer as the agent wants it. Pure.

Where the question holds a flat JSON schema, its fields are asked for and the answer goes back as
data; else it is one line of text. No field comes with a default: what a person has not typed is not
the person's answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from a2a_mcp.a2a.model import JSON, Part, Task
from a2a_mcp.elicitation.question import DEPTH, parts_of
from a2a_mcp.text.truncate import shorten
from a2a_mcp.text.untrusted import scrub

Schema = dict[str, Any]
Reply = Callable[[JSON], Part]

ANSWER: Final = "answer"
ONE_LINE: Final[Schema] = {
    "type": "object",
    "properties": {ANSWER: {"type": "string", "title": "Answer"}},
    "required": [ANSWER],
}
LABEL_BYTES: Final = 300
NAME_LETTERS: Final = 64
MOST_FIELDS: Final = 20
MOST_CHOICES: Final = 50

# What a form may say of a field, by its type (MCP's PrimitiveSchemaDefinition).
LABELS: Final[dict[str, type]] = {"title": str, "description": str}
FIELDS: Final[dict[str, dict[str, type]]] = {
    "string": LABELS | {"minLength": int, "maxLength": int, "format": str},
    "number": LABELS | {"minimum": float, "maximum": float},
    "integer": LABELS | {"minimum": int, "maximum": int},
    "boolean": LABELS,
}
FORMATS: Final = frozenset({"email", "uri", "date", "date-time"})


@dataclass(frozen=True, slots=True)
class Form:
    """The fields that a person is asked to fill in, and what makes a part of them."""

    schema: Schema
    reply: Reply

    @property
    def shown(self) -> Schema:
        """The schema with labels of a length that a person reads; `schema` has them whole.

        Half of a secret would pass whoever looks for one.
        """
        fields = {
            name: field | {it: shorten(field[it], LABEL_BYTES) for it in LABELS if it in field}
            for name, field in self.schema["properties"].items()
        }
        return self.schema | {"properties": fields}

    def answer(self, given: Mapping[str, JSON]) -> tuple[Part, ...]:
        """Make the message's parts of what a person gave; none where something is missing."""
        filled = {
            name: given[name]
            for name in self.schema["properties"]
            if given.get(name) not in (None, "")
        }
        if not filled or any(name not in filled for name in self.schema["required"]):
            return ()
        return (self.reply(filled[ANSWER] if self.schema is ONE_LINE else filled),)


def form_of(task: Task) -> Form | None:
    """Make the form of a task's question; None for several questions that want an answer each."""
    data = [part for part in parts_of(task) if part.kind == "data"]
    schema = _schema_of(data)
    replies = [reply for part in data for reply in _customs(part)]
    if len(replies) > 1:
        return None
    return Form(schema, replies[0] if replies else _text if schema is ONE_LINE else _data)


# --- the answer ---


def _text(value: JSON) -> Part:
    return Part(kind="text", text=str(value))


def _data(value: JSON) -> Part:
    return Part(kind="data", data=value)


def _customs(part: Part) -> Iterator[Reply]:
    """Give the answers that a part wants by the custom of its framework."""
    data = part.data
    if not isinstance(data, dict):
        return
    for name, kind in part.metadata.items():
        if kind == "function_call" and (name == "type" or name.endswith("_type")):
            yield partial(_function_response, data, {name: "function_response"})
    interrupts = data.get("interrupts")
    for item in interrupts if isinstance(interrupts, list) else ():
        known = (item.get("interruptId") or item.get("id")) if isinstance(item, dict) else None
        if isinstance(known, str):
            yield partial(_interrupt_response, known)


def _function_response(call: dict[str, JSON], metadata: dict[str, JSON], value: JSON) -> Part:
    """Answer a function call of Google ADK, or of one of its kin."""
    response = value if isinstance(value, dict) else {"result": value}
    ids = {name: call[name] for name in ("id", "name") if name in call}
    return Part(kind="data", data=ids | {"response": response}, metadata=metadata)


def _interrupt_response(interrupt: str, value: JSON) -> Part:
    """Answer an interrupt of Strands, which takes a lone data part and no text."""
    given = {"interruptId": interrupt, "response": value}
    return _data({"interruptResponse": given})


# --- the fields ---


def _schema_of(data: list[Part]) -> Schema:
    """Give the schema of the question's form: its own where it has one, and that is flat."""
    found = [schema for part in data for schema in _schemas(part.data)]
    flat = _flat(found[0]) if len(found) == 1 else None
    return flat or ONE_LINE


def _schemas(value: JSON, depth: int = DEPTH) -> Iterator[Schema]:
    """Find the JSON schemas of objects in a question's data."""
    table = value if isinstance(value, dict) else {}
    if table.get("type") == "object" and isinstance(table.get("properties"), dict):
        yield table
    elif isinstance(value, dict | list) and depth:
        for member in table.values() or value:
            yield from _schemas(member, depth - 1)


def _flat(schema: Schema) -> Schema | None:
    """Give a schema as a form may have it; None where a field is no plain value.

    What must be filled in comes first, as the schema lists it: a list keeps its order, but a2a-sdk
    1.x tells `properties` in another one each time (protobuf maps have none).
    """
    properties, wanted = schema["properties"], schema.get("required")
    if not 0 < len(properties) <= MOST_FIELDS or not all(map(_is_name, properties)):
        return None
    named = [it for it in wanted if isinstance(it, str)] if isinstance(wanted, list) else []
    required = [name for name in dict.fromkeys(named) if name in properties]
    order = dict.fromkeys([*required, *properties])
    fields = {name: _field(_without_null(properties[name])) for name in order}
    if not all(fields.values()):
        return None
    return {"type": "object", "properties": fields, "required": required}


def _is_name(name: str) -> bool:
    return 0 < len(name) <= NAME_LETTERS and name.isprintable() and scrub(name) == name


def _field(field: JSON) -> Schema | None:
    said = field.get("type") if isinstance(field, dict) else None
    if not isinstance(said, str) or said not in FIELDS:
        return None
    kept: Schema = {"type": said}
    for name, kind in FIELDS[said].items():
        value = field.get(name)
        if kind is str and isinstance(value, str):
            kept[name] = scrub(value)
        elif kind is not str and isinstance(value, int | kind) and not isinstance(value, bool):
            kept[name] = value
    if kept.get("format") not in FORMATS:
        kept.pop("format", None)
    return _with_choices(kept, field["enum"]) if "enum" in field else kept


def _with_choices(kept: Schema, choices: JSON) -> Schema | None:
    """Add a field's choices; None where they are no texts, since a form has no others."""
    if kept["type"] != "string" or not isinstance(choices, list):
        return None
    if not 0 < len(choices) <= MOST_CHOICES or not all(map(_is_choice, choices)):
        return None
    labels = {name: kept[name] for name in LABELS if name in kept}
    return {"type": "string", **labels, "enum": choices}


def _is_choice(choice: JSON) -> bool:
    return isinstance(choice, str) and len(choice) <= LABEL_BYTES and scrub(choice) == choice


def _without_null(field: JSON) -> JSON:
    """Read a field that may be left out, in the two ways in which that is written."""
    if not isinstance(field, dict):
        return field
    kinds, arms = field.get("type"), field.get("anyOf")
    if isinstance(kinds, list) and len(real := [kind for kind in kinds if kind != "null"]) == 1:
        return field | {"type": real[0]}
    if (
        isinstance(arms, list)
        and len(real := [arm for arm in arms if arm != {"type": "null"}]) == 1
    ):
        return field | real[0] if isinstance(real[0], dict) else field
    return field
