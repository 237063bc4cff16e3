"""A question as a form for a person, and the person's answer in the shape that the agent wants.

Pure. A question with one flat JSON schema becomes a form with its fields, answered with data; any
other becomes one line of text. No field has a default: only what a person typed is an answer.
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
MakePart = Callable[[JSON], Part]

ANSWER: Final = "answer"
ONE_LINE: Final[Schema] = {
    "type": "object",
    "properties": {ANSWER: {"type": "string", "title": "Answer"}},
    "required": [ANSWER],
}
LABEL_BYTES: Final = 300
NAME_LETTERS: Final = 64
CHOICE_LETTERS: Final = 300
MOST_FIELDS: Final = 20
MOST_CHOICES: Final = 50

# The members that a form's field may have, by its type (MCP: PrimitiveSchemaDefinition).
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
    """The fields that a person is asked to fill in, and what makes a message part of them."""

    schema: Schema
    make_part: MakePart

    @property
    def shown(self) -> Schema:
        """Return the schema with shortened labels, as a person sees it.

        Look for secrets in `schema`, which has the labels whole: half of a secret matches nothing.
        """
        fields = self.schema["properties"]
        shortened = {name: _with_short_labels(field) for name, field in fields.items()}
        return self.schema | {"properties": shortened}

    def answer(self, given: Mapping[str, JSON]) -> tuple[Part, ...]:
        """Return the parts of the answering message; none where a required field is empty."""
        names = self.schema["properties"]
        filled = {name: given[name] for name in names if given.get(name) not in (None, "")}
        if not filled or any(name not in filled for name in self.schema["required"]):
            return ()
        value = filled[ANSWER] if self.schema is ONE_LINE else filled
        return (self.make_part(value),)


def _with_short_labels(field: Schema) -> Schema:
    return field | {it: shorten(field[it], LABEL_BYTES) for it in LABELS if it in field}


def form_of(task: Task) -> Form | None:
    """Return the form of a task's question; None for several questions with an answer each."""
    data = [part for part in parts_of(task) if part.kind == "data"]
    schema = _schema_of(data)
    custom = [make_part for part in data for make_part in _framework_answers(part)]
    if len(custom) > 1:
        return None
    if custom:
        return Form(schema, custom[0])
    return Form(schema, _text if schema is ONE_LINE else _data)


# --- the answer ---


def _text(value: JSON) -> Part:
    return Part(kind="text", text=str(value))


def _data(value: JSON) -> Part:
    return Part(kind="data", data=value)


def _framework_answers(part: Part) -> Iterator[MakePart]:
    """Yield what makes the answers that the agent's framework wants for a part."""
    if not isinstance(part.data, dict):
        return
    for name, kind in part.metadata.items():
        if kind == "function_call" and (name == "type" or name.endswith("_type")):
            yield partial(_function_response, part.data, {name: "function_response"})
    for interrupt_id in _interrupt_ids(part.data.get("interrupts")):
        yield partial(_interrupt_response, interrupt_id)


def _interrupt_ids(interrupts: JSON) -> Iterator[str]:
    if not isinstance(interrupts, list):
        return
    for item in interrupts:
        known = (item.get("interruptId") or item.get("id")) if isinstance(item, dict) else None
        if isinstance(known, str):
            yield known


def _function_response(call: dict[str, JSON], metadata: dict[str, JSON], value: JSON) -> Part:
    """Answer a function call as Google ADK, and frameworks built on it, expect."""
    response = value if isinstance(value, dict) else {"result": value}
    ids = {name: call[name] for name in ("id", "name") if name in call}
    return Part(kind="data", data=ids | {"response": response}, metadata=metadata)


def _interrupt_response(interrupt_id: str, value: JSON) -> Part:
    """Answer an interrupt of Strands, which takes one data part and no text."""
    return _data({"interruptResponse": {"interruptId": interrupt_id, "response": value}})


# --- the fields ---


def _schema_of(data: list[Part]) -> Schema:
    """Return the schema of the form: the question's only one if it is flat, else one line."""
    found = [schema for part in data for schema in _schemas(part.data)]
    if len(found) != 1:
        return ONE_LINE
    return _flat(found[0]) or ONE_LINE


def _schemas(value: JSON, depth: int = DEPTH) -> Iterator[Schema]:
    """Yield the JSON schemas of objects in a question's data."""
    if _is_object_schema(value):
        yield value
    elif depth and isinstance(value, dict | list):
        for member in value.values() if isinstance(value, dict) else value:
            yield from _schemas(member, depth - 1)


def _is_object_schema(value: JSON) -> bool:
    if not isinstance(value, dict):
        return False
    return value.get("type") == "object" and isinstance(value.get("properties"), dict)


def _flat(schema: Schema) -> Schema | None:
    """Return a schema as a form may have it; None where a field is no plain value.

    Required fields come first, in the order of `required`: a2a-sdk 1.x sends `properties` in a
    different order each time, because protobuf maps have none, but a list keeps its order.
    """
    properties = schema["properties"]
    if not 0 < len(properties) <= MOST_FIELDS or not all(map(_is_name, properties)):
        return None
    required = _required(schema)
    order = dict.fromkeys([*required, *properties])
    fields = {name: _field(_without_null(properties[name])) for name in order}
    if not all(fields.values()):
        return None
    return {"type": "object", "properties": fields, "required": required}


def _required(schema: Schema) -> list[str]:
    """Return the names of the required fields, each once."""
    wanted = schema.get("required")
    if not isinstance(wanted, list):
        return []
    named = [name for name in wanted if isinstance(name, str)]
    return [name for name in dict.fromkeys(named) if name in schema["properties"]]


def _is_name(name: str) -> bool:
    return 0 < len(name) <= NAME_LETTERS and name.isprintable() and scrub(name) == name


def _field(field: JSON) -> Schema | None:
    """Return a field with the members that a form may have; None for a field of another type."""
    kind = field.get("type") if isinstance(field, dict) else None
    if not isinstance(kind, str) or kind not in FIELDS:
        return None
    kept: Schema = {"type": kind}
    for name, wanted in FIELDS[kind].items():
        if _is_of_type(field.get(name), wanted):
            kept[name] = scrub(field[name]) if wanted is str else field[name]
    if kept.get("format") not in FORMATS:
        kept.pop("format", None)
    return _with_choices(kept, field["enum"]) if "enum" in field else kept


def _is_of_type(value: JSON, wanted: type) -> bool:
    if wanted is str:
        return isinstance(value, str)
    return isinstance(value, int | wanted) and not isinstance(value, bool)


def _with_choices(kept: Schema, choices: JSON) -> Schema | None:
    """Return a field with its choices; None where they are not all texts, as forms need."""
    if kept["type"] != "string" or not isinstance(choices, list):
        return None
    if not 0 < len(choices) <= MOST_CHOICES or not all(map(_is_choice, choices)):
        return None
    labels = {name: kept[name] for name in LABELS if name in kept}
    return {"type": "string", **labels, "enum": choices}


def _is_choice(choice: JSON) -> bool:
    return isinstance(choice, str) and len(choice) <= CHOICE_LETTERS and scrub(choice) == choice


def _without_null(field: JSON) -> JSON:
    """Return an optional field without its null type, which is written in two ways."""
    if not isinstance(field, dict):
        return field
    kind = _only_other(field.get("type"), "null")
    if kind is not None:
        return field | {"type": kind}
    arm = _only_other(field.get("anyOf"), {"type": "null"})
    return field | arm if isinstance(arm, dict) else field


def _only_other(items: JSON, null: JSON) -> JSON:
    """Return the only item of a list that is not `null`; None where it is no such list."""
    if not isinstance(items, list):
        return None
    others = [item for item in items if item != null]
    return others[0] if len(others) == 1 else None
