"""A generated schema without what says nothing; the arguments it accepts stay the same."""

from __future__ import annotations

from typing import Any

import pytest

from a2a_mcp.server.tools.slim import slim

STRING = {"type": "string"}
NULL = {"type": "null"}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"title": "Name", "type": "string"}, STRING),
        ({"type": "string", "default": None}, STRING),
        ({"type": "string", "default": "x"}, {"type": "string", "default": "x"}),
        ({"anyOf": [STRING, NULL], "description": "d"}, {"type": "string", "description": "d"}),
        ({"anyOf": [STRING, {"type": "integer"}]}, {"anyOf": [STRING, {"type": "integer"}]}),
        (
            {"anyOf": [STRING, {"type": "integer"}, NULL]},
            {"anyOf": [STRING, {"type": "integer"}, NULL]},
        ),
        ({"items": {"title": "Item", "type": "string"}}, {"items": STRING}),
    ],
    ids=[
        "a title",
        "a null default",
        "another default stays",
        "one alternative besides null",
        "two alternatives stay",
        "two alternatives and null stay",
        "inside items",
    ],
)
def test_what_says_nothing_is_dropped(schema: Any, expected: Any) -> None:
    assert slim(schema) == expected


@pytest.mark.parametrize("name", ["title", "default", "$defs"])
def test_a_property_may_be_named_like_a_keyword(name: str) -> None:
    assert slim({"properties": {name: STRING}}) == {"properties": {name: STRING}}


def test_a_reference_is_replaced_by_what_it_leads_to() -> None:
    schema = {
        "properties": {
            "items": {"type": "array", "items": {"$ref": "#/$defs/Item"}},
            "one": {"anyOf": [{"$ref": "#/$defs/Item"}, NULL], "description": "one item"},
        },
        "$defs": {
            "Item": {"title": "Item", "properties": {"name": {"$ref": "#/$defs/Name"}}},
            "Name": STRING,
        },
    }
    item = {"properties": {"name": STRING}}
    assert slim(schema) == {
        "properties": {
            "items": {"type": "array", "items": item},
            "one": item | {"description": "one item"},
        }
    }


def test_the_schema_itself_is_not_changed() -> None:
    schema = {"anyOf": [STRING, NULL], "title": "Name"}
    slim(schema)
    assert schema == {"anyOf": [STRING, NULL], "title": "Name"}
