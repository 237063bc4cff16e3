"""Server-sent events, read from bytes.

Lines end at LF, CR LF or CR and nowhere else: a text decoder's line splitting also breaks at
U+2028, U+2029 and U+0085, which agents print raw inside their JSON. Pure but for its own buffer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

LINE_END: Final = re.compile(rb"\r\n|\n|\r")
BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event; `name` is "message" where the server gave none."""

    name: str
    data: str


class TooLarge(Exception):
    """An event passed its limit of bytes."""


def check(size: int, limit: int) -> None:
    """Raise TooLarge when a number of bytes is above its limit."""
    if size > limit:
        raise TooLarge


class EventDecoder:
    """Turns pieces of a body into events; `limit` bounds the bytes of one event."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rest = bytearray()
        self._after_cr = False
        self._name = ""
        self._data: list[bytes] = []
        self._size = 0
        self._first = True

    def feed(self, piece: bytes) -> list[ServerSentEvent]:
        """Take the next bytes of the body; return the events they complete. Raises TooLarge."""
        if not piece:
            return []
        if self._after_cr:  # the CR has ended its line already; this is the LF that belongs to it
            piece = piece.removeprefix(b"\n")
        self._after_cr = piece.endswith(b"\r")
        events = []
        # Only the new bytes are searched, so that an endless line costs no more than its length.
        head, *further = LINE_END.split(piece)
        self._hold(head)
        for line in further:
            event = self._line(bytes(self._rest))
            self._rest.clear()
            self._hold(line)
            if event:
                events.append(event)
        return events

    def end(self) -> list[ServerSentEvent]:
        """Return the events that the body's end completes: servers omit the last blank line."""
        events = [self._line(bytes(self._rest)), self._line(b"")]
        self._rest.clear()
        return [event for event in events if event]

    def _hold(self, part: bytes) -> None:
        self._rest += part
        check(self._size + len(self._rest), self._limit)

    def _line(self, line: bytes) -> ServerSentEvent | None:
        if self._first:
            line = line.removeprefix(BOM)
            self._first = False
        if not line:
            return self._dispatch()
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._size += len(line)
            self._data.append(value)
        elif field == b"event":
            self._name = value.decode("utf-8", "replace")
        return None

    def _dispatch(self) -> ServerSentEvent | None:
        name, data = self._name, self._data
        self._name, self._data, self._size = "", [], 0
        if not data:
            return None
        return ServerSentEvent(name or "message", b"\n".join(data).decode("utf-8", "replace"))
