"""Secrets hidden in text that is shown, in every spelling in which an agent may repeat one.

Pure. It never changes what is stored, and never holds a secret longer than its `Mask` lives.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
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


_URL_SAFE: Final = str.maketrans("+/", "-_")


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
