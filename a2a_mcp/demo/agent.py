"""The demo agent on HTTP: one port and one card for A2A 1.0 and 0.3, JSON-RPC and HTTP+JSON.

It never prints and logs only critical faults, because stdout belongs to the command that runs it.
"""

import logging
import signal
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from socket import socket
from typing import Final

import anyio
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from a2a_mcp import __version__
from a2a_mcp.demo import DemoMissing
from a2a_mcp.server.transports.ports import open_port, origin_of

try:
    from a2a.server.request_handlers import DefaultRequestHandlerV2
    from a2a.server.routes import (
        create_agent_card_routes,
        create_jsonrpc_routes,
        create_rest_routes,
    )
    from a2a.server.tasks import InMemoryTaskStore
    from a2a.types import AgentCapabilities, AgentCard, AgentInterface, AgentSkill

    from a2a_mcp.demo.executor import DemoExecutor
    from a2a_mcp.demo.skills import SKILLS
except ModuleNotFoundError as missing:
    raise DemoMissing from missing

INTERFACES: Final = (
    ("1.0", "JSONRPC", "/a2a/jsonrpc"),
    ("1.0", "HTTP+JSON", "/a2a/rest"),
    ("0.3", "JSONRPC", "/a2a/jsonrpc"),
    ("0.3", "HTTP+JSON", "/a2a/rest"),
)
"""Version, binding, path. Versions share a path: the method or the rest of the path tells which."""

SHUTDOWN_SECONDS: Final = 1
UNSPECIFIED: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (nothing is bound here)


def build_card(base_url: str) -> AgentCard:
    """Return the agent's card; the SDK adds the 0.3 fields when it serves the card."""
    return AgentCard(
        name="Demo agent",
        description="Shows what an A2A agent can do: answer, work, stream, ask, fail, make files.",
        version=__version__,
        supported_interfaces=[
            AgentInterface(url=base_url + path, protocol_binding=binding, protocol_version=version)
            for version, binding, path in INTERFACES
        ],
        capabilities=AgentCapabilities(streaming=True, push_notifications=False),
        default_input_modes=["text/plain"],
        default_output_modes=["text/plain", "application/json", "image/png", "text/csv"],
        skills=[
            AgentSkill(
                id=key,
                name=skill.name,
                description=skill.description,
                tags=skill.tags,
                examples=skill.examples,
            )
            for key, skill in SKILLS.items()
        ],
    )


def _handler(card: AgentCard) -> DefaultRequestHandlerV2:
    return DefaultRequestHandlerV2(DemoExecutor(), InMemoryTaskStore(), card)


def _application(card: AgentCard, handler: DefaultRequestHandlerV2) -> Starlette:
    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            await handler.aclose()

    # Mounted, not prefixed: the SDK expects a tenant before its prefix, the A2A specification
    # after it.
    rest = Mount("/a2a/rest", routes=create_rest_routes(handler, enable_v0_3_compat=True))
    rpc = create_jsonrpc_routes(handler, "/a2a/jsonrpc", enable_v0_3_compat=True)
    return Starlette(routes=[*create_agent_card_routes(card), *rpc, rest], lifespan=lifespan)


@asynccontextmanager
async def running(host: str = "127.0.0.1", port: int = 0) -> AsyncGenerator[str, None]:
    """Serve the agent while the block runs; yield its base URL. Port 0 takes a free port.

    Raises CannotListen.
    """
    # Listening comes first, so that a client can connect as soon as it knows the URL.
    sockets = await open_port(host, port)
    base_url = _base_url(host, sockets[0].getsockname()[1])
    card = build_card(base_url)
    handler = _handler(card)
    server = _Server(_settings(_application(card, handler)))
    async with anyio.create_task_group() as group:
        group.start_soon(_serve, server, sockets)
        try:
            yield base_url
        finally:
            with anyio.CancelScope(shield=True):
                # Tasks end first, and so their streams: an open stream keeps the server up.
                await handler.aclose()
                server.should_exit = True


async def serve(host: str, port: int, on_ready: Callable[[str], None] | None = None) -> None:
    """Serve the agent until cancelled, or until SIGTERM or SIGINT where the event loop has signals.

    `on_ready` is called once with the base URL. Both signals end this normally.

    Raises CannotListen.
    """
    async with running(host, port) as base_url:
        with _end_signals() as end:
            if on_ready:
                on_ready(base_url)
            await end()


@contextmanager
def _end_signals() -> Iterator[Callable[[], Awaitable[object]]]:
    """Yield a function that waits for SIGTERM or SIGINT; on Windows it waits for ever."""
    if sys.platform == "win32":
        yield anyio.sleep_forever
    else:
        with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
            yield signals.__anext__


async def _serve(server: uvicorn.Server, sockets: list[socket]) -> None:
    # A cancelled uvicorn leaves its sockets open, so it is ended only by should_exit.
    with anyio.CancelScope(shield=True):
        await server.serve(sockets)


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: the caller decides when the agent ends."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Install no signal handlers."""
        yield


def _settings(app: Starlette) -> uvicorn.Config:
    # a2a-sdk and uvicorn log mistakes of a client, and tasks cut off at the end, as errors.
    for name in ("a2a", "sse_starlette"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return uvicorn.Config(
        app,
        log_config=None,
        log_level="critical",
        access_log=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )


def _base_url(host: str, port: int) -> str:
    # Nobody can connect to an unspecified address; loopback is one of those that it listens on.
    return origin_of(UNSPECIFIED.get(host, host), port)
