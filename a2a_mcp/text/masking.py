"""Secrets hidden in text that is shown, in every spelling in which an agent may repeat one.

Pure. It never changes what is stored, and never holds a secret longer than its `Mask` lives.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain, pairwise
from typing import Final
from urllib.parse import quote, quote_plus

MASK: Final = "***"
SHORTEST_SECRET: Final = 6
"""Characters; masking shorter secrets would hide ordinary words."""

BEGINNING: Final = 4
"""Characters at the end of a text that count as the start of a secret; fewer end many words."""

MANY: Final = 300
"""Spellings; with more, looking at every position of a text is faster than at every spelling."""

URL_SAFE: Final = str.maketrans("+/", "-_")  # RFC 4648, section 5


def mask(text: str, secrets: Iterable[str]) -> str:
    """Return `text` with `***` for every secret, plain or encoded.

    Secrets shorter than `SHORTEST_SECRET` are not masked.
    """
    return Mask(secrets)(text)


class Mask:
    """Hides one set of secrets: made once, called for every text."""

    def __init__(self, secrets: Iterable[str]) -> None:
        long_enough = (secret for secret in secrets if len(secret) >= SHORTEST_SECRET)
        self._spellings = _longest_first(chain.from_iterable(map(_spellings, long_enough)))
        self._by_beginning: dict[str, list[str]] = {}
        for spelling in self._spellings:
            self._by_beginning.setdefault(spelling[:BEGINNING], []).append(spelling)

    def __call__(self, text: str) -> str:
        """Return `text` with `***` for each secret."""
        for spelling in self._candidates(text):
            if spelling in text:
                text = text.replace(spelling, MASK)
        return text

    def pieces(self, texts: Sequence[str]) -> list[str]:
        """Return texts that a reader may join, masked so that they show no part of a secret.

        A secret that lies across several texts is masked in the one where it begins. A suffix that
        could start a secret is masked too; the next chunk may complete it.
        """
        joined = "".join(texts)
        secrets = _merged(self._find_all(joined))
        if not secrets:
            return list(texts)
        borders = pairwise([0, *accumulate(map(len, texts))])
        return [_masked(joined, range(start, stop), secrets) for start, stop in borders]

    def _find_all(self, text: str) -> Iterator[range]:
        for spelling in self._candidates(text):
            yield from _find(spelling, text)

    def _candidates(self, text: str) -> list[str]:
        """Return the spellings to look for, longest first.

        Of many only those whose beginning is in `text`, so that the cost grows with the text alone.
        """
        if len(self._spellings) < MANY:
            return self._spellings
        beginnings = {text[at : at + BEGINNING] for at in range(len(text) - BEGINNING + 1)}
        found = (self._by_beginning[each] for each in self._by_beginning.keys() & beginnings)
        return _longest_first(chain.from_iterable(found))


def _longest_first(spellings: Iterable[str]) -> list[str]:
    """Return the spellings in an order in which none hides a part of a longer one."""
    return sorted(set(spellings), key=len, reverse=True)


def _find(spelling: str, text: str) -> Iterator[range]:
    """Yield where a spelling is in `text`, and the suffix of `text` that could start it."""
    beginning = spelling[:BEGINNING]
    start = text.find(beginning)
    while start >= 0:
        stop = min(start + len(spelling), len(text))
        if text.startswith(spelling[: stop - start], start):
            yield range(start, stop)
        start = text.find(beginning, start + 1)


def _merged(spans: Iterable[range]) -> list[range]:
    """Return spans in order, those that overlap joined to one."""
    merged: list[range] = []
    for span in sorted(spans, key=lambda span: (span.start, span.stop)):
        if merged and span.start < merged[-1].stop:
            merged[-1] = range(merged[-1].start, max(span.stop, merged[-1].stop))
        else:
            merged.append(span)
    return merged


def _masked(text: str, piece: range, secrets: Iterable[range]) -> str:
    """Return a piece of `text` without the secrets in it; `***` for each that begins in it."""
    shown, at = "", piece.start
    for secret in secrets:
        if secret.start < piece.stop and secret.stop > piece.start:
            shown += text[at : secret.start]
            shown += MASK if secret.start >= piece.start else ""
            at = min(secret.stop, piece.stop)
    return shown + text[at : piece.stop]


def _spellings(secret: str) -> Iterator[str]:
    """Yield a secret plain, in JSON, percent-encoded and in base64, also inside longer base64."""
    yield secret
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield quote(secret, safe="", errors="replace")
    yield quote(secret, errors="replace")
    yield quote_plus(secret, errors="replace")
    for code in _base64(secret.encode(errors="replace")):
        yield code
        yield code.translate(URL_SAFE)


def _base64(secret: bytes) -> Iterator[str]:
    """Yield base64 of a secret alone, and what stays of it at each offset in a longer text."""
    whole = b64encode(secret).decode()
    yield whole
    yield whole.rstrip("=")
    for before in range(3):  # bytes in front of the secret in its first group of three
        code = b64encode(bytes(before) + secret).decode()
        first = -(-before * 8 // 6)  # rounded up: the first digit that holds the secret alone
        last = (before + len(secret)) * 8 // 6
        yield code[first:last]
