"""A tool that is lenient about what hosts add and strict about what a model means.

Null is the same as absent; an argument that no tool has is ignored and named in the result (one
host adds its own to every call), but one that is nearly a real name is refused as a typing error.
Faults are worded for a model and never repeat a value. `Tool` is internal to the SDK: everything
that leans on it stands here.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any, Final, Self

import mcp.types as t
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.tools import Tool
from mcp.shared.exceptions import MCPError
from pydantic import ValidationError

from a2a_mcp.server.tools.schemas import Schema
from a2a_mcp.text.truncate import shorten

log = logging.getLogger(__name__)

TYPO_CUTOFF: Final = 0.8
MOST_FAULTS: Final = 5
STRUCTURES: Final = frozenset({"array", "object", None})
INTERNAL_ERROR: Final = (
    "The bridge failed inside; this is a mistake in the bridge, not in the call. "
    "Tell the user; its log on stderr says more."
)


class StrictTool(Tool):
    """A tool of ours; see the module."""

    @classmethod
    def of(
        cls,
        function: Callable[..., Any],
        *,
        title: str,
        annotations: t.ToolAnnotations,
        output: Schema | None,
    ) -> Self:
        """Make a tool of a function whose docstring is its description."""
        description = " ".join((function.__doc__ or "").split())
        tool = cls.from_function(
            function, title=title, description=description, annotations=annotations
        )
        tool.parameters = slim(tool.parameters)
        tool.fn_metadata.output_schema = output
        return tool  # type: ignore[return-value]  # from_function is annotated as Tool, builds cls

    async def run(
        self, arguments: dict[str, Any], context: Context[Any, Any], convert_result: bool = False
    ) -> Any:
        """Run the tool; whatever goes wrong comes back as a result."""
        known = self.parameters.get("properties", {})
        given = {name: value for name, value in arguments.items() if value is not None}
        ignored = [name for name in given if name not in known]
        for name in ignored:
            meant = nearly(name, known)
            if meant:
                return fault(f"{self.name} has no argument {name[:80]!r}. Did you mean {meant!r}?")
        try:
            values = self._validated({name: given[name] for name in given if name in known})
        except ValidationError as error:
            return fault(self._words(error))
        try:
            result = await self.fn(**values, ctx=context)
        except MCPError:
            raise
        except Exception:  # the outermost boundary: a crash must still reach the model as words
            log.exception("tool %s failed", self.name)
            return fault(INTERNAL_ERROR, correct="")
        return (
            noted(result, ignored) if ignored and isinstance(result, t.CallToolResult) else result
        )

    def _validated(self, given: dict[str, Any]) -> dict[str, Any]:
        """Check the arguments; one host writes objects and lists as JSON text, so those are read.

        The SDK reads every text that way, also a message that happens to be JSON.
        """
        types = self.parameters.get("properties", {})
        read = {name: parsed(value, types[name].get("type")) for name, value in given.items()}
        model = self.fn_metadata.arg_model.model_validate(read)
        return model.model_dump_one_level()

    def _words(self, error: ValidationError) -> str:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        faults = dict.fromkeys(
            shorten(f"{'.'.join(map(str, item['loc'])) or 'arguments'}: {item['msg']}", 200)
            for item in found
        )
        shown = "; ".join(list(faults)[:MOST_FAULTS])
        more = f"; and {len(faults) - MOST_FAULTS} more" if len(faults) > MOST_FAULTS else ""
        return f"{self.name}: {shown}{more}."


def nearly(name: str, known: Iterable[str]) -> str | None:
    """Give the name that is meant, whatever its case and separators; None when it is far off."""
    plain = {candidate.replace("_", ""): candidate for candidate in known}
    letters = "".join(letter for letter in name.lower() if letter.isalnum())
    meant = get_close_matches(letters, plain, n=1, cutoff=TYPO_CUTOFF)
    return plain[meant[0]] if meant else None


def parsed(value: Any, kind: str | None) -> Any:
    """Read JSON text where a list, an object or any value is wanted."""
    if not isinstance(value, str) or kind not in STRUCTURES:
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def fault(words: str, correct: str = "Correct the arguments and call again.") -> t.CallToolResult:
    """Make the result of a call whose arguments are wrong: nothing was sent anywhere."""
    text = f"{words} {correct}".strip()
    structure = {"error": words} | ({"next_step": correct} if correct else {})
    return t.CallToolResult(
        content=[t.TextContent(type="text", text=text)],
        structured_content=structure,
        is_error=True,
    )


def noted(result: t.CallToolResult, ignored: list[str]) -> t.CallToolResult:
    """Name the ignored arguments in a result."""
    names = ", ".join(json.dumps(name[:80]) for name in ignored[:5])
    note = f"Ignored arguments that this tool does not have: {names}."
    result.content.append(t.TextContent(type="text", text=f"Note: {note}"))
    if result.structured_content is not None:
        earlier = result.structured_content.get("note")
        result.structured_content["note"] = f"{earlier} {note}" if earlier else note
    return result


def slim(schema: Any) -> Any:
    """Drop what costs context and says nothing: generated titles, null arms, null defaults."""
    if isinstance(schema, list):
        return [slim(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    arms = schema.get("anyOf")
    if isinstance(arms, list):
        real = [arm for arm in arms if arm != {"type": "null"}]
        if len(real) == 1:
            schema = {**real[0], **{k: v for k, v in schema.items() if k != "anyOf"}}
    return {
        key: {name: slim(item) for name, item in value.items()}
        if key in ("properties", "$defs")
        else slim(value)
        for key, value in schema.items()
        if not (key == "title" and isinstance(value, str)) and (key, value) != ("default", None)
    }
