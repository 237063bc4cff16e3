"""The bytes of one connection, in and out: an asyncio protocol, which knows nothing of HTTP.

What came waits here until it is read. When that is much, the socket is read no further, so that the
server has to wait too. One task at a time reads or writes.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Final, cast

import httpx

MOST_UNREAD: Final = 64 * 1024


class Wire(asyncio.Protocol):
    """A connection over a socket, plain or inside TLS."""

    def __init__(self, connected: socket.socket) -> None:
        self.is_full = False
        """Whether much of what was written still waits to leave."""
        self._socket = connected
        self._transport: asyncio.Transport
        self._unread: list[bytes] = []
        self._size = 0
        self._is_paused = False
        self._has_ended = False
        self._fault: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None

    # --- what the event loop calls ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport, with which the connection is written and closed."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Keep what came; read no further when it is much."""
        self._unread.append(data)
        self._size += len(data)
        if self._size > MOST_UNREAD and not self._is_paused:
            self._is_paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        """Take the server's end; asyncio closes the connection then."""
        self._end(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Take the end of the connection; `exc` says what broke it."""
        self._end(exc)

    def pause_writing(self) -> None:
        """Note that much waits to leave."""
        self.is_full = True

    def resume_writing(self) -> None:
        """Note that there is room again."""
        self.is_full = False
        self._wake()

    # --- what a call uses ---

    def write(self, data: bytes) -> None:
        """Send bytes, as soon as the server takes them."""
        self._transport.write(data)

    async def room(self) -> None:
        """Wait for room to write; also over when the server answers or ends, who may read no more.

        It raises nothing: what a server said before it closed is worth reading.
        """
        while self.is_full and not (self._unread or self._has_ended):
            await self._woken()

    async def read(self) -> bytes:
        """Return all that came since the last time, empty at the end; raises httpx.ReadError."""
        while not self._unread:
            if self._fault:
                raise httpx.ReadError(str(self._fault)) from self._fault
            if self._has_ended:
                return b""
            await self._woken()
        return self._taken()

    def is_quiet(self) -> bool:
        """Return whether the connection is open, and all that came or was written is through."""
        if self._has_ended or self._unread:
            return False
        return not self._transport.get_write_buffer_size()

    def is_silent(self) -> bool:
        """Return whether it is quiet, and the system holds neither bytes nor an end of it."""
        return self.is_quiet() and not self._is_readable()

    def close(self) -> None:
        """Close at once; who reads gets an error then, lest half an answer pass for a whole one."""
        self._end(ConnectionAbortedError("closed on this side"))
        self._transport.abort()

    def _is_readable(self) -> bool:
        """Return whether the loop has yet to be told of bytes or of an end."""
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True

    def _taken(self) -> bytes:
        data = self._unread[0] if len(self._unread) == 1 else b"".join(self._unread)
        self._unread.clear()
        self._size = 0
        if self._is_paused:
            self._is_paused = False
            self._transport.resume_reading()
        return data

    def _end(self, fault: Exception | None) -> None:
        if not self._has_ended:
            self._has_ended = True
            self._fault = fault
        self._wake()

    async def _woken(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)
