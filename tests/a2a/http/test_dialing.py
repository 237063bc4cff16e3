"""Which of a host's addresses is used."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import anyio
import httpx
import pytest
from faults import always, closed_port, ok, serving

from a2a_mcp.a2a.http.dialing import Target, connected_first, open_wire

pytestmark = pytest.mark.anyio

LOCAL = "127.0.0.1"


def at(port: int) -> Target:
    return socket.AF_INET, (LOCAL, port)


@contextmanager
def silent_port() -> Iterator[int]:
    """Listen at a port that has no room for one connection more, so that nobody answers there."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((LOCAL, 0))
        listener.listen(0)
        for _ in range(8):
            caller = stack.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


async def test_after_an_address_that_refuses_the_next_is_used_at_once() -> None:
    async with serving(always(ok())) as server:
        with anyio.fail_after(0.2):
            found = await connected_first([at(closed_port()), at(server.port)])
        assert found.getpeername() == (LOCAL, server.port)
        found.close()


async def test_beside_an_address_that_says_nothing_the_next_is_tried() -> None:
    async with serving(always(ok())) as server:
        with silent_port() as silent, anyio.fail_after(20):
            found = await connected_first([at(silent), at(server.port)])
        assert found.getpeername() == (LOCAL, server.port)
        found.close()


async def test_where_all_refuse_the_first_refusal_is_told() -> None:
    with pytest.raises(ConnectionRefusedError):
        await connected_first([at(closed_port()), at(closed_port())])


async def test_an_address_that_says_nothing_is_given_up_in_time() -> None:
    with silent_port() as silent, pytest.raises(httpx.ConnectTimeout):
        await open_wire(LOCAL.encode(), silent, None, LOCAL, 0.2)


async def test_small_writes_leave_at_once() -> None:
    async with serving(always(ok())) as server:
        found = await connected_first([at(server.port)])
        assert found.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        found.close()
