"""An artifact as the contents of an MCP resource: what the agent sent, byte for byte.

Secrets are masked in what is text. What is too large for one message is described instead.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from itertools import groupby
from typing import Final, TypeAlias

import mcp.types as t

from a2a_mcp.a2a.model import Artifact, Part
from a2a_mcp.files import media_types
from a2a_mcp.presentation import artifact_sentences
from a2a_mcp.presentation.content import describe, is_text_type, readable_json, size_of
from a2a_mcp.server.results import Mask
from a2a_mcp.text.untrusted import scrub

Contents: TypeAlias = t.TextResourceContents | t.BlobResourceContents

MARKDOWN: Final = "text/markdown"
PLAIN: Final = "text/plain"
CHARSET: Final = re.compile(r"; ?charset=[A-Za-z0-9_-]{1,40}$", re.IGNORECASE)
MAX_BYTES: Final = 7 * 1024 * 1024  # in base64 within the 10 MiB that some clients accept


def text_contents(uri: str, text: str, media_type: str = MARKDOWN) -> Contents:
    """Return a text as contents."""
    return t.TextResourceContents(uri=uri, text=text, mime_type=media_type)


def contents_of(artifact: Artifact, uri: str, mask: Mask) -> list[Contents]:
    """Return an artifact's parts: neighbouring pieces of one text joined, files unchanged."""
    contents: list[Contents] = []
    room = MAX_BYTES
    for part in _joined(artifact.parts):
        room -= size_of(part)
        contents.append(_contents(part, uri, mask) if room >= 0 else _too_large(part, uri, mask))
    return contents or [text_contents(uri, "", PLAIN)]


def _joined(parts: tuple[Part, ...]) -> Iterator[Part]:
    """Yield the parts, with neighbouring texts of one media type joined: one text was streamed."""

    def group_of(numbered: tuple[int, Part]) -> object:
        number, part = numbered
        return part.media_type if part.kind == "text" else (number,)

    for _, numbered in groupby(enumerate(parts), group_of):
        first, *rest = (part for _, part in numbered)
        text = "".join(part.text for part in (first, *rest))
        yield first.model_copy(update={"text": text}) if rest else first


def _too_large(part: Part, uri: str, mask: Mask) -> Contents:
    what = describe(part) if part.kind == "raw" else f"[{part.kind}: {size_of(part)} bytes]"
    return text_contents(uri, mask(artifact_sentences.too_large_to_read(what)), PLAIN)


def _contents(part: Part, uri: str, mask: Mask) -> Contents:
    match part.kind:
        case "text":
            # A lone surrogate cannot be sent as UTF-8; everything else goes out as it came.
            text = part.text.encode("utf-8", "replace").decode()
            return text_contents(uri, mask(text), _media_type(part))
        case "data":
            return text_contents(uri, mask(scrub(readable_json(part.data))), _media_type(part))
        case "url":
            return text_contents(uri, mask(scrub(part.url)), "text/uri-list")
        case "raw":
            return _file(part, uri, mask)
        case _:
            return text_contents(uri, describe(part), PLAIN)


def _file(part: Part, uri: str, mask: Mask) -> Contents:
    media_type = _media_type(part)
    text = _decoded(part.raw, media_type)
    if text is not None:
        return text_contents(uri, mask(text), media_type)
    blob = b64encode(part.raw).decode("ascii")
    return t.BlobResourceContents(uri=uri, blob=blob, mime_type=media_type)


def _media_type(part: Part) -> str:
    """Return the media type for the host: of the agent's words only a type and a charset."""
    media_type = _type_without_parameters(part)
    charset = CHARSET.search(part.media_type or "")
    if charset and media_type.startswith("text/"):
        return media_type + charset[0]
    return media_type


def _type_without_parameters(part: Part) -> str:
    if part.kind == "raw":
        return media_types.of_bytes(part.raw, part.media_type, part.filename)
    fallback = "application/json" if part.kind == "data" else PLAIN
    return media_types.plain(part.media_type) or fallback


def _decoded(raw: bytes, media_type: str) -> str | None:
    """Return a file's text if it claims to be text and is: only in text can a secret be masked."""
    if not is_text_type(media_type.partition(";")[0]):
        return None
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None
