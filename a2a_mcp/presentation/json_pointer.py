"""Data read by JSON pointer (RFC 6901), long lists of it by range. Pure.

Secrets are masked before anything is cut: half of a secret would pass every later masking.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

from a2a_mcp.a2a.decoding.json_values import integers
from a2a_mcp.a2a.model import JSON, Part
from a2a_mcp.presentation import artifact_sentences
from a2a_mcp.presentation.artifact_request import (
    ArtifactRequest,
    NothingThere,
    end_of_range,
    first_of_range,
)
from a2a_mcp.presentation.content import media_type_of, readable_json, text_in_file
from a2a_mcp.presentation.text_range import read_range
from a2a_mcp.text.truncate import MaskText, shorten
from a2a_mcp.text.untrusted import scrub

INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}")
"""An array index of RFC 6901, section 4; int() of thousands of digits would be slow."""

JSON_TYPE: Final = "application/json"
SHOWN_KEYS: Final = 20
KEY_BYTES: Final = 80


def read_pointer(
    parts: tuple[Part, ...], request: ArtifactRequest, room: int, mask: MaskText
) -> str:
    """Return what the request's pointer leads to in the first data part, in `room` bytes.

    The first line belongs to the heading. Raises NothingThere.
    """
    part = first_data(parts)
    if part is None:
        raise NothingThere("The artifact holds no data for a pointer.", "Read it without pointer.")
    value = resolve(part.data, request.pointer or "", mask)
    if isinstance(value, list):
        return f"\n{_read_items(value, request, room, mask)}"
    shown = mask(scrub(readable_json(value)))
    is_whole = not request.offset and request.limit is None
    if is_whole and len(shown.encode()) <= room:
        return f"\n{shown}"
    if isinstance(value, str):
        return read_range(mask(scrub(value)), request, room)
    hint = f"\n{artifact_sentences.or_read_a_member(describe_members(value, mask))}"
    return read_range(shown, request, room - len(hint.encode())) + hint


def first_data(parts: tuple[Part, ...]) -> Part | None:
    """Return the data part that a pointer leads into, else a file of JSON as one; None without."""
    read = (_file_as_data(part) for part in parts)
    return next((part for part in (*_data(parts), *read) if part), None)


def _data(parts: tuple[Part, ...]) -> Iterator[Part]:
    return (part for part in parts if part.kind == "data")


def _file_as_data(part: Part) -> Part | None:
    """Return a file of JSON as a data part; None for any other part, and for broken JSON."""
    text = text_in_file(part) if media_type_of(part).startswith(JSON_TYPE) else None
    try:
        return Part(kind="data", data=integers(json.loads(text))) if text else None
    except (ValueError, RecursionError):
        return None


def resolve(data: JSON, pointer: str, mask: MaskText = str) -> JSON:
    """Return the value that a pointer leads to; its first slash may be missing.

    Raises NothingThere with the members of the last value that was found.
    """
    value = data
    for step in _steps(pointer):
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list) and INDEX.fullmatch(step) and int(step) < len(value):
            value = value[int(step)]
        else:
            shown = shorten(scrub(step), KEY_BYTES, mask)
            raise NothingThere(
                f"The pointer leads nowhere at {shown!r}: {describe_members(value, mask)}.",
                "Correct the pointer and call again.",
            )
    return value


def _steps(pointer: str) -> Iterator[str]:
    if not pointer:
        return
    for step in pointer.removeprefix("/").split("/"):
        yield step.replace("~1", "/").replace("~0", "~")


def describe_members(value: JSON, mask: MaskText = str) -> str:
    """Say which members of a value a pointer can lead to."""
    if isinstance(value, dict):
        keys = [shorten(scrub(str(key)), KEY_BYTES, mask) for key in sorted(value)[:SHOWN_KEYS]]
        more = f" and {len(value) - SHOWN_KEYS} more" if len(value) > SHOWN_KEYS else ""
        return f"the keys there are {', '.join(keys)}{more}"
    if isinstance(value, list):
        return f"there is a list of {len(value)}"
    return "there is a single value"


def _read_items(items: list[JSON], request: ArtifactRequest, room: int, mask: MaskText) -> str:
    """Return the requested items of a list, one a line, as many as fit into `room` bytes."""
    if not items:
        return artifact_sentences.NO_ITEMS
    end = end_of_range(request, len(items), "items")
    start = first_of_range(request)
    lines = _fitting_lines(items[start:end], room, mask)
    if end == start:
        return artifact_sentences.NO_ITEMS
    if not lines:
        return artifact_sentences.item_is_too_long(start, request.pointer or "")
    end = start + len(lines)
    where = artifact_sentences.which_range("items", start, end, len(items))
    more = f"\nRead on with offset={end}." if end < len(items) else ""
    return f"{where}\n\n{''.join(lines)}{more}"


def _fitting_lines(items: list[JSON], room: int, mask: MaskText) -> list[str]:
    lines: list[str] = []
    for item in items:
        line = mask(scrub(json.dumps(item, ensure_ascii=False, sort_keys=True))) + "\n"
        room -= len(line.encode())
        if room < 0:
            break
        lines.append(line)
    return lines
