"""Arguments that hold JSON: declared as text, taken as text or as the value itself.

A schema of any value, or of an object with any members, is refused by some models' services
together with every request: Gemini takes one type for each property and no object without members,
OpenAI's strict mode leaves an object without members empty, Codex drops what has no type. All of
them take a text. Models and hosts that send the value itself are understood as well.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from a2a_mcp.files.file_argument import FileIn

OPENING: Final = ("{", "[")
INVALID: Final = "begins like JSON, but is not: {reason}"


def read_json_text(value: Any) -> Any:
    """Return what a JSON text holds; any other value, and a plain text, as it is.

    Raises PydanticCustomError for a text that begins like an object or a list and is neither:
    it would reach the agent as a text that was meant as data.
    """
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError) as error:
        if value.lstrip().startswith(OPENING):
            raise PydanticCustomError("json_text", INVALID, {"reason": _reason(error)}) from None
        return value


def _reason(error: Exception) -> str:
    """Return what is wrong, without the text itself."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg}, line {error.lineno} column {error.colno}"
    return "it is nested too deeply"


AS_TEXT: Final = WithJsonSchema({"type": "string"})
FROM_TEXT: Final = BeforeValidator(read_json_text)

JsonValue = Annotated[Any, FROM_TEXT, AS_TEXT]
JsonObject = Annotated[dict[str, Any], FROM_TEXT, AS_TEXT]
Files = Annotated[list[FileIn], FROM_TEXT]
