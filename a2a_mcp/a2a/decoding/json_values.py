"""Read single members of JSON that an agent wrote: a value of the wanted kind, or nothing.

Pure. It never raises for what an agent sent, except that `integers` refuses deep nesting.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from a2a_mcp.a2a.ids import is_usable_id
from a2a_mcp.a2a.model import JSON

DEEPEST: Final = 100
EXACT_INTEGERS: Final = 2**53
CAPITAL: Final = re.compile(r"(?<!^)([A-Z])")


def first(value: Mapping[str, JSON], *names: str) -> JSON:
    """Return the first of the named members that is present and not null; None without one.

    A name that is not found is looked for in snake_case too: Python agents that write their
    objects by hand spell so.
    """
    for name in names:
        found = value.get(name)
        if found is None and not name.islower():
            found = value.get(snake_case(name))
        if found is not None:
            return found
    return None


@lru_cache(maxsize=256)  # the names of A2A, looked for in every event
def snake_case(name: str) -> str:
    """Return a camelCase name in snake_case: `artifactId` is `artifact_id`."""
    return CAPITAL.sub(r"_\1", name).lower()


def text_of(value: JSON) -> str | None:
    """Return a non-empty text, or an integer as text; else None: the empty text means "not set"."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value else None


def identifier(value: JSON) -> str | None:
    """Return an id that can be kept and sent back: Unicode of bounded length, without NUL."""
    text = text_of(value)
    if text is None or "\0" in text:
        return None
    return text if is_usable_id(text) else None


def texts(value: JSON) -> tuple[str, ...]:
    """Return the texts of a list; anything else is left out."""
    items = value if isinstance(value, list) else ()
    return tuple(item for item in items if isinstance(item, str) and item)


def object_of(value: JSON) -> dict[str, JSON]:
    """Return the value where it is an object, else an empty object."""
    return value if isinstance(value, dict) else {}


def objects(value: JSON) -> list[dict[str, JSON]]:
    """Return the objects of a list; anything else is left out."""
    items = value if isinstance(value, list) else ()
    return [item for item in items if isinstance(item, dict)]


def integers(value: JSON, depth: int = 0) -> JSON:
    """Return the value with 3.0 as 3: A2A 1.0 sends data through protobuf, which has only floats.

    Infinity (1e999 on the wire) becomes a word, so that the result is JSON again. Raises
    ValueError where the value is nested deeper than `DEEPEST`.
    """
    if depth > DEEPEST:
        raise ValueError("nested too deeply")
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, dict):
        return {key: integers(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [integers(item, depth + 1) for item in value]
    return value


def repeats_a_member(raw: bytes) -> bool:
    """Return whether an object in a JSON text names a member twice: readers differ on which counts.

    A text that is not JSON repeats nothing.
    """
    repeats = False

    def check(members: list[tuple[str, JSON]]) -> None:
        nonlocal repeats
        repeats = repeats or len({name for name, _ in members}) < len(members)

    try:
        json.loads(raw, object_pairs_hook=check)
    except (ValueError, RecursionError):
        return False
    return repeats


def _number(value: float) -> JSON:
    if not math.isfinite(value):
        return str(value)
    return int(value) if value.is_integer() and abs(value) <= EXACT_INTEGERS else value
