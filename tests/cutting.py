"""A network that breaks at a byte: a TCP relay before a real agent.

    async with relayed(agent.url) as relay:
        relay.cut = Cut("reset", to_agent=False, after=50)
        ...  # the bridge is configured with relay.url

It knows no HTTP. Bytes are counted on each connection from the moment a cut is set.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

import anyio
from anyio.abc import SocketAttribute, SocketStream
from proxy import GONE

Kind = Literal["drop", "reset", "stall", "half-close"]
NO_LINGER = struct.pack("ii", 1, 0)  # closing then sends RST instead of FIN


@dataclass(frozen=True)
class Cut:
    """What breaks, in which direction, after how many bytes of it."""

    kind: Kind
    to_agent: bool
    after: int


@dataclass
class Relay:
    """A relay before one agent; `cut` None passes all on."""

    host: str
    agent_port: int
    port: int
    cut: Cut | None = None
    struck: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, bridge: SocketStream) -> None:
        """Relay one connection."""
        async with (
            await anyio.connect_tcp(self.host, self.agent_port) as agent,
            bridge,
            anyio.create_task_group() as group,
        ):
            group.start_soon(self._pass, bridge, agent, True, group.cancel_scope)
            group.start_soon(self._pass, agent, bridge, False, group.cancel_scope)

    async def _pass(
        self,
        source: SocketStream,
        target: SocketStream,
        to_agent: bool,
        ends: anyio.CancelScope,
    ) -> None:
        passed, cut = 0, self.cut
        with suppress(*GONE):
            async for piece in source:
                if self.cut is not cut:
                    passed, cut = 0, self.cut
                if cut is None or cut.to_agent is not to_agent:
                    await target.send(piece)
                    continue
                left = cut.after - passed
                passed += len(piece)
                if left >= len(piece):
                    await target.send(piece)
                    continue
                if left > 0:
                    await target.send(piece[:left])
                await self._strike(cut, source, target, ends)
            with suppress(OSError):
                await target.send_eof()

    async def _strike(
        self, cut: Cut, source: SocketStream, target: SocketStream, ends: anyio.CancelScope
    ) -> None:
        self.struck += 1
        match cut.kind:
            case "drop":
                ends.cancel()
            case "reset":
                for stream in (source, target):
                    raw = stream.extra(SocketAttribute.raw_socket)
                    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
                ends.cancel()
            case "half-close":
                with suppress(*GONE, OSError):
                    await target.send_eof()
                await anyio.sleep_forever()
            case "stall":
                await anyio.sleep_forever()
        await anyio.sleep_forever()


@asynccontextmanager
async def relayed(target: str) -> AsyncIterator[Relay]:
    """Open a relay before an agent."""
    parts = urlsplit(target)
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with listener, anyio.create_task_group() as group:
        port = listener.extra(SocketAttribute.local_port)
        relay = Relay(parts.hostname or "", parts.port or 80, port)
        group.start_soon(listener.serve, relay.serve, group)
        yield relay
        group.cancel_scope.cancel()
