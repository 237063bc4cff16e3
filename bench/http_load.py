"""Callers over streamable HTTP: each one connection, one call at a time, as fast as answers come.

The generator runs in the bench's own process. It builds no SDK objects and parses no JSON: per call
it writes one request, and looks for the end of the answer and the echoed words in it. That takes a
tenth of the CPU time the server takes, and the table says how busy the server was.
"""

import asyncio
import re
import time
from dataclasses import dataclass
from typing import Final

from servers import PATIENCE, cpu_seconds
from wire import CALL, HELLO, LEGACY, MODERN, check_echo, initialized, request

LENGTH: Final = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
SESSION: Final = re.compile(rb"mcp-session-id: (\S+)", re.IGNORECASE)
LOOP_TURNS: Final = 3
"""Turns of the event loop after which it has seen who hung up while it did not run."""
LAST_CHUNK: Final = b"\r\n0\r\n\r\n"


@dataclass(frozen=True)
class Burst:
    """What a burst of calls saw. Seconds; CPU seconds are all the server's threads."""

    elapsed: float
    latencies: list[float]
    server_cpu: float


def is_whole(answer: bytearray) -> bool:
    """Say whether an HTTP answer has arrived to its end."""
    head_end = answer.find(b"\r\n\r\n")
    if head_end < 0:
        return False
    length = LENGTH.search(answer, 0, head_end)
    if length:
        return len(answer) >= head_end + 4 + int(length[1])
    return answer.endswith(LAST_CHUNK)


class Caller(asyncio.Protocol):
    """One connection to a server, speaking one era, with a session of its own where it has one."""

    def __init__(self, era: str, port: int) -> None:
        self._era = era
        self._port = port
        self._session = b""
        self._number = 0
        self._unread = bytearray()
        self._answered: asyncio.Future[bytes] | None = None
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way out."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Collect an answer; hand it over when whole."""
        self._unread += data
        if self._answered and is_whole(self._unread):
            self._answered.set_result(bytes(self._unread))
            self._answered = None
            self._unread.clear()

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail the exchange that was under way; the next one connects again.

        Servers hang up on a connection that was idle while the other server had its turn.
        """
        self._transport = None
        if self._answered:
            self._answered.set_exception(exc or EOFError("the server hung up"))
            self._answered = None

    async def open(self) -> None:
        """Connect, and shake hands where the era does."""
        await self._connect()
        if self._era == MODERN:
            return
        hello = request(LEGACY, 0, "initialize", HELLO)
        answer = await self._exchange(self._post("initialize", hello))
        session = SESSION.search(answer)
        assert session is not None
        self._session = session[1]
        await self._exchange(self._post("notifications/initialized", initialized()))

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self, "127.0.0.1", self._port)

    async def connected(self) -> None:
        """Connect again if the server has hung up."""
        if self._transport is None or self._transport.is_closing():
            await self._connect()

    async def calls(self, count: int) -> list[float]:
        """Call `send_task` that often; return the seconds each call took."""
        seconds: list[float] = []
        for _ in range(count):
            start = time.perf_counter()
            await self.call()
            seconds.append(time.perf_counter() - start)
        return seconds

    async def call(self) -> None:
        """Call `send_task` once."""
        self._number += 1
        body = request(self._era, self._number, "tools/call", CALL)
        check_echo(await self._exchange(self._post("tools/call", body, "send_task")))

    async def close(self) -> None:
        """End the session, so that the server's memory holds live ones only, and hang up."""
        if self._session:
            await self._exchange(self._request("DELETE", "", b""))
        if self._transport:
            self._transport.close()

    def _post(self, method: str, body: bytes, name: str = "") -> bytes:
        modern = f"Mcp-Method: {method}\r\n" if self._era == MODERN else ""
        if modern and name:
            modern += f"Mcp-Name: {name}\r\n"
        return self._request("POST", modern, body)

    def _request(self, verb: str, headers: str, body: bytes) -> bytes:
        if self._session:
            headers += f"Mcp-Session-Id: {self._session.decode()}\r\n"
        head = (
            f"{verb} /mcp HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n"
            "Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n"
            f"MCP-Protocol-Version: {self._era}\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    async def _exchange(self, prepared: bytes) -> bytes:
        await self.connected()
        assert self._transport is not None
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(prepared)
        return await self._answered


class Callers:
    """Some callers of one server, opened once and used in bursts."""

    def __init__(self, era: str, pid: int, port: int, count: int) -> None:
        self._pid = pid
        self._group = [Caller(era, port) for _ in range(count)]

    async def open(self) -> None:
        """Connect every caller."""
        async with asyncio.timeout(PATIENCE):
            for caller in self._group:
                await caller.open()

    async def burst(self, calls_each: int) -> Burst:
        """Let every caller make that many calls, all callers at the same time."""
        for _ in range(LOOP_TURNS):
            await asyncio.sleep(0)
        async with asyncio.timeout(PATIENCE):
            for caller in self._group:
                await caller.connected()
        cpu, start = cpu_seconds(self._pid), time.perf_counter()
        async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(caller.calls(calls_each)) for caller in self._group]
        elapsed = time.perf_counter() - start
        used = cpu_seconds(self._pid) - cpu
        return Burst(elapsed, [each for one in running for each in one.result()], used)

    async def close(self) -> None:
        """Hang up, every caller."""
        async with asyncio.timeout(PATIENCE):
            for caller in self._group:
                await caller.connected()
                await caller.close()
