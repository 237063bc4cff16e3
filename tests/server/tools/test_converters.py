"""The input schemas pass the converters of strict hosts, with nothing lost on the way.

One schema that a model's service refuses makes every request fail while the server is attached.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Final

import pytest
from jsonschema import Draft7Validator
from real_agents.venvs import python_of
from tool_schemas import Schema, properties_of

from a2a_mcp.config.schema import ServerConfig
from a2a_mcp.server.tools.offer import offered_tools

CONVERTERS: Final = Path(__file__).with_name("converters.py")
CONVERT_SECONDS: Final = 60

INPUTS: Final[dict[str, Schema]] = {
    tool.name: tool.parameters for tool in offered_tools(ServerConfig())
}


@pytest.fixture(scope="module")
def converted() -> dict[str, dict[str, Schema]]:
    """The schemas of all tools as each converter makes them."""
    tools = [{"name": name, "inputSchema": schema} for name, schema in INPUTS.items()]
    done = subprocess.run(
        [str(python_of("converters")), str(CONVERTERS)],
        input=json.dumps(tools),
        capture_output=True,
        text=True,
        timeout=CONVERT_SECONDS,
        check=True,
    )
    result: dict[str, dict[str, Schema]] = json.loads(done.stdout)
    return result


@pytest.mark.parametrize("converter", ["openai_strict", "gemini_declaration"])
@pytest.mark.parametrize("name", INPUTS)
def test_a_strict_converter_keeps_every_property_with_type_and_description(
    name: str, converter: str, converted: dict[str, dict[str, Schema]]
) -> None:
    made = converted[converter][name]
    assert "error" not in made
    kept = dict(properties_of(made))
    for path, schema in properties_of(INPUTS[name]):
        assert kept[path]["type"].lower() == schema["type"]
        assert kept[path]["description"] == schema["description"]


@pytest.mark.parametrize("name", INPUTS)
def test_a_gemini_function_declaration_takes_the_schema_as_it_is(name: str) -> None:
    """The service takes one type for each property, items of lists, and members of objects."""
    schema = INPUTS[name]
    assert "$ref" not in json.dumps(schema)
    for path, inner in [("", schema), *properties_of(schema)]:
        assert isinstance(inner.get("type"), str), path
        assert inner.get("additionalProperties", False) is False, path
        assert inner["type"] != "object" or inner["properties"], path
        assert inner["type"] != "array" or inner["items"]["type"], path
        assert not inner.keys() & {"anyOf", "oneOf", "allOf", "const", "$defs"}, path


@pytest.mark.parametrize("name", INPUTS)
def test_the_schema_is_one_of_draft_7_without_references(name: str) -> None:
    Draft7Validator.check_schema(INPUTS[name])
    assert "$" not in json.dumps(INPUTS[name])


@pytest.mark.parametrize("name", INPUTS)
def test_every_property_has_a_description(name: str) -> None:
    for path, schema in properties_of(INPUTS[name]):
        assert schema.get("description"), path
