"""A generated JSON schema without what costs context and says nothing.

The result accepts the same arguments: null is dropped before a schema is applied.
"""

from __future__ import annotations

from typing import Any, Final

NULL: Final = {"type": "null"}
MAPS_OF_SCHEMAS: Final = ("properties", "$defs")


def slim(schema: Any) -> Any:
    """Return a schema without generated titles, null alternatives and null defaults."""
    if isinstance(schema, list):
        return [slim(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    wanted = _without_null(schema).items()
    return {key: _slim_value(key, value) for key, value in wanted if not _is_noise(key, value)}


def _slim_value(key: str, value: Any) -> Any:
    if key in MAPS_OF_SCHEMAS:  # their keys are names, which may be "title" or "default"
        return {name: slim(schema) for name, schema in value.items()}
    return slim(value)


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
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
    if key == "title":
        return isinstance(value, str)
    return key == "default" and value is None
