"""Read a Part of any version by the member that is present, and the bytes of its file.

It must never reject a part: one that cannot be read becomes an empty part that says why. Pure.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Mapping
from typing import Any, Final

from a2a_mcp.a2a.decoding.data_urls import decode_base64, decode_data_url, is_data_url
from a2a_mcp.a2a.decoding.json_values import first, integers, object_of, text_of
from a2a_mcp.a2a.model import JSON, Part

BYTES: Final = ("raw", "bytes")
TWICE_ENCODED: Final = "fileWithBytes"
LINKS: Final = ("url", "uri", "fileWithUri")


def decode_part(value: Mapping[str, JSON]) -> Part:
    """Return the part that the present member makes; a member counts whatever its value is."""
    holder = _holder(value)
    known: dict[str, Any] = {
        "metadata": object_of(value.get("metadata")),
        "media_type": text_of(first(holder, "mediaType", "mimeType")),
        "filename": text_of(first(holder, "filename", "name")),
    }
    file = _file_part(holder, known)
    if file is not None:
        return file
    if isinstance(value.get("text"), str):
        return Part(kind="text", text=value["text"], **known)
    if "data" in value:
        return _data_part(_datum(value), known)
    if value.get("text") is not None:  # agents put objects there
        return _data_part(value["text"], known)
    return Part(kind="empty", problem="the part has no content", **known)


def _holder(value: Mapping[str, JSON]) -> Mapping[str, JSON]:
    """Return the object that holds a part's file; a bare text there is its link."""
    file = value.get("file")
    if isinstance(file, str):
        return {"uri": file, **value}
    return file if isinstance(file, dict) else value


def _file_part(holder: Mapping[str, JSON], known: dict[str, Any]) -> Part | None:
    raw = first(holder, *BYTES)
    if isinstance(raw, str):
        return _raw_part(raw, known)
    raw = first(holder, TWICE_ENCODED)
    if isinstance(raw, str):
        return _raw_part(raw, known, twice=True)
    link = first(holder, *LINKS)
    if isinstance(link, str):
        return _link_part(link, known)
    return None


def _link_part(link: str, known: dict[str, Any]) -> Part:
    return _inline_part(link, known) if is_data_url(link) else Part(kind="url", url=link, **known)


def _raw_part(raw: str, known: dict[str, Any], *, twice: bool = False) -> Part:
    if is_data_url(raw):
        return _inline_part(raw, known)
    decoded = decode_base64(raw)
    if decoded is None:
        return Part(kind="empty", problem="the file's base64 could not be read", **known)
    if twice:
        decoded = _once_more(decoded, known["media_type"])
    return Part(kind="raw", raw=decoded, **known)


def _inline_part(url: str, known: dict[str, Any]) -> Part:
    """Return the part of a file inside a `data:` URL: bytes, as if they had been sent so."""
    decoded = decode_data_url(url)
    if decoded is None:
        return Part(kind="empty", problem="the file's data: URL could not be read", **known)
    raw, media_type = decoded
    return Part(kind="raw", raw=raw, **known | {"media_type": known["media_type"] or media_type})


def _data_part(data: JSON, known: dict[str, Any]) -> Part:
    try:
        return Part(kind="data", data=integers(data), **known)
    except ValueError as error:
        return Part(kind="empty", problem=f"the data is {error}", **known)


def _datum(value: Mapping[str, JSON]) -> JSON:
    data = value["data"]
    kind = first(value, "kind", "type")
    if kind is None and isinstance(data, dict) and set(data) == {"data"}:
        # Seen on: A2A 0.3 over HTTP+JSON, whose data is always an object inside `data`.
        data = data["data"] if isinstance(data["data"], dict) else data
    return data


def _once_more(decoded: bytes, media_type: str | None) -> bytes:
    """Return the bytes without the second base64 that a2a-sdk 0.3 adds over HTTP+JSON.

    Only where they are clean, padded base64 again and the media type says that they are no text.
    """
    if not media_type or media_type.startswith("text/") or len(decoded) < 4 or len(decoded) % 4:
        return decoded
    try:
        return b64decode(decoded, validate=True)
    except binascii.Error:
        return decoded
