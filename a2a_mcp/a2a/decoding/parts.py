"""Read a Part of any version by the member that is present, and the base64 of its file.

It must never reject a part: one that cannot be read becomes an empty part that says why. Pure.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Mapping
from typing import Any, Final

from a2a_mcp.a2a.decoding.json_values import first, integers, object_of, text_of
from a2a_mcp.a2a.model import JSON, Part

STANDARD_ALPHABET: Final = str.maketrans("-_", "+/")


def decode_part(value: Mapping[str, JSON]) -> Part:
    """Return the part that the present member makes; a member counts whatever its value is."""
    known: dict[str, Any] = {"metadata": object_of(value.get("metadata"))}
    holder = value["file"] if isinstance(value.get("file"), dict) else value
    known["media_type"] = text_of(first(holder, "mediaType", "mimeType"))
    known["filename"] = text_of(first(holder, "filename", "name"))
    raw = first(holder, "raw", "bytes")
    if isinstance(raw, str):
        return _raw_part(raw, known)
    raw = first(holder, "fileWithBytes", "file_with_bytes")
    if isinstance(raw, str):
        return _raw_part(raw, known, twice=True)
    url = first(holder, "url", "uri", "fileWithUri", "file_with_uri")
    if isinstance(url, str):
        return Part(kind="url", url=url, **known)
    if isinstance(value.get("text"), str):
        return Part(kind="text", text=value["text"], **known)
    if "data" in value:
        return _data_part(value, known)
    return Part(kind="empty", problem="the part has no content", **known)


def _data_part(value: Mapping[str, JSON], known: dict[str, Any]) -> Part:
    try:
        return Part(kind="data", data=_datum(value), **known)
    except ValueError as error:
        return Part(kind="empty", problem=f"the data is {error}", **known)


def _datum(value: Mapping[str, JSON]) -> JSON:
    data = value["data"]
    kind = first(value, "kind", "type")
    if kind is None and isinstance(data, dict) and set(data) == {"data"}:
        # Seen on: A2A 0.3 over HTTP+JSON, whose data is always an object inside `data`.
        data = data["data"] if isinstance(data["data"], dict) else data
    return integers(data)


def _raw_part(raw: str, known: dict[str, Any], *, twice: bool = False) -> Part:
    decoded = decode_base64(raw)
    if decoded is None:
        return Part(kind="empty", problem="the file's base64 could not be read", **known)
    if twice:
        decoded = _once_more(decoded, known["media_type"])
    return Part(kind="raw", raw=decoded, **known)


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


def decode_base64(value: str) -> bytes | None:
    """Return the bytes of base64 in either alphabet, padded or not; None where it is neither."""
    compact = "".join(value.split())
    padded = compact + "=" * (-len(compact) % 4)
    try:
        return b64decode(padded.translate(STANDARD_ALPHABET), validate=True)
    except ValueError:
        return None
