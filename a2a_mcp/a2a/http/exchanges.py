"""HTTP/1.1 on one wire: a request, its answer, then the next request.

h11 knows the protocol; this moves its bytes, and says in httpx's errors what broke. A wire on which
anything came that does not belong to an answer is closed, never used again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import anyio.lowlevel
import h11
import httpx

from a2a_mcp.a2a.http.dialing import within
from a2a_mcp.a2a.http.wire import Wire

MOST_HEAD: Final = 100 * 1024
SMALL: Final = 64 * 1024
"""What is smaller is put together: a request to write at once, a body to give on at once."""
MOST_CHUNKS: Final = 500
AT_END: Final = frozenset({h11.DONE, h11.MUST_CLOSE, h11.CLOSED})

Times = Mapping[str, float | None]
"""Seconds for `connect`, `write` and `read`, as a request of httpx carries them."""


class Exchanges:
    """The exchanges over one wire, one after another."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MOST_HEAD)

    async def ask(self, head: h11.Request, body: bytes, times: Times) -> h11.Response:
        """Send a request and return the head of its answer; raises the errors of httpx."""
        self._send(head, body)
        if self._wire.is_full:
            with within(times.get("write"), httpx.WriteTimeout):
                await self._wire.room()
        seconds = times.get("read")
        event = await self._event(seconds)
        while isinstance(event, h11.InformationalResponse):
            await anyio.lowlevel.checkpoint()
            event = await self._event(seconds)
        assert isinstance(event, h11.Response)  # noqa: S101 - h11 gives nothing else here
        return event

    async def piece(self, seconds: float | None) -> bytes:
        """Return of the answer's body what is at hand, empty at its end; raises as `ask` does."""
        if self._http.their_state in AT_END:
            return b""
        event = await self._event(seconds)
        chunks, size = [], 0
        while isinstance(event, h11.Data):
            chunks.append(event.data)
            size += len(event.data)
            if size >= SMALL or len(chunks) >= MOST_CHUNKS:
                await anyio.lowlevel.checkpoint()  # a body of tiny chunks must not hold up others
                break
            event = self._event_at_hand()
        return b"".join(chunks)

    def end(self) -> None:
        """Be ready for the next request where all of the answer was read, and nothing else came."""
        if self._is_whole() and self._wire.is_quiet():
            self._http.start_next_cycle()
        else:
            self.close()

    def _is_whole(self) -> bool:
        both = self._http.our_state, self._http.their_state
        return both == (h11.DONE, h11.DONE) and not self._http.trailing_data[0]

    def is_silent(self) -> bool:
        """Return whether the connection is open, and the server has said nothing since."""
        return self._wire.is_silent()

    def close(self) -> None:
        """Close the connection at once."""
        self._wire.close()

    def _send(self, head: h11.Request, body: bytes) -> None:
        try:
            first = self._http.send(head) or b""
            rest = (self._http.send(h11.Data(data=body)) or b"") if body else b""
            last = self._http.send(h11.EndOfMessage()) or b""
        except h11.LocalProtocolError as error:
            raise httpx.LocalProtocolError(str(error)) from error
        parts = [first + rest + last] if len(rest) < SMALL else [first, rest, last]
        for part in filter(None, parts):
            self._wire.write(part)

    async def _event(self, seconds: float | None) -> Any:
        """Return h11's next event; where the connection ends too early, raise as httpx does."""
        while (event := self._event_at_hand()) is h11.NEED_DATA:
            data = await self._read(seconds)
            if not data and self._http.their_state is h11.SEND_RESPONSE:
                raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
            self._http.receive_data(data)
        return event

    async def _read(self, seconds: float | None) -> bytes:
        if seconds is None:
            return await self._wire.read()
        with within(seconds, httpx.ReadTimeout):
            return await self._wire.read()

    def _event_at_hand(self) -> Any:
        """Return h11's next event that needs no more bytes; NEED_DATA where there is none."""
        try:
            return self._http.next_event()
        except h11.RemoteProtocolError as error:
            raise httpx.RemoteProtocolError(str(error)) from error
