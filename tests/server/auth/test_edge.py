"""What the door lets through that has no sender."""

from __future__ import annotations

import time

import pytest
from starlette.types import Message, Receive, Scope, Send

from a2a_mcp.server.auth.callers import Callers
from a2a_mcp.server.auth.edge import Edge
from a2a_mcp.server.auth.refusals import Refusals
from a2a_mcp.server.auth.resource import Resource
from a2a_mcp.server.auth.static_tokens import StaticTokens

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("path", ["/mcp", "/"])
async def test_the_start_of_the_server_passes_the_door_wherever_the_endpoint_is(path: str) -> None:
    started: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        started.append(scope["type"])

    async def receive() -> Message:
        return {"type": "lifespan.startup"}

    async def send(message: Message) -> None:
        pytest.fail(f"the door answered {message}")

    callers = Callers(StaticTokens({"ann": "t" * 32}), {}, time.time)
    resource = Resource(f"http://127.0.0.1{path}", path)
    edge = Edge(app, callers, resource, Refusals(None, time.monotonic))
    await edge({"type": "lifespan"}, receive, send)
    assert started == ["lifespan"]
