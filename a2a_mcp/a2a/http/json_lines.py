"""Read the body of a stream: server-sent events, or JSON line by line, as its first byte tells.

Servers declare one and send the other, so the declared type only says that it is a stream. Pure but
for its own buffer. Seen on: LiteLLM (`application/x-ndjson`), servers that refuse a stream with
plain JSON under `text/event-stream`.
"""

from __future__ import annotations

from typing import Final

from a2a_mcp.a2a.http.sse import BOM, EventDecoder, ServerSentEvent, check

STREAM_TYPES: Final = frozenset(
    {
        "text/event-stream",
        "application/x-ndjson",
        "application/ndjson",
        "application/jsonl",
        "application/jsonlines",
        "application/x-jsonlines",
        "application/stream+json",
    }
)
FIELD: Final = b"data:"


class StreamDecoder:
    """Turns pieces of a body into events; `limit` bounds the bytes of one event."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._begin = b""
        self._chosen: EventDecoder | JsonLinesDecoder | None = None

    def feed(self, piece: bytes) -> list[ServerSentEvent]:
        """Take the next bytes of the body; return the events they complete. Raises TooLarge."""
        if self._chosen:
            return self._chosen.feed(piece)
        self._begin += piece
        check(len(self._begin), self._limit)
        first = self._begin.removeprefix(BOM).lstrip()
        if not first or BOM.startswith(self._begin):
            return []
        is_json = first.startswith(b"{")
        self._chosen = (JsonLinesDecoder if is_json else EventDecoder)(self._limit)
        return self._chosen.feed(first if is_json else self._begin)

    def end(self) -> list[ServerSentEvent]:
        """Return the events that the end of the body completes."""
        return self._chosen.end() if self._chosen else []


class JsonLinesDecoder:
    """Reads one event a line; a JSON that is spread over many lines is one event at the end."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rest = bytearray()
        self._spread: bool | None = None  # not known before the first line has ended

    def feed(self, piece: bytes) -> list[ServerSentEvent]:
        """Take the next bytes of the body; return the events they complete. Raises TooLarge."""
        events = []
        # Only the new bytes are searched, so that an endless line costs no more than its length.
        head, *further = piece.split(b"\n")
        self._hold(head)
        for line in further:
            events += self._line()
            self._hold(line)
        return events

    def end(self) -> list[ServerSentEvent]:
        """Return the event that the end of the body completes."""
        events = _event(bytes(self._rest))
        self._rest.clear()
        return events

    def _hold(self, part: bytes) -> None:
        self._rest += part
        check(len(self._rest), self._limit)

    def _line(self) -> list[ServerSentEvent]:
        line = bytes(self._rest)
        if self._spread is None:
            self._spread = not line.rstrip().endswith(b"}")
        if self._spread:
            self._rest += b"\n"
            return []
        self._rest.clear()
        return _event(line)


def _event(line: bytes) -> list[ServerSentEvent]:
    """Return the event of a line; none for an empty line, which keeps a connection open."""
    data = line.strip().removeprefix(FIELD).strip()
    return [ServerSentEvent("message", data.decode("utf-8", "replace"))] if data else []
