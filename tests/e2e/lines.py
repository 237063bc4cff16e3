"""A host without an SDK: JSON lines over the pipes of a bridge, in any protocol version.

It keeps every byte that the bridge writes to stdout, and it can kill the bridge or signal it.
"""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import anyio
import mcp.types as t
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream
from real_agents.noting import tell

from e2e.bridges import END_SECONDS, Home
from e2e.hosts import Host, Progress

OLD: Final = ("2024-11-05", "2025-03-26", "2025-06-18")
LEGACY: Final = "2025-11-25"
MODERN: Final = "2026-07-28"
LONGEST_LINE: Final = 1 << 20
LINE_SECONDS: Final = 60
CLIENT: Final = {"name": "lines", "version": "1"}
META: Final = "io.modelcontextprotocol/"

Message = dict[str, Any]


class Lines:
    """The pipes of a bridge; `written` are the lines that it wrote to stdout, as bytes."""

    def __init__(self, process: Process, version: str) -> None:
        assert process.stdin
        assert process.stdout
        self.process = process
        self.version = version
        self.instructions = ""
        self.capabilities: Message = {}
        self.written: list[bytes] = []
        self.notifications: list[Message] = []
        self._stdin = process.stdin
        self._stdout = BufferedByteReceiveStream(process.stdout)
        self._number = 0

    async def hello(self) -> None:
        """Open the connection as the version does."""
        if self.version == MODERN:
            result = (await self.request("server/discover"))["result"]
        else:
            hello = {"protocolVersion": self.version, "capabilities": {}, "clientInfo": CLIENT}
            result = (await self.request("initialize", **hello))["result"]
            assert result["protocolVersion"] == self.version
            await self.write({"method": "notifications/initialized"})
        self.instructions = result.get("instructions", "")
        self.capabilities = result["capabilities"]

    async def request(self, method: str, **params: Any) -> Message:
        """Send a request and return the message that answers it."""
        return await self.answer_to(await self.ask(method, **params))

    async def ask(self, method: str, **params: Any) -> int:
        """Send a request and return its id."""
        self._number += 1
        if self.version == MODERN:
            meta = {
                f"{META}protocolVersion": MODERN,
                f"{META}clientInfo": CLIENT,
                f"{META}clientCapabilities": {},
            }
            params["_meta"] = meta | params.get("_meta", {})
        await self.write({"id": self._number, "method": method, "params": params})
        return self._number

    async def write(self, message: Mapping[str, Any]) -> None:
        line = json.dumps({"jsonrpc": "2.0", **message}) + "\n"
        await self._stdin.send(line.encode())

    async def answer_to(self, number: int) -> Message:
        """Read until the answer to a request; notifications on the way are kept."""
        with anyio.fail_after(LINE_SECONDS):
            while True:
                message = await self._read()
                if message.get("id") == number:
                    return message
                self.notifications.append(message)

    async def told(self, wanted: Callable[[Message], bool]) -> Message:
        """Read until a wanted notification, which is kept like all others."""
        with anyio.fail_after(LINE_SECONDS):
            while True:
                message = await self._read()
                self.notifications.append(message)
                if "method" in message and wanted(message):
                    return message

    async def _read(self) -> Message:
        line = await self._stdout.receive_until(b"\n", LONGEST_LINE)
        self.written.append(line)
        tell("a host got", line.decode())
        message: Message = json.loads(line)
        assert message["jsonrpc"] == "2.0", line
        return message

    async def rest(self) -> bytes:
        """Return what the bridge writes from now on until it ends."""
        rest = b""
        with anyio.fail_after(LINE_SECONDS):
            try:
                while True:
                    rest += await self._stdout.receive()
            except anyio.EndOfStream:
                return rest

    async def end_of_input(self) -> None:
        """Close the bridge's stdin."""
        await self._stdin.aclose()

    async def ended(self) -> int:
        """Return the exit code when the process ends. Raises TimeoutError if it goes on."""
        with anyio.fail_after(END_SECONDS):
            return await self.process.wait()

    async def host(self) -> Host:
        """Return the host of these pipes, with all its checks."""
        listed = await self.request("tools/list")
        return Host(self._call, [t.Tool.model_validate(tool) for tool in listed["result"]["tools"]])

    async def _call(
        self, tool: str, arguments: Mapping[str, Any], progress: Progress | None
    ) -> t.CallToolResult:
        assert progress is None
        message = await self.request("tools/call", name=tool, arguments=dict(arguments))
        assert "result" in message, message
        return t.CallToolResult.model_validate(message["result"])


@asynccontextmanager
async def lines(home: Home, version: str = LEGACY) -> AsyncIterator[Lines]:
    """Start a bridge over stdio and open the connection."""
    async with home.started() as process:
        pipes = Lines(process, version)
        await pipes.hello()
        yield pipes


@asynccontextmanager
async def line_host(home: Home, version: str = LEGACY) -> AsyncIterator[tuple[Host, Lines]]:
    """Start a bridge over stdio; yield the host and its pipes."""
    async with lines(home, version) as pipes:
        yield await pipes.host(), pipes
