"""The media type of bytes: by their content where that is known, else as declared. Pure.

A declared type may be wrong on purpose. Bytes declared as picture or sound that are neither count
as plain bytes, so that no host tries to render them.
"""

from __future__ import annotations

import mimetypes
import re
from typing import Final

OCTETS: Final = "application/octet-stream"
TOKEN: Final = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,64}/[A-Za-z0-9!#$&^_.+-]{1,64}")  # RFC 6838, 4.2
RENDERED: Final = ("image/", "audio/")
# The types that hosts can show: first bytes, an offset, the bytes at that offset, the type.
SHOWN: Final[tuple[tuple[bytes, int, bytes, str], ...]] = (
    (b"\x89PNG\r\n\x1a\n", 0, b"", "image/png"),
    (b"\xff\xd8\xff", 0, b"", "image/jpeg"),
    (b"GIF8", 0, b"", "image/gif"),
    (b"RIFF", 8, b"WEBP", "image/webp"),
    (b"RIFF", 8, b"WAVE", "audio/wav"),
    (b"ID3", 0, b"", "audio/mpeg"),
    (b"\xff\xfb", 0, b"", "audio/mpeg"),
    (b"OggS", 0, b"", "audio/ogg"),
)
OTHERS: Final[tuple[tuple[bytes, int, bytes, str], ...]] = (
    (b"%PDF-", 0, b"", "application/pdf"),
    (b"PK\x03\x04", 0, b"", "application/zip"),
    (b"\x1f\x8b", 0, b"", "application/gzip"),
)


def shown_as(data: bytes) -> str | None:
    """Return the type of a picture or sound that hosts can show; None for anything else."""
    return _matching(data, SHOWN)


def of_bytes(data: bytes, declared: str | None, name: str | None) -> str:
    """Return the media type of a file from an agent, in lower case and without parameters."""
    said = plain(declared)
    if known := shown_as(data):
        return known
    if said and not said.startswith(RENDERED):
        return said
    guess = None if said else of_name(name)
    if guess and guess.startswith(RENDERED):
        guess = None
    return guess or _matching(data, OTHERS) or OCTETS


def of_name(name: str | None) -> str | None:
    """Return the media type that a file's name stands for; None for an unknown one."""
    return mimetypes.guess_type(name)[0] if name else None


def plain(declared: str | None) -> str | None:
    """Return a media type in lower case, without parameters; None where it is not valid."""
    said = (declared or "").partition(";")[0].strip().lower()
    return said if TOKEN.fullmatch(said) else None


def _matching(data: bytes, table: tuple[tuple[bytes, int, bytes, str], ...]) -> str | None:
    for start, at, mark, media_type in table:
        if data.startswith(start) and data[at : at + len(mark)] == mark:
            return media_type
    return None
