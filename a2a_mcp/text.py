"""Text that others wrote, made fit to show: controls visible, secrets hidden, length bounded.

Pure. It changes what is shown, never what is stored: saved files and resources stay byte-exact.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Final
from urllib.parse import quote, quote_plus

MASK: Final = "***"
SHORTEST_SECRET: Final = 6
"""Characters; shorter secrets would blot out ordinary words."""

BEGINNING: Final = 4
"""Characters at an end that are taken for the beginning of a secret; fewer end many words."""

MANY: Final = 300
"""Needles; with more it is quicker to look at every start of a word than for every needle."""

ELLIPSIS: Final = "…"

_URL_SAFE: Final = str.maketrans("+/", "-_")

# C0 without tab and newline, DEL and C1, surrogates, bidi embeddings and isolates, tags.
_SUSPECT: Final = (
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]"
)
# The flag of a subdivision (UTS 51, ED-14a): black flag, three to seven tags, the end tag.
_FLAG: Final = r"\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,7}\U000e007f"
_LOOK: Final = re.compile(_SUSPECT)
_HOSTILE: Final = re.compile(rf"({_FLAG})|\r\n|{_SUSPECT}")


def scrub(text: str) -> str:
    r"""Show characters that steer a terminal, a reader or an encoder as escapes such as `\u202e`.

    CR LF becomes LF. Tab, newline, joiners, variation selectors, combining marks and flags stay.
    What comes out always encodes to UTF-8; clean text comes back as the same object (DESIGN 5).
    """
    return text if _LOOK.search(text) is None else _HOSTILE.sub(_shown, text)


def _shown(found: re.Match[str]) -> str:
    if found[1]:
        return found[1]
    if found[0] == "\r\n":
        return "\n"
    code = ord(found[0])
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def mask(text: str, secrets: Iterable[str]) -> str:
    """Replace every secret in `text`, plain or disguised, by `***` (threats C1).

    Secrets shorter than `SHORTEST_SECRET` are left alone.
    """
    return Mask(secrets)(text)


class Mask:
    """Hides one set of secrets: made once, called for every text."""

    def __init__(self, secrets: Iterable[str]) -> None:
        long_enough = (secret for secret in secrets if len(secret) >= SHORTEST_SECRET)
        found = {spelling for secret in long_enough for spelling in _spellings(secret)}
        self._needles = sorted(found, key=len, reverse=True)
        self._by_start: dict[str, list[str]] = {}
        for needle in self._needles:
            self._by_start.setdefault(needle[:BEGINNING], []).append(needle)

    def __call__(self, text: str) -> str:
        """Give `text` with `***` for each secret."""
        for needle in self._likely(text):
            if needle in text:
                text = text.replace(needle, MASK)
        return text

    def pieces(self, texts: Sequence[str]) -> list[str]:
        """Mask texts that may be joined: of a secret that lies across several, none shows a part.

        So is an end that may be the beginning of a secret, since the rest may be still to come.
        """
        if not self._needles:
            return list(texts)
        joined = "".join(texts)
        spans = self._spans(joined)
        if not spans:
            return list(texts)
        shown, at = [], 0
        for text in texts:
            here, end, kept = at, at + len(text), ""
            for start, stop in spans:
                if start < end and stop > at:
                    kept += joined[here:start] + (MASK if start >= at else "")
                    here = min(stop, end)
            shown.append(kept + joined[here:end])
            at = end
        return shown

    def _spans(self, text: str) -> list[tuple[int, int]]:
        """Where secrets stand, and at the end what may be one: in order, and apart."""
        found = []
        for needle in self._likely(text):
            at = text.find(needle[:BEGINNING])
            while at >= 0:
                stop = min(at + len(needle), len(text))
                if text.startswith(needle[: stop - at], at):
                    found.append((at, stop))
                at = text.find(needle[:BEGINNING], at + 1)
        apart: list[tuple[int, int]] = []
        for start, stop in sorted(found):
            if apart and start < apart[-1][1]:
                start, stop = apart[-1][0], max(stop, apart.pop()[1])
            apart.append((start, stop))
        return apart

    def _likely(self, text: str) -> list[str]:
        """Give the needles to look for: of many, those of which the start is in `text`.

        So the cost grows with the text alone.
        """
        if len(self._needles) < MANY:
            return self._needles
        size = BEGINNING
        starts = {text[i : i + size] for i in range(len(text) - size + 1)}
        found = (self._by_start[start] for start in self._by_start.keys() & starts)
        return sorted(chain.from_iterable(found), key=len, reverse=True)


def _spellings(secret: str) -> Iterator[str]:
    """Give a secret plain, percent-encoded, and in base64, also as a part of something longer."""
    yield secret
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield quote(secret, safe="", errors="replace")
    yield quote(secret, errors="replace")
    yield quote_plus(secret, errors="replace")
    for code in _base64(secret.encode(errors="replace")):
        yield code
        yield code.translate(_URL_SAFE)


def _base64(secret: bytes) -> Iterator[str]:
    whole = b64encode(secret).decode()
    yield whole
    yield whole.rstrip("=")
    for before in range(3):  # bytes in front of the secret in its first group of three
        code = b64encode(bytes(before) + secret).decode()
        yield code[-(-before * 8 // 6) : (before + len(secret)) * 8 // 6]


def shorten(text: str, limit_bytes: int, mask: Callable[[str], str] = str) -> str:
    """Cut `text` to at most `limit_bytes` of UTF-8 at a character border; a cut ends in `…`.

    `mask` hides secrets before the cut, of which one half would pass every later masking.
    """
    if len(text) * 4 <= limit_bytes:
        return text
    text = mask(text)
    encoded = text.encode("utf-8", "surrogatepass")
    if len(encoded) <= limit_bytes:
        return text
    room = limit_bytes - len(ELLIPSIS.encode())
    return encoded[:room].decode("utf-8", "ignore") + ELLIPSIS if room >= 0 else ""


def rfc3339(moment: float) -> str:
    """Write unix seconds as RFC 3339 in UTC."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
