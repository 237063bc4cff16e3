"""Convert the input schemas of tools as two hosts do; runs in an environment of its own.

Takes the tools as JSON on its standard input. Prints, for each converter and tool, the schema that
a model gets, or the error.
"""

import json
import sys
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from agents.strict_schema import ensure_strict_json_schema
from google.genai import types

Schema = dict[str, Any]


def openai_strict(schema: Schema) -> Schema:
    """Return the schema that openai-agents sends with convert_schemas_to_strict."""
    return ensure_strict_json_schema(schema)


def gemini_declaration(schema: Schema) -> Schema:
    """Return the schema of a function declaration of the Gemini API."""
    known = types.JSONSchema.model_validate(schema)
    made = types.Schema.from_json_schema(json_schema=known, raise_error_on_unsupported_field=True)
    return made.model_dump(mode="json", exclude_none=True)


def converted(convert: Callable[[Schema], Schema], schema: Schema) -> Schema:
    """Return a converted copy of a schema, or what the converter said."""
    try:
        return convert(deepcopy(schema))
    except Exception as error:  # noqa: BLE001 - whatever it raises, the schema was refused
        return {"error": str(error)}


tools = json.load(sys.stdin)
converters = (openai_strict, gemini_declaration)
done = {
    convert.__name__: {tool["name"]: converted(convert, tool["inputSchema"]) for tool in tools}
    for convert in converters
}
json.dump(done, sys.stdout)
