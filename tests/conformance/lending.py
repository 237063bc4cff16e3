"""A server before the bridge: it puts the fixtures in place and passes on all else as it is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

import anyio
import httpx
import uvicorn
from e2e.bridges import free_port
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from conformance.fixtures import Fixtures

HOP: Final = frozenset({"host", "content-length", "connection", "accept-encoding", "te"})
METHODS: Final = ["GET", "POST", "DELETE"]
SECONDS: Final = 60


@asynccontextmanager
async def lending(bridge: str) -> AsyncIterator[str]:
    """Serve the suite's fixtures before the bridge at the URL `bridge`; yield the suite's URL."""
    async with httpx.AsyncClient(timeout=SECONDS) as client:
        fixtures = await Fixtures.made(client, bridge)
        endpoint = _passing(client, fixtures, httpx.URL(bridge))
        app = Starlette(routes=[Route("/mcp", endpoint, methods=METHODS)])
        port = free_port()
        server = uvicorn.Server(
            uvicorn.Config(app, port=port, log_level="critical", lifespan="off")
        )
        async with anyio.create_task_group() as group:
            group.start_soon(server.serve)
            while not server.started:  # noqa: ASYNC110 (uvicorn has no event for it)
                await anyio.sleep(0.01)
            yield f"http://127.0.0.1:{port}/mcp"
            server.should_exit = True


def _passing(
    client: httpx.AsyncClient, fixtures: Fixtures, bridge: httpx.URL
) -> Callable[[Request], Awaitable[Response]]:
    async def passed_on(request: Request) -> Response:
        outgoing = client.build_request(
            request.method,
            bridge,
            headers=_headers(request, fixtures, bridge),
            content=fixtures.translated(await request.body()),
        )
        answer = await client.send(outgoing, stream=True)
        headers = {key: value for key, value in answer.headers.items() if key not in HOP}
        done = BackgroundTask(answer.aclose)
        return StreamingResponse(answer.aiter_raw(), answer.status_code, headers, background=done)

    return passed_on


def _headers(request: Request, fixtures: Fixtures, bridge: httpx.URL) -> dict[str, str]:
    """Return the headers for the bridge; it judges the host itself, so that is kept as it came."""
    headers = {key: value for key, value in request.headers.items() if key not in HOP}
    headers["host"] = request.headers["host"].replace(str(request.url.port), str(bridge.port))
    if "mcp-name" in headers:
        headers["mcp-name"] = fixtures.name(headers["mcp-name"])
    return headers
