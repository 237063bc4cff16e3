"""Calls over a transport, and the errors they must raise."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from faults import Peer, Server, head

from a2a_mcp.a2a.auth.static import Attachment
from a2a_mcp.a2a.bindings.base import HttpRequest
from a2a_mcp.a2a.errors import A2AError, Delivery
from a2a_mcp.a2a.http.responses import HttpResponse
from a2a_mcp.a2a.http.transport import Transport

NOTHING = Attachment()


def post(server: Server, path: str = "/", body: Any = None) -> HttpRequest:
    return HttpRequest("POST", server.url + path, {"hello": 1} if body is None else body)


async def fetch(client: Transport, outgoing: HttpRequest, **more: Any) -> HttpResponse:
    return await client.fetch(outgoing, {}, NOTHING, **more)


@asynccontextmanager
async def failing(kind: type[A2AError], delivery: Delivery) -> AsyncIterator[None]:
    with pytest.raises(kind) as failed:
        yield
    assert type(failed.value) is kind
    assert failed.value.delivery is delivery
    assert failed.value.url is not None
    assert failed.value.url.startswith("http://127.0.0.1:")


async def cut_in_the_body(peer: Peer) -> None:
    await peer.send(head("Content-Length: 100") + b'{"id": "t"')


async def huge_and_said(peer: Peer) -> None:
    await peer.send(head("Content-Length: 10000000000"))
    await peer.flood(b"x" * 65536)
