"""Read the bytes in a `data:` URL (RFC 2397): agents put whole files where a link belongs.

Pure. It must never guess: a URL that cannot be read is None.
"""

from __future__ import annotations

import re
from base64 import b64decode
from io import BytesIO
from typing import Final
from urllib.parse import unquote_to_bytes

SCHEME: Final = "data:"
BASE64: Final = re.compile(r";\s*base64\s*$", re.IGNORECASE)
STEP: Final = 256 * 1024
"""Characters that are decoded at once: a file takes its size once, and no step is long."""

STANDARD_ALPHABET: Final = str.maketrans("-_", "+/")


def is_data_url(text: str) -> bool:
    """Return whether a text is a `data:` URL; schemes have no case."""
    return text[: len(SCHEME) + 16].lstrip()[: len(SCHEME)].lower() == SCHEME


def decode_data_url(url: str) -> tuple[bytes, str | None] | None:
    """Return a data URL's bytes and its media type, if it names one; None where it is malformed."""
    head, comma, body = url.strip()[len(SCHEME) :].partition(",")
    if not comma:
        return None
    media_type = head.partition(";")[0].strip() or None
    octets = unquote_to_bytes(body.encode("utf-8", "replace"))
    if not BASE64.search(head):
        return octets, media_type
    decoded = decode_base64(octets.decode("latin-1"))
    return None if decoded is None else (decoded, media_type)


def decode_base64(value: str) -> bytes | None:
    """Return the bytes of base64 in either alphabet, padded or not; None where it is neither."""
    if len(value) <= STEP:
        return _decode("".join(value.split()))
    decoded, rest, end = BytesIO(), "", _end(value)
    for start in range(0, end, STEP):
        compact = rest + "".join(value[start : min(start + STEP, end)].split())
        whole = len(compact) // 4 * 4 if start + STEP < end else len(compact)
        octets = _decode(compact[:whole])
        goes_on = start + STEP < end
        if octets is None or (goes_on and compact[:whole].endswith("=")):
            return None
        rest = compact[whole:]
        decoded.write(octets)
    return decoded.getvalue()


def _end(value: str) -> int:
    """Return where a text ends but for white space."""
    tail = value[-STEP:]
    return len(value) - len(tail) + len(tail.rstrip())


def _decode(compact: str) -> bytes | None:
    padded = compact + "=" * (-len(compact) % 4)
    try:
        return b64decode(padded.translate(STANDARD_ALPHABET), validate=True)
    except ValueError:
        return None
