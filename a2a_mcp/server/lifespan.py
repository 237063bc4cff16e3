"""The MCP server, and its lifespan.

It imports what describes the server to a host, and no more. What does the work is imported and
built when a host first asks for it, by `composition`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import anyio
import mcp.types as t
from mcp.server import CacheHint, MCPServer
from pydantic import BaseModel

from a2a_mcp import __version__
from a2a_mcp.config.load import Config
from a2a_mcp.config.reload import Reloader
from a2a_mcp.config.schema import ServerConfig
from a2a_mcp.server.call import RequestCtx
from a2a_mcp.server.instructions import instructions
from a2a_mcp.server.sdk_private import lowlevel_server, trace_messages
from a2a_mcp.server.serving import Serving
from a2a_mcp.server.state_sealing import sealing
from a2a_mcp.server.tasks_extension.extension import McpTasks
from a2a_mcp.server.tools.offer import offered_tools

if TYPE_CHECKING:
    from anyio.abc import TaskGroup

    from a2a_mcp.server.auth.entrance import Entrance
    from a2a_mcp.server.composition import Composition
    from a2a_mcp.server.transports.webhooks import Webhooks

Handler: TypeAlias = Callable[[RequestCtx, Any], Awaitable[BaseModel]]

NAME: Final = "a2a-mcp"
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

PROMPT_METHODS: Final[dict[str, type[t.RequestParams]]] = {
    "prompts/list": t.PaginatedRequestParams,
    "prompts/get": t.GetPromptRequestParams,
}


def create_server(
    config: Config,
    state_folder: Path | None,
    *,
    reloader: Reloader | None = None,
    closed: Callable[[], None] = lambda: None,
    closing: anyio.Event | None = None,
    local: bool = False,
    webhooks: Webhooks | None = None,
    door: Entrance | None = None,
    began: Callable[[Serving], None] = lambda _: None,
    **server_options: Any,
) -> MCPServer[Serving]:
    """Return the MCP server; `server_options` go to that of the SDK.

    `began` is called when it serves, `closed` when all is saved. Once `closing` is set, calls that
    wait return what is known. A `local` host is on this machine, for the same person: it may learn
    paths. `webhooks` receive what agents post; at `door` callers come in.
    """

    @asynccontextmanager
    async def lifespan(_: MCPServer[Serving]) -> AsyncIterator[Serving]:
        def compose(group: TaskGroup) -> Composition:
            from a2a_mcp.server import composition

            return composition.compose(
                config,
                state_folder,
                group,
                reloader=reloader,
                closing=closing,
                local=local,
                webhooks=webhooks,
                door=door,
            )

        try:
            async with _running(compose, began) as serving:
                yield serving
        finally:
            closed()

    server = _kind(config)(
        NAME,
        title="A2A agents",
        version=__version__,
        description="Lets a model use remote A2A agents",
        website_url=SITE,
        instructions=instructions(config),
        tools=list(offered_tools(config.server, tenants=config.agents.have_tenants())),
        lifespan=lifespan,
        extensions=[] if config.server.read_only else [McpTasks()],
        log_level="WARNING",
        subscriptions=False,
        request_state_security=sealing(state_folder, config.server.state_key),
        cache_hints={"tools/list": CacheHint(ttl_ms=60_000, scope="public")},
        **server_options,
    )
    _complete(server, config.server)
    return server


def _kind(config: Config) -> type[MCPServer[Serving]]:
    """Return the class of the server."""
    if not config.server.offers_skills:
        return MCPServer[Serving]
    from a2a_mcp.server.skill_server import SkillServer

    return SkillServer


@asynccontextmanager
async def _running(
    compose: Callable[[TaskGroup], Composition], began: Callable[[Serving], None]
) -> AsyncIterator[Serving]:
    """Yield what one run holds; at the end its background work is cancelled and its state saved."""
    serving: Serving | None = None
    try:
        async with anyio.create_task_group() as group:
            serving = Serving(partial(compose, group))
            began(serving)
            yield serving
            group.cancel_scope.cancel()
    finally:
        if serving:
            await serving.aclose()


def _complete(server: MCPServer[Serving], config: ServerConfig) -> None:
    """Serve what the SDK does not, and leave out what nobody reads."""
    trace_messages(server)
    _serve(server, RESOURCE_METHODS, _answer)
    _serve(server, PROMPT_METHODS, _answer_prompt)
    if config.apps:
        from a2a_mcp.server.apps.offer import offer_view

        offer_view(server, cancels=not config.read_only)


def _serve(
    server: MCPServer[Serving], methods: Mapping[str, type[t.RequestParams]], handler: Handler
) -> None:
    """Serve methods by a handler of ours; the SDK's know only what exists at the start."""
    for method, params in methods.items():
        lowlevel_server(server).add_request_handler(method, params, handler)


async def _answer(ctx: RequestCtx, params: t.RequestParams) -> BaseModel:
    """Serve a resource method; imported at first use, because most hosts never use resources."""
    from a2a_mcp.server.other_requests import noted
    from a2a_mcp.server.resources.subscriptions import HANDLERS

    return await noted(ctx, params, HANDLERS[ctx.method])


async def _answer_prompt(ctx: RequestCtx, params: t.RequestParams) -> BaseModel:
    """Serve a method of prompts; imported at first use, as those of resources are."""
    from a2a_mcp.server.prompts import answer

    return await answer(ctx, params)
