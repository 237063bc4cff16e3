"""A tool that accepts what hosts add and refuses what a model mistypes.

Null is the same as absent, and so is an empty text for an argument that is not required: hosts in
a strict mode make a model give every argument. An argument that no tool has is ignored and named in
the result, because some hosts add their own to every call; one that is close to a real name is
refused as a typing error. An error never repeats a value. `Tool` is internal to the SDK: only this
module uses it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any, Final, Self, TypeAlias

import mcp.types as t
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.tools import Tool
from mcp.shared.exceptions import MCPError
from pydantic import ValidationError

from a2a_mcp.presentation import error_sentences, sentences
from a2a_mcp.server.call import app_of
from a2a_mcp.server.tools.schemas import Schema
from a2a_mcp.server.tools.slim import slim
from a2a_mcp.text.truncate import shorten

log = logging.getLogger(__name__)

Arguments: TypeAlias = dict[str, Any]

SIMILARITY: Final = 0.8
SHOWN_PROBLEMS: Final = 5
PROBLEM_BYTES: Final = 200
SHOWN_NAMES: Final = 5
NAME_CHARACTERS: Final = 80
POINTER: Final = "pointer"
PLAIN_WORDS: Final = {"Field required": "is missing", "Extra inputs are not permitted": "not known"}
"""What is said for some words of the validator."""


class StrictTool(Tool):
    """A tool of this server; the module says what it accepts."""

    @classmethod
    def of(
        cls,
        function: Callable[..., Any],
        *,
        title: str,
        annotations: t.ToolAnnotations,
        output: Schema | None,
    ) -> Self:
        """Return the tool of a function whose docstring is the description."""
        description = " ".join((function.__doc__ or "").split())
        tool = cls.from_function(
            function, title=title, description=description, annotations=annotations
        )
        tool.parameters = slim(tool.parameters)
        tool.fn_metadata.output_schema = output
        return tool  # type: ignore[return-value]  # from_function is annotated as Tool, builds cls

    async def run(
        self, arguments: Arguments, context: Context[Any, Any], convert_result: bool = False
    ) -> Any:
        """Run the tool; return every failure as a result, except an MCPError."""
        given = {name: value for name, value in arguments.items() if self._says(name, value)}
        known = {name: value for name, value in given.items() if name in self._properties}
        ignored = [name for name in given if name not in known]
        mistyped = self._mistyped(ignored)
        if mistyped:
            return self._refused(context, mistyped)
        try:
            values = self._validated(known)
        except ValidationError as error:
            return self._refused(context, self._problems(error))
        try:
            result = await self.fn(context, **values)
        except MCPError:
            raise
        except Exception:  # the outermost boundary: a crash must still reach the model as words
            log.exception("tool %s failed", self.name)
            return error_result(error_sentences.BRIDGE_FAILED)
        if ignored and isinstance(result, t.CallToolResult):
            name_ignored(result, ignored)
        return result

    def _refused(self, context: Context[Any, Any], words: str) -> t.CallToolResult:
        """Return the result of a call with wrong arguments, of which the audit gets none."""
        if audit := app_of(context).audit:
            audit.note_end(context.request_context, self.name, {})
        return refusal(words)

    def _says(self, name: str, value: Any) -> bool:
        """Return whether an argument says anything; an empty pointer leads to the whole data."""
        needed = name == POINTER or name in self.parameters.get("required", ())
        return value is not None and (value != "" or needed)

    @property
    def _properties(self) -> dict[str, Schema]:
        found: dict[str, Schema] = self.parameters.get("properties", {})
        return found

    def _mistyped(self, unknown: list[str]) -> str | None:
        """Return what to say about the first unknown name that is close to a real one."""
        for name in unknown:
            meant = closest(name, self._properties)
            if meant:
                return error_sentences.no_such_argument(self.name, name[:NAME_CHARACTERS], meant)
        return None

    def _validated(self, given: Arguments) -> Arguments:
        """Return the arguments as the function takes them; raises ValidationError.

        The SDK's own way reads every text as JSON, also a message that happens to be JSON.
        """
        model = self.fn_metadata.arg_model.model_validate(given)
        return model.model_dump_one_level()

    def _problems(self, error: ValidationError) -> str:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        problems = list(dict.fromkeys(_problem(item["loc"], item["msg"]) for item in found))
        shown = "; ".join(problems[:SHOWN_PROBLEMS])
        more = len(problems) - SHOWN_PROBLEMS
        return f"{self.name}: {shown}; and {more} more." if more > 0 else f"{self.name}: {shown}."


def _problem(location: tuple[int | str, ...], message: str) -> str:
    where = ".".join(map(str, location)) or "arguments"
    plain = PLAIN_WORDS.get(message, message.replace("Input should be", "must be"))
    return shorten(f"{where}: {plain}", PROBLEM_BYTES)


def closest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is meant, whatever its case and separators; None if none is."""
    plain = {candidate.replace("_", ""): candidate for candidate in known}
    letters = "".join(letter for letter in name.lower() if letter.isalnum())
    matches = get_close_matches(letters, plain, n=1, cutoff=SIMILARITY)
    return plain[matches[0]] if matches else None


def refusal(words: str) -> t.CallToolResult:
    """Return the result of a call with wrong arguments; nothing was sent anywhere."""
    return error_result(words, error_sentences.CORRECT_ARGUMENTS)


def error_result(words: str, next_step: str | None = None) -> t.CallToolResult:
    """Return an error in both channels."""
    structure = {"error": words}
    if next_step:
        structure["next_step"] = next_step
    text = sentences.join(words, next_step) or ""
    return t.CallToolResult(
        content=[t.TextContent(type="text", text=text)],
        structured_content=structure,
        is_error=True,
    )


def name_ignored(result: t.CallToolResult, ignored: list[str]) -> None:
    """Add a note to a result that names the ignored arguments."""
    names = ", ".join(json.dumps(name[:NAME_CHARACTERS]) for name in ignored[:SHOWN_NAMES])
    note = error_sentences.arguments_ignored(names)
    result.content.append(t.TextContent(type="text", text=f"Note: {note}"))
    if result.structured_content is not None:
        earlier = result.structured_content.get("note")
        result.structured_content["note"] = sentences.join(earlier, note)
