"""An agent's connections: as few as are needed, as many as may be, none kept for nothing."""

import ssl
import tomllib
from pathlib import Path

import anyio
import httpcore
import httpx
import pytest
from faults import Server, always, ok, serving

import a2a_mcp
from a2a_mcp.a2a.http.connections import AgentConnections
from a2a_mcp.a2a.http.direct import DirectConnection
from a2a_mcp.a2a.http.limits import KEEP_SECONDS

pytestmark = pytest.mark.anyio


class Watched(DirectConnection):
    closed = False

    def __init__(self) -> None:
        super().__init__(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))

    async def aclose(self) -> None:
        self.closed = True
        await super().aclose()


async def asked_together(
    connections: AgentConnections, server: Server, count: int
) -> list[httpx.AsyncBaseTransport]:
    """Hold `count` connections at once and call over each; return them."""
    taken = [await connections.take() for _ in range(count)]
    for connection in taken:
        response = await connection.handle_async_request(httpx.Request("GET", server.url))
        await response.aread()
        await response.aclose()
        await connections.give_back(connection)
    return taken


async def test_calls_one_after_another_use_the_connection_that_was_used_last() -> None:
    async with serving(always(ok())) as server:
        connections = AgentConnections(Watched, 4, 1)
        *_, last = await asked_together(connections, server, 3)
        for _ in range(5):
            assert await asked_together(connections, server, 1) == [last]
        assert server.connections == 3
        await connections.aclose()


async def test_connections_that_nobody_needs_are_closed_while_others_are_used() -> None:
    now = 0.0
    async with serving(always(ok())) as server:
        connections = AgentConnections(Watched, 4, 1, lambda: now)
        *unneeded, used = await asked_together(connections, server, 3)
        for _ in range(3):
            now += KEEP_SECONDS / 2
            await asked_together(connections, server, 1)
        assert [connection.closed for connection in unneeded] == [True, True]  # type: ignore[attr-defined]
        assert not used.closed  # type: ignore[attr-defined]
        await connections.aclose()


async def test_who_waits_for_a_connection_gets_the_next_that_is_free() -> None:
    connections = AgentConnections(Watched, 1, 5)
    connection = await connections.take()
    async with anyio.create_task_group() as group:
        given_up = await group.start(waiting, connections)
        given_up.cancel()
        group.start_soon(connections.give_back, connection)
        assert await connections.take() is connection


async def waiting(
    connections: AgentConnections, *, task_status: anyio.abc.TaskStatus[anyio.CancelScope]
) -> None:
    with anyio.CancelScope() as scope:
        task_status.started(scope)
        await connections.take()


def test_httpx_and_httpcore_still_have_the_private_attributes_that_are_replaced() -> None:
    plain = httpx.AsyncHTTPTransport()
    assert isinstance(plain._pool, httpcore.AsyncConnectionPool)
    assert callable(plain._pool.create_connection)
    for name in ("can_handle_request", "is_available", "has_expired", "aclose"):
        assert callable(getattr(httpcore.AsyncConnectionInterface, name))


def test_only_a_version_of_httpx_with_these_attributes_is_installed() -> None:
    project = Path(__file__).parents[3] / "pyproject.toml"
    wanted = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["dependencies"]
    assert "httpx>=0.28,<0.29" in wanted


def test_no_other_module_reaches_the_private_attributes_of_httpx() -> None:
    package = Path(a2a_mcp.__file__).parent
    users = {
        path.relative_to(package).as_posix()
        for path in (package / "a2a" / "http").glob("*.py")
        if "super().__init__(verify" in path.read_text(encoding="utf-8")
        or "httpcore" in path.read_text(encoding="utf-8")
    }
    assert users == {"a2a/http/proxied.py"}
