"""Read a large JSON body as it comes, without one copy of it beside the other.

What makes a body large is a string: a long text, or a file in base64. Its middle is decoded piece
by piece and cut out, so that no step takes long, and the little JSON around it is read at its end.
A body that is large for another reason is read as a whole. Pure but for its own buffer.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final
from uuid import uuid4

from a2a_mcp.a2a.model import JSON

LARGE: Final = 1024 * 1024
"""Bytes from which a body is read so, and work on it is done in a thread."""

WINDOW: Final = 4096
SAFE: Final = re.compile(
    rb"[^\\]{6}(?![\x80-\xbf])"  # no escape is longer than six bytes
    rb"|(?<!\\)\\u[0-9a-cA-CefEF][0-9a-fA-F]{3}(?=\\u[0-9a-cA-CefEF])"
    rb'|(?<!\\)\\[bfnrt"/\\](?![\x80-\xbf])'
)
"""What ends where a string may be cut: in no escape, no character, no pair of surrogates."""

ESCAPE: Final = re.compile(rb"\\.", re.DOTALL)

Parse = Callable[[bytes], tuple[JSON, bool]]


class LargeJson:
    """Takes the pieces of a body; `parse` reads JSON from bytes, False where there is none."""

    def __init__(self, parse: Parse) -> None:
        self._parse = parse
        self._mark = uuid4().hex
        self._kept: list[bytes] = []
        self._cuts: list[bytearray] = []
        self._rest = b""
        self._is_cutting = False
        self._in_string = False
        self._after_backslash = False
        self._is_broken = False
        self._is_wide = False

    @property
    def size(self) -> int:
        """Return the bytes of what stands around the cuts: how much `end` has to read."""
        return sum(map(len, self._kept))

    def feed_all(self, pieces: list[bytes]) -> None:
        """Take further pieces of the body."""
        for piece in pieces:
            self.feed(piece)

    def feed(self, piece: bytes) -> None:
        """Take the next bytes of the body."""
        if not self._is_inside(piece):
            self._end_cut()
            self._kept.append(piece)
        elif self._is_cutting:
            self._cut(self._rest + piece)
        else:
            self._begin_cut(piece)

    def end(self) -> tuple[JSON, bool]:
        """Return the whole body as JSON and True, or what is left of its text and False."""
        self._end_cut()
        around = b"".join(self._kept)
        self._kept.clear()
        body, is_json = self._parse(around)
        if self._is_broken:
            return around.decode("utf-8", "replace"), False
        return (self._filled(body) if self._cuts else body), is_json

    def _is_inside(self, piece: bytes) -> bool:
        """Return whether a piece lies in one string from end to end; follow where strings end.

        In UTF-16 and UTF-32, which hold zeros, nothing is found and nothing is cut.
        """
        self._is_wide = self._is_wide or b"\0" in piece
        began_inside = self._in_string
        data = b"\\" + piece if self._after_backslash else piece
        plain = ESCAPE.sub(b"", data)
        self._after_backslash = plain.endswith(b"\\")
        quotes = plain.count(b'"')
        self._in_string ^= bool(quotes % 2)
        return began_inside and not quotes and not self._is_wide

    def _begin_cut(self, piece: bytes) -> None:
        found = SAFE.search(piece, 1)
        if found is None or found.end() == len(piece):  # the next piece may end a character
            self._kept.append(piece)
            return
        self._kept += [piece[: found.end()], f"{self._mark}{len(self._cuts):x}.".encode()]
        self._cuts.append(bytearray())
        self._is_cutting = True
        self._cut(piece[found.end() :])

    def _cut(self, data: bytes) -> None:
        """Decode the data up to the last place where it may be cut."""
        spots = [it.end() for it in SAFE.finditer(data, max(len(data) - WINDOW, 0))]
        border = next((spot for spot in reversed(spots) if spot < len(data)), 0)
        text, is_json = self._parse(b'"%b"' % data[:border])
        self._is_broken = self._is_broken or not is_json
        self._cuts[-1] += _utf8(text)
        self._rest = data[border:]
        if len(self._rest) > LARGE:
            self._end_cut()

    def _end_cut(self) -> None:
        if self._is_cutting:
            self._kept.append(self._rest)
            self._rest = b""
            self._is_cutting = False

    def _filled(self, value: JSON) -> JSON:
        """Return a value with what was cut out of its strings; the cuts are let go."""
        if isinstance(value, str):
            return self._joined(value) if self._mark in value else value
        if isinstance(value, dict):
            return {self._filled(name): self._filled(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self._filled(item) for item in value]
        return value

    def _joined(self, text: str) -> str:
        first, *others = text.split(self._mark)
        whole = bytearray(_utf8(first))
        for other in others:
            number, _, after = other.partition(".")
            cut = self._cuts[int(number, 16)]
            cut[:0] = whole
            cut += _utf8(after)
            self._cuts[int(number, 16)], whole = bytearray(), cut
        return whole.decode("utf-8", "surrogatepass")


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
