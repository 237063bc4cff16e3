"""Faults of the configuration, worded for the person who wrote the file.

The words name keys and never repeat values: a value may be a secret in the wrong place.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final, NamedTuple

from pydantic import BaseModel, ValidationError

from a2a_mcp.config.auth import AUTH_TABLES
from a2a_mcp.config.limits import Limits
from a2a_mcp.config.schema import ServerConfig
from a2a_mcp.text.truncate import shorten
from a2a_mcp.text.untrusted import scrub

_KINDS: Final = ", ".join(AUTH_TABLES)
_WORDS: Final = {
    "missing": "is missing",
    "string_type": "must be text in quotes",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "tuple_type": "must be a list",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "dataclass_type": "must be a table",
    "too_short": "must not be empty",
    "string_too_short": "must not be empty",
    "union_tag_not_found": f"type is missing; it is one of {_KINDS}",
    "union_tag_invalid": f"type must be one of {_KINDS}",
}


class Fault(NamedTuple):
    """What is wrong with one key; the key is empty for a fault of the whole table."""

    key: str
    reason: str

    def __str__(self) -> str:
        return f"{self.key}: {self.reason}" if self.key else self.reason

    def at(self, source: str, table: str = "") -> str:
        """Return the line `source: key: reason`, with the key below `table`."""
        key = ".".join(filter(None, (table, self.key)))
        return f"{source}: {key}: {self.reason}" if key else f"{source}: {self.reason}"


def faults_in(error: ValidationError, model: type[BaseModel]) -> list[Fault]:
    """Return a fault for each error of a validation of `model`."""
    found = []
    for item in error.errors(include_url=False, include_input=False, include_context=False):
        path = item["loc"]
        if item["type"] == "extra_forbidden":
            names = [f.alias or name for name, f in _model_at(path, model).model_fields.items()]
            reason = f"unknown key{did_you_mean(str(path[-1]), names)}"
        else:
            reason = _WORDS.get(item["type"]) or _plain(item["msg"])
        found.append(Fault(_key(path), reason))
    return found


def did_you_mean(word: str, names: Sequence[str]) -> str:
    """Return `; did you mean …?` with the nearest of `names`, or an empty text."""
    close = get_close_matches(word, names, n=1)
    return f"; did you mean {shown(close[0])}?" if close else ""


def shown(name: str) -> str:
    """Return a name from the file, made safe and short enough for one line."""
    return shorten(scrub(name).replace("\n", r"\n"), 80)


def _key(path: tuple[int | str, ...]) -> str:
    # pydantic adds how the credentials stand there, and their type: ("auth", "one", "bearer", …).
    match path:
        case ("auth", "several", int(index), *rest):
            steps: Sequence[int | str] = ("auth", index + 1, *rest[1:])
        case ("auth", _, *rest):
            steps = ("auth", *rest[1:])
        case _:
            steps = path
    return ".".join(shown(str(step)) for step in steps if step != "[key]")


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ").replace("Input should be", "must be")


def _model_at(path: tuple[int | str, ...], model: type[BaseModel]) -> type[BaseModel]:
    match path:
        case ("auth", "one", str(kind), _) | ("auth", "several", int(), str(kind), _):
            return AUTH_TABLES[kind]
        case ("limits", _):
            return Limits
        case ("server", _):
            return ServerConfig
        case _:
            return model
