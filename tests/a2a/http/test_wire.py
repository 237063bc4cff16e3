"""The bytes of one connection: a sender whose bytes nobody reads has to wait."""

import asyncio
import socket

import anyio
import pytest

from a2a_mcp.a2a.http.wire import MOST_UNREAD, Wire

pytestmark = pytest.mark.anyio

PIECE = bytes(64 * 1024)


async def wired() -> tuple[Wire, socket.socket]:
    near, far = socket.socketpair()
    near.setblocking(False)
    far.setblocking(False)
    loop = asyncio.get_running_loop()
    _, wire = await loop.create_connection(lambda: Wire(near), sock=near)
    return wire, far


async def sent_until_full(far: socket.socket) -> int:
    """Send for as long as the other end takes anything within a fifth of a second."""
    sent = 0
    while True:
        with anyio.move_on_after(0.2) as waiting:
            await anyio.wait_writable(far)
        if waiting.cancelled_caught:
            return sent
        sent += far.send(PIECE)


async def test_what_nobody_reads_stays_with_the_sender() -> None:
    wire, far = await wired()
    with far, anyio.fail_after(20):
        sent = await sent_until_full(far)
        assert sent < MOST_UNREAD + 4 * 1024 * 1024
        received = 0
        while received < sent:
            received += len(await wire.read())
        assert received == sent
        assert await sent_until_full(far) > 0
        wire.close()


async def test_what_came_before_the_end_is_read_before_it() -> None:
    wire, far = await wired()
    with anyio.fail_after(20):
        far.send(b"last")
        far.close()
        assert await wire.read() == b"last"
        assert await wire.read() == b""
        wire.close()
