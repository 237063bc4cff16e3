"""Files a caller hands over, made into parts.

A URL is passed on as a reference and never fetched. A path is refused as long as no folder is
configured from which files may be read: a model that can name any path could send any file away.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote_to_bytes, urlsplit

from pydantic import BaseModel, ConfigDict, Field

from a2a_mcp.a2a.decode import decode_base64
from a2a_mcp.a2a.types import JSON, Part
from a2a_mcp.errors import NotAllowed

LARGEST_FILE: Final = 8 * 1024 * 1024
REFERENCES: Final = frozenset({"http", "https"})


class FileIn(BaseModel):
    """One file: exactly one of `path`, `url` and `content`."""

    model_config = ConfigDict(extra="forbid")

    path: str | None = Field(None, description="not available here")
    url: str | None = Field(None, description="https:// (passed on) or data:")
    content: str | None = Field(None, description="base64")
    name: str | None = None
    media_type: str | None = None


def to_parts(files: Iterable[FileIn]) -> tuple[Part, ...]:
    """Make parts of files; raises NotAllowed for one that cannot be sent."""
    return tuple(_part(file) for file in files)


def data_parts(data: JSON) -> tuple[Part, ...]:
    """Make parts of data: any JSON value, or a list of {data, metadata} objects."""
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


def _part(file: FileIn) -> Part:
    given = [kind for kind in ("path", "url", "content") if getattr(file, kind) is not None]
    if len(given) != 1:
        raise NotAllowed(
            "A file needs exactly one of path, url and content.", "Correct it and call again."
        )
    if file.path is not None:
        raise NotAllowed(
            "Files cannot be read from paths here.",
            "Give the file as content (base64) with a name, or as an https URL.",
        )
    if file.url is not None and file.url[:5].lower() != "data:":
        name = file.name or _name_of(file.url)
        return Part(kind="url", url=file.url, filename=name, media_type=_media_type(file, name))
    return _bytes_part(file, file.name, _media_type(file, file.name))


def _media_type(file: FileIn, name: str | None) -> str | None:
    return file.media_type or (mimetypes.guess_type(name)[0] if name else None)


def _bytes_part(file: FileIn, name: str | None, media_type: str | None) -> Part:
    if file.url is not None:
        head, _, body = file.url[5:].partition(",")
        plain, is_base64 = head.removesuffix(";base64"), head.endswith(";base64")
        data = decode_base64(body) if is_base64 else unquote_to_bytes(body)
        media_type, name = media_type or plain.partition(";")[0] or "text/plain", file.name
    else:
        data = decode_base64(file.content or "")
    if data is None:
        raise NotAllowed("A file's content is not base64.", "Encode it and call again.")
    if len(data) > LARGEST_FILE:
        raise NotAllowed(
            f"A file is larger than {LARGEST_FILE} bytes.", "Give it as an https URL instead."
        )
    kind = media_type or "application/octet-stream"
    return Part(kind="raw", raw=data, filename=name, media_type=kind)


def _name_of(url: str) -> str | None:
    """Give the last word of a reference's path; raises NotAllowed for what is no reference."""
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in REFERENCES or not parts.hostname:
        raise NotAllowed("A file URL must be http, https or data.", "Correct it and call again.")
    return parts.path.rpartition("/")[2] or None
