"""Parts of messages and artifacts as text. Pure.

Every word passes `scrub`. The bytes of a file never become text here: it is described by name, kind
and size. Nothing is cut here; secrets are masked before a cut, since half of a secret would pass
every masking.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Final

from a2a_mcp.a2a.model import JSON, Part
from a2a_mcp.files import media_types
from a2a_mcp.text.steps import is_long, utf8_size
from a2a_mcp.text.untrusted import scrub, scrub_line

JSON_LINE: Final = 100
"""Characters of a line of JSON that holds more than one value."""

TEXT_TYPES: Final = frozenset(
    {"application/json", "application/xml", "application/yaml", "application/toml"}
)


def text_of(parts: Iterable[Part]) -> str:
    """Return parts as text, without line ends at its end; a long text, which is cut, keeps them."""
    text = joined_text(parts)
    return text if is_long(text) else text.rstrip("\n")


def joined_text(parts: Iterable[Part]) -> str:
    """Return parts as text that the text of later parts can follow."""
    return scrub(join_parts(parts, lambda part: describe(part) + "\n"))


def join_parts(parts: Iterable[Part], shown: Callable[[Part], str]) -> str:
    """Join texts without separator, as chunks of a stream; each other part on lines of its own.

    `shown` returns the other parts as text. Nothing is scrubbed.
    """
    text = ""
    for part in parts:
        if part.kind == "text":
            text += part.text
            continue
        if text and not text.endswith("\n"):
            text += "\n"
        text += shown(part)
    return text


def describe(part: Part) -> str:
    """Return data as JSON; of a file say what it is, of a link where it leads. Not scrubbed."""
    named = f" {part.filename!r}" if part.filename else ""
    match part.kind:
        case "data":
            return json.dumps(part.data, ensure_ascii=False)
        case "raw":
            return f"[file{named}: {media_type_of(part)}, {len(part.raw)} bytes]"
        case "url":
            why = f", {part.problem}" if part.problem else ""
            return f"[link{named}: {scrub_line(part.url)}{why}]"
        case _:
            return f"[empty part{named}: {part.problem or 'nothing in it'}]"


def text_in_file(part: Part) -> str | None:
    """Return the text of a file that says it is text, and is; None for any other part."""
    if part.kind != "raw":
        return None
    media_type = media_types.plain(part.media_type) or media_types.of_name(part.filename) or ""
    if not is_text_type(media_type):
        return None
    try:
        return part.raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def readable_json(value: JSON) -> str:
    """Return JSON for reading: a value that fits into a line stands in one, others are indented.

    Its members are sorted so that ranges of several reads fit together: a2a-sdk 1.x keeps data in
    protobuf maps, whose order differs in each process and each copy.
    """
    return "\n".join(_json_lines(value))


def _json_lines(value: JSON) -> list[str]:
    if not value or not isinstance(value, dict | list):
        return [json.dumps(value, ensure_ascii=False)]
    members = _json_members(value)
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    if all(len(lines) == 1 for lines in members):
        line = f"{opening}{', '.join(lines[0] for lines in members)}{closing}"
        if len(line) <= JSON_LINE:
            return [line]
    for lines in members[:-1]:
        lines[-1] += ","
    return [opening, *(f" {line}" for lines in members for line in lines), closing]


def _json_members(value: dict[str, JSON] | list[JSON]) -> list[list[str]]:
    """Return the lines of each member, with its name."""
    if isinstance(value, list):
        return [_json_lines(item) for item in value]
    named = ((json.dumps(name, ensure_ascii=False), value[name]) for name in sorted(value))
    return [_named_lines(name, _json_lines(item)) for name, item in named]


def _named_lines(name: str, lines: list[str]) -> list[str]:
    return [f"{name}: {lines[0]}", *lines[1:]]


def is_text_type(media_type: str) -> bool:
    """Return whether files of a media type, without parameters, are text."""
    return media_type.startswith("text/") or media_type in TEXT_TYPES


def media_type_of(part: Part) -> str:
    """Return a part's media type, or the one that its kind or its file name suggests."""
    if part.media_type:
        return scrub_line(part.media_type)
    if part.kind == "text":
        return "text/plain"
    if part.kind == "data":
        return "application/json"
    return media_types.of_name(part.filename) or media_types.OCTETS


def size_of(part: Part) -> int:
    """Return a part's size in bytes; 0 for a link, whose content is elsewhere."""
    match part.kind:
        case "text":
            return utf8_size(part.text)
        case "raw":
            return len(part.raw)
        case "data":
            return len(json.dumps(part.data, ensure_ascii=False).encode("utf-8", "replace"))
        case _:
            return 0
