"""An agent's connections: as few as are needed, as many as may be, none kept for nothing."""

import ssl

import anyio
import httpx
import pytest
from faults import Server, always, ok, serving

from a2a_mcp.a2a.http.connections import KEEP_SECONDS, AgentConnection, AgentConnections

pytestmark = pytest.mark.anyio


class Watched(AgentConnection):
    closed = False

    def __init__(self) -> None:
        super().__init__(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))

    async def aclose(self) -> None:
        self.closed = True
        await super().aclose()


async def asked_together(
    lanes: AgentConnections, server: Server, count: int
) -> list[AgentConnection]:
    """Ask so often at the same time; gives the lanes that were used."""
    taken = [await lanes.take() for _ in range(count)]
    for lane in taken:
        response = await lane.handle_async_request(httpx.Request("GET", server.url))
        await response.aread()
        await response.aclose()
        await lanes.give_back(lane)
    return taken


async def test_calls_one_after_another_use_the_connection_that_was_used_last() -> None:
    async with serving(always(ok())) as server:
        lanes = AgentConnections(Watched, 4, 1)
        *_, last = await asked_together(lanes, server, 3)
        for _ in range(5):
            assert await asked_together(lanes, server, 1) == [last]
        assert server.connections == 3
        await lanes.aclose()


async def test_connections_that_nobody_needs_are_closed_while_others_are_used() -> None:
    now = 0.0
    async with serving(always(ok())) as server:
        lanes = AgentConnections(Watched, 4, 1, lambda: now)
        *unneeded, used = await asked_together(lanes, server, 3)
        for _ in range(3):
            now += KEEP_SECONDS / 2
            await asked_together(lanes, server, 1)
        assert [lane.closed for lane in unneeded] == [True, True]  # type: ignore[attr-defined]
        assert not used.closed  # type: ignore[attr-defined]
        await lanes.aclose()


async def test_who_waits_for_a_connection_gets_the_next_that_is_free() -> None:
    lanes = AgentConnections(Watched, 1, 5)
    lane = await lanes.take()
    async with anyio.create_task_group() as group:
        given_up = await group.start(waiting, lanes)
        given_up.cancel()
        group.start_soon(lanes.give_back, lane)
        assert await lanes.take() is lane


async def waiting(
    lanes: AgentConnections, *, task_status: anyio.abc.TaskStatus[anyio.CancelScope]
) -> None:
    with anyio.CancelScope() as scope:
        task_status.started(scope)
        await lanes.take()
