"""The composition root: the MCP server, and the lifespan that builds what its tools share.

No other module of the server names a concrete store or tracker. Nothing is read from the network
and nothing is written before a host's first real request, because some hosts start a server twice
and kill one of the two at once.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import anyio
import mcp.types as t
from mcp.server import CacheHint, MCPServer
from mcp.server.context import ServerRequestContext
from pydantic import BaseModel

from a2a_mcp import __version__
from a2a_mcp.agents.registry import Registry
from a2a_mcp.bridge.artifact_files import ArtifactFiles
from a2a_mcp.bridge.jobs import Jobs
from a2a_mcp.bridge.list_tasks import TaskLister
from a2a_mcp.bridge.read_artifact import ArtifactReader
from a2a_mcp.bridge.recover_tasks import TaskRecoverer
from a2a_mcp.bridge.service import Bridge
from a2a_mcp.config.load import Config
from a2a_mcp.config.reload import Reloader
from a2a_mcp.presentation.content import joined_text
from a2a_mcp.presentation.message_artifacts import count_results
from a2a_mcp.server.app import App
from a2a_mcp.server.change_feed import Streams
from a2a_mcp.server.instructions import instructions
from a2a_mcp.server.sdk_private import drop_unrecorded_spans, lowlevel_server, withdraw_method
from a2a_mcp.server.state_sealing import sealing
from a2a_mcp.server.tasks_extension.methods import McpTasks
from a2a_mcp.server.tools.offer import offered_tools
from a2a_mcp.store.results import ResultStore
from a2a_mcp.store.sqlite.store import SqliteTaskStore
from a2a_mcp.telemetry.descriptors import bounded_by_descriptors
from a2a_mcp.telemetry.supervise import run_logged
from a2a_mcp.tracking.tail import UpdateMemory
from a2a_mcp.tracking.tracker import TaskTracker

NAME: Final = "a2a-mcp"
DAY_SECONDS: Final = 86_400.0
SAVE_SECONDS: Final = 1
SITE: Final = "https://a2a-protocol.org"

RESOURCE_METHODS: Final[dict[str, type[t.RequestParams]]] = {
    "resources/list": t.PaginatedRequestParams,
    "resources/templates/list": t.PaginatedRequestParams,
    "resources/read": t.ReadResourceRequestParams,
    "completion/complete": t.CompleteRequestParams,
    "subscriptions/listen": t.SubscriptionsListenRequestParams,
    "resources/subscribe": t.SubscribeRequestParams,
    "resources/unsubscribe": t.UnsubscribeRequestParams,
}

UNUSED_METHODS: Final = ("prompts/list", "prompts/get")
"""What the SDK serves though there is nothing behind it."""


def create_server(
    config: Config,
    state_folder: Path | None,
    *,
    reloader: Reloader | None = None,
    closed: Callable[[], None] = lambda: None,
    closing: anyio.Event | None = None,
    local: bool = False,
    **server_options: Any,
) -> MCPServer[App]:
    """Return the MCP server.

    `closed` is called when the lifespan has ended and all state is saved. Once `closing` is set,
    calls that wait for an agent return what is known. A `local` host runs on this machine for the
    same person, so results may name local paths. `server_options` go to the SDK's server.
    """

    @asynccontextmanager
    async def lifespan(_: MCPServer[App]) -> AsyncIterator[App]:
        try:
            async with _running(config, state_folder, reloader, closing, local=local) as app:
                yield app
        finally:
            closed()

    server = MCPServer[App](
        NAME,
        title="A2A agents",
        version=__version__,
        description="Lets a model use remote A2A agents",
        website_url=SITE,
        instructions=instructions(config),
        tools=list(offered_tools(config.server)),
        lifespan=lifespan,
        extensions=[] if config.server.read_only else [McpTasks()],
        log_level="WARNING",
        subscriptions=False,
        request_state_security=sealing(state_folder, config.server.state_key),
        cache_hints={"tools/list": CacheHint(ttl_ms=60_000, scope="public")},
        **server_options,
    )
    drop_unrecorded_spans(server)
    _serve_resources(server)
    for method in UNUSED_METHODS:
        withdraw_method(server, method)
    return server


@asynccontextmanager
async def _running(
    config: Config,
    state_folder: Path | None,
    reloader: Reloader | None,
    closing: anyio.Event | None,
    *,
    local: bool,
) -> AsyncIterator[App]:
    """Build what the tools share, run its background work, and save its state at the end."""
    tasks = SqliteTaskStore(state_folder, durability=config.server.durability)
    registry = Registry(config, reloader, overrides=tasks)
    results = _result_store(config, state_folder)
    try:
        async with anyio.create_task_group() as group:
            streams = Streams(group)
            memory = UpdateMemory(config.server.updates_bytes, joined_text)
            watchers = (results.note, streams.note)
            tracker = TaskTracker(
                group,
                tasks,
                watchers=watchers,
                memory=memory,
                most_followed=bounded_by_descriptors(config.server.max_followed),
            )
            for work in (tracker.watch, results.run, registry.tidy):
                group.start_soon(work)
            if closing:
                group.start_soon(_release, closing, tracker, streams)
            bridge = Bridge(registry, tasks, tracker, results)
            recoverer = TaskRecoverer(bridge, tasks, tracker)
            group.start_soon(run_logged, "taking tasks over", recoverer.run)
            group.start_soon(run_logged, "tending the task map", tasks.tend)
            yield _app(bridge, streams, recoverer, state_folder, local=local)
            group.cancel_scope.cancel()
    finally:
        with anyio.CancelScope(shield=True), anyio.move_on_after(SAVE_SECONDS):
            await results.flush()
            await tasks.close()
            await registry.aclose()


def _result_store(config: Config, state_folder: Path | None) -> ResultStore:
    return ResultStore(
        state_folder,
        keep_seconds=config.server.keep_days * DAY_SECONDS,
        keep_bytes=config.server.keep_bytes,
        count_results=count_results,
    )


def _app(
    bridge: Bridge,
    streams: Streams,
    recoverer: TaskRecoverer,
    state_folder: Path | None,
    *,
    local: bool,
) -> App:
    registry = bridge.registry
    files = ArtifactFiles(registry, state_folder, local=local)
    return App(
        registry,
        bridge,
        TaskLister(registry, bridge.tasks, bridge.reader),
        streams,
        ArtifactReader(registry, bridge.reader, files),
        Jobs(bridge),
        files,
        recoverer,
        state_folder,
        local,
    )


def _serve_resources(server: MCPServer[App]) -> None:
    """Replace the SDK's handlers, which know only resources that exist at the start."""
    for method, params in RESOURCE_METHODS.items():
        lowlevel_server(server).add_request_handler(method, params, _answer)


async def _answer(ctx: ServerRequestContext[App, Any], params: t.RequestParams) -> BaseModel:
    """Serve a resource method; imported at first use, because most hosts never use resources."""
    from a2a_mcp.server.resources.subscriptions import HANDLERS

    return await HANDLERS[ctx.method](ctx, params)


async def _release(closing: anyio.Event, tracker: TaskTracker, streams: Streams) -> None:
    """Let waiting calls and streams end, once `closing` is set."""
    await closing.wait()
    tracker.release()
    streams.close()
