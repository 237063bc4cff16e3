"""A host's messages over stdin and stdout on the event loop, without a thread.

The SDK reads and writes in threads: three changes of threads for a call, and a thread at the end
that waits for stdin and cannot be joined. The loop itself can wait for pipes and sockets, which is
what hosts use. Whatever else stdin or stdout is, the SDK's own streams serve.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import sys
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import IO, Any, Final

import anyio
import mcp.types as t
from anyio.abc import ObjectReceiveStream, ObjectSendStream
from mcp.shared.message import SessionMessage

from a2a_mcp.server.transports.greeting import Greeting
from a2a_mcp.server.transports.lines import read_message, refusal

STDIN: Final = 0
STDOUT: Final = 1
STDERR: Final = 2

WAITING_BYTES: Final = 1 << 20
"""How much is read ahead of the server. Beyond it the host has to wait."""

FLUSH_SECONDS: Final = 0.5
"""How long the end waits for a host that does not read its last answers."""


class Lines(asyncio.Protocol):
    """Collects what the host writes, as lines; sets `changed` at each of them and at the end."""

    def __init__(self, changed: asyncio.Event) -> None:
        self.ended = False
        self._changed = changed
        self._transport: Any = None
        self._lines: deque[bytearray] = deque()
        self._waiting = 0
        self._begun = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport, to pause it."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Add what was read."""
        *ends, rest = data.split(b"\n")
        for end in ends:
            self._begun += end
            self._end_line()
        self._begun += rest

    def connection_lost(self, _: Exception | None) -> None:
        """Note that the host writes no more; its last line may have no newline."""
        self._end_line()
        self.ended = True
        self._changed.set()

    def _end_line(self) -> None:
        line, self._begun = self._begun, bytearray()
        if not line or line.isspace():
            return
        self._lines.append(line)
        self._waiting += len(line)
        if self._waiting > WAITING_BYTES:
            self._transport.pause_reading()
        self._changed.set()

    def take(self) -> bytearray | None:
        """Return the next line; None if there is none now."""
        if not self._lines:
            return None
        line = self._lines.popleft()
        self._waiting -= len(line)
        if self._waiting <= WAITING_BYTES // 2:
            self._transport.resume_reading()
        return line


class Output(asyncio.BaseProtocol):
    """What the loop says about stdout: whether the host reads (`has_room`), whether it is `lost`.

    Sets `changed` when the host reads again and when it is lost.
    """

    def __init__(self, changed: asyncio.Event) -> None:
        self.has_room = asyncio.Event()
        self.has_room.set()
        self.lost = asyncio.Event()
        self._changed = changed

    def pause_writing(self) -> None:
        """Note that more waits to be written than the loop's limit of 64 KiB."""
        self.has_room.clear()

    def resume_writing(self) -> None:
        """Note that the host has read most of what waited."""
        self.has_room.set()
        self._changed.set()

    def connection_lost(self, _: Exception | None) -> None:
        """Note that the host reads no more."""
        self.lost.set()
        self.resume_writing()


class Answers(ObjectSendStream[SessionMessage]):
    """Messages to the host, written at once; a sender waits only for a host that does not read.

    Once `closing` is set, it does not wait either. The host has the answer to `answered` already.
    """

    def __init__(
        self,
        transport: asyncio.WriteTransport,
        output: Output,
        closing: anyio.Event,
        answered: t.RequestId | None = None,
    ) -> None:
        self._answered = answered
        self._transport = transport
        self._output = output
        self._closing = closing

    async def send(self, item: SessionMessage) -> None:
        """Write a message.

        Raises anyio.BrokenResourceError if the host reads no more.
        """
        if self._output.lost.is_set():
            raise anyio.BrokenResourceError
        if self._answered is None or not self._was_answered(item.message):
            self.write(item.message)
        if not (self._output.has_room.is_set() or self._closing.is_set()):
            await self._output.has_room.wait()

    def _was_answered(self, message: t.JSONRPCMessage) -> bool:
        """Return whether the host has this answer already, which is so once."""
        if isinstance(message, t.JSONRPCRequest | t.JSONRPCNotification):
            return False
        if message.id != self._answered:
            return False
        self._answered = None
        return True

    def write(self, message: t.JSONRPCMessage) -> None:
        """Write a message without waiting."""
        line = message.model_dump_json(by_alias=True, exclude_unset=True)
        self._transport.write(f"{line}\n".encode())

    async def aclose(self) -> None:
        """Do nothing: the pipes are closed where they were opened."""

    async def finish(self) -> None:
        """Close stdout when the host has read everything, or after FLUSH_SECONDS."""
        self._transport.close()
        with anyio.move_on_after(FLUSH_SECONDS, shield=True):
            await self._output.lost.wait()
        if not self._output.lost.is_set():
            self._transport.abort()


class Messages(ObjectReceiveStream[SessionMessage | Exception]):
    """The host's messages.

    None is given while the host leaves answers unread: each could add another answer.
    """

    def __init__(
        self, lines: Lines, output: Output, answers: Answers, changed: asyncio.Event
    ) -> None:
        self._lines = lines
        self._output = output
        self._answers = answers
        self._changed = changed

    async def receive(self) -> SessionMessage | Exception:
        """Return the next message, or the fault of a line that is none and asks for no answer.

        Raises anyio.EndOfStream when the host writes or reads no more.
        """
        while True:
            line = await self._line()
            message = read_message(line)
            if isinstance(message, SessionMessage) or not (answer := refusal(line)):
                return message
            self._answers.write(answer)

    async def _line(self) -> bytearray:
        while not (line := self._next_line()):
            if self._output.lost.is_set() or self._lines.ended:
                raise anyio.EndOfStream
            self._changed.clear()
            await self._changed.wait()
        return line

    def _next_line(self) -> bytearray | None:
        if self._output.lost.is_set() or not self._output.has_room.is_set():
            return None
        return self._lines.take()

    async def aclose(self) -> None:
        """Do nothing: the pipes are closed where they were opened."""


@asynccontextmanager
async def pipe_streams(
    closing: anyio.Event, greeting: Greeting | None = None
) -> AsyncIterator[tuple[Messages, Answers]]:
    """Open stdin and stdout as streams of messages; nothing else in the process reaches them."""
    with _diverted() as (stdin, stdout):
        async with streams_on(stdin, stdout, closing, greeting) as streams:
            yield streams


@asynccontextmanager
async def streams_on(
    stdin: int, stdout: int, closing: anyio.Event, greeting: Greeting | None = None
) -> AsyncIterator[tuple[Messages, Answers]]:
    """Open two descriptors as streams of messages; closes them at the end.

    What was heard in the `greeting` is read first.
    """
    loop = asyncio.get_running_loop()
    changed = asyncio.Event()
    heard = greeting or Greeting("")
    lines = Lines(changed)
    lines.data_received(heard.opening + heard.rest)
    reading, _ = await loop.connect_read_pipe(lambda: lines, _file(stdin, "rb"))
    writing, output = await loop.connect_write_pipe(lambda: Output(changed), _file(stdout, "wb"))
    answers = Answers(writing, output, closing, heard.answered)
    try:
        yield Messages(lines, output, answers, changed), answers
    finally:
        reading.close()
        await answers.finish()


def _file(number: int, mode: str) -> IO[bytes]:
    return os.fdopen(number, mode, buffering=0)


@contextmanager
def _diverted() -> Iterator[tuple[int, int]]:
    """Yield descriptors of the host, for the caller to close; 0 and 1 lead elsewhere meanwhile.

    What reads stdin finds its end, and what prints goes to stderr.
    """
    ours, kept = (_duplicates(), _duplicates())
    blocking = [os.get_blocking(number) for number in kept]
    _lead(STDIN, os.open(os.devnull, os.O_RDONLY))
    _lead(STDOUT, _stray_output())
    try:
        yield ours
    finally:
        with suppress(OSError, ValueError):  # stray code may have closed it
            sys.stdout.flush()
        for number, end in enumerate(kept):
            os.set_blocking(end, blocking[number])  # other processes may share the pipe
            _lead(number, end)


def _duplicates() -> tuple[int, int]:
    """Return descriptors of stdin and stdout, beyond the three standard ones."""
    stdin, stdout = (fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, 3) for number in (STDIN, STDOUT))
    return stdin, stdout


def _stray_output() -> int:
    try:
        return os.dup(STDERR)
    except OSError:  # closed
        return os.open(os.devnull, os.O_WRONLY)


def _lead(number: int, end: int) -> None:
    """Let a standard descriptor lead where `end` leads, and close `end`."""
    os.dup2(end, number)
    os.close(end)
