"""Turn the files and data of a caller into message parts.

A URL is passed on as a reference and never fetched. A path is read only where `AllowedPaths` allows
it: a model that could name any path could send any file to an agent.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

import anyio

from a2a_mcp.a2a.decoding.data_urls import decode_base64, decode_data_url, is_data_url
from a2a_mcp.a2a.model import JSON, Part
from a2a_mcp.errors import NotAllowed
from a2a_mcp.files import media_types
from a2a_mcp.files.allowed_paths import AllowedPaths
from a2a_mcp.files.file_argument import FileIn

LARGEST_FILE: Final = 8 * 1024 * 1024
LARGEST_MESSAGE: Final = 16 * 1024 * 1024
PLAIN: Final = "text/plain"
SOURCES: Final = ("text", "path", "url", "content")
REFERENCES: Final = frozenset({"http", "https"})


async def to_parts(files: Iterable[FileIn], paths: AllowedPaths) -> tuple[Part, ...]:
    """Return the parts for files; raises NotAllowed for a file that cannot be sent."""
    parts = tuple([await _part(file, paths) for file in files])
    if sum(len(part.raw) for part in parts) > LARGEST_MESSAGE:
        raise NotAllowed(
            f"The files together are larger than {LARGEST_MESSAGE} bytes.",
            "Send them in several messages, or give them as https URLs.",
        )
    return parts


def data_parts(data: JSON) -> tuple[Part, ...]:
    """Return the parts for data: any JSON value, or a list of {data, metadata} objects."""
    if data is None:
        return ()
    if isinstance(data, list) and data and all(_is_data_part(item) for item in data):
        return tuple(
            Part(kind="data", data=item["data"], metadata=item.get("metadata") or {})
            for item in data
        )
    return (Part(kind="data", data=data),)


def _is_data_part(item: JSON) -> bool:
    return (
        isinstance(item, dict)
        and "data" in item
        and set(item) <= {"data", "metadata"}
        and isinstance(item.get("metadata"), dict | None)
    )


async def _part(file: FileIn, paths: AllowedPaths) -> Part:
    source, given = _source(file)
    match source:
        case "text":
            return _raw(file, file.name, given.encode("utf-8", "replace"), PLAIN)
        case "path":
            found, data = await anyio.to_thread.run_sync(paths.read, given, LARGEST_FILE)
            return _raw(file, file.name or found, data, None)
        case "url" | "content" if is_data_url(given):
            return _of_data_url(file, given)
        case "url":
            return _reference(file, given)
        case _:
            return _raw(file, file.name, decode_base64(given), None)


def _source(file: FileIn) -> tuple[str, str]:
    """Return which of SOURCES a file gives, and what; raises NotAllowed for none or several.

    A model that must name every member leaves the others empty.
    """
    given = [(name, value) for name in SOURCES if (value := getattr(file, name)) is not None]
    filled = [(name, value) for name, value in given if value]
    if len(filled or given) != 1:
        raise NotAllowed(
            "A file needs exactly one of text, path, url and content.", "Correct it and call again."
        )
    return (filled or given)[0]


def _reference(file: FileIn, url: str) -> Part:
    name = file.name or _name_of(url)
    media_type = file.media_type or media_types.of_name(name)
    return Part(kind="url", url=url, filename=name, media_type=media_type)


def _of_data_url(file: FileIn, url: str) -> Part:
    """Return the part for a data URL (RFC 2397)."""
    data, said = decode_data_url(url) or (None, None)
    return _raw(file, file.name, data, said or PLAIN)


def _raw(file: FileIn, name: str | None, data: bytes | None, said: str | None) -> Part:
    """Return the part for bytes; its type is the declared one, else by name, else by content."""
    if data is None:
        raise NotAllowed("A file's content is not base64.", "Encode it and call again.")
    if len(data) > LARGEST_FILE:
        raise NotAllowed(
            f"A file is larger than {LARGEST_FILE} bytes.", "Give it as an https URL instead."
        )
    kind = file.media_type or media_types.of_name(name) or said
    media_type = kind or media_types.of_bytes(data, None, None)
    return Part(kind="raw", raw=data, filename=name or None, media_type=media_type)


def _name_of(url: str) -> str | None:
    """Return the last segment of a URL's path; raises NotAllowed unless it is http or https."""
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in REFERENCES or not parts.hostname:
        raise NotAllowed("A file URL must be http, https or data.", "Correct it and call again.")
    return parts.path.rpartition("/")[2] or None
