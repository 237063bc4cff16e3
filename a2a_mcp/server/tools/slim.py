"""A generated JSON schema without what costs context and says nothing, and without references.

The result accepts the same arguments: null is dropped before a schema is applied. References are
replaced by what they lead to, because hosts and models' services refuse them.
"""

from __future__ import annotations

from typing import Any, Final

NULL: Final = {"type": "null"}
DEFINITIONS: Final = "$defs"

Schema = dict[str, Any]


def slim(schema: Schema) -> Schema:
    """Return a schema without generated titles, null alternatives, null defaults and references.

    A schema that refers to itself is not supported.
    """
    slimmed: Schema = _slim(schema, schema.get(DEFINITIONS, {}))
    return slimmed


def _slim(schema: Any, definitions: Schema) -> Any:
    if isinstance(schema, list):
        return [_slim(item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    wanted = _resolved(_without_null(schema), definitions).items()
    return {
        key: _slim_value(key, value, definitions)
        for key, value in wanted
        if not _is_noise(key, value)
    }


def _slim_value(key: str, value: Any, definitions: Schema) -> Any:
    if key == "properties":  # its keys are names, which may be "title" or "default"
        return {name: _slim(schema, definitions) for name, schema in value.items()}
    return _slim(value, definitions)


def _resolved(schema: Schema, definitions: Schema) -> Schema:
    """Return a schema with the definition that it refers to in place of the reference.

    The definition's own description is the docstring of a class, which is for people.
    """
    reference = schema.get("$ref")
    if not isinstance(reference, str):
        return schema
    rest = {key: value for key, value in schema.items() if key != "$ref"}
    definition = definitions[reference.rpartition("/")[2]]
    return {key: value for key, value in definition.items() if key != "description"} | rest


def _without_null(schema: Schema) -> Schema:
    """Return the only alternative besides null in place of `anyOf`, if there is just one."""
    alternatives = schema.get("anyOf")
    if not isinstance(alternatives, list):
        return schema
    real = [alternative for alternative in alternatives if alternative != NULL]
    if len(real) != 1:
        return schema
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    return {**real[0], **rest}


def _is_noise(key: str, value: Any) -> bool:
    if key == DEFINITIONS:
        return True
    if key == "title":
        return isinstance(value, str)
    return key == "default" and value is None
