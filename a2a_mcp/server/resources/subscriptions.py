"""The MCP methods by which a client subscribes to resources, in both forms of the protocol.

Since 2026-07-28 a client opens a stream (`subscriptions/listen`); before, its session subscribes
(`resources/subscribe`). Both hear only of what their caller owns. A task that is subscribed to is
followed at its agent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any, Final

import anyio
import mcp.types as t
from mcp.server.session import ServerSession
from mcp.server.subscriptions import SUBSCRIPTION_ID_META_KEY, ServerEvent
from mcp.shared.exceptions import MCPError
from mcp.shared.subscriptions import event_to_notification

from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.bridge.send import SendRequest
from a2a_mcp.errors import BridgeError, CallsTooFast
from a2a_mcp.presentation import resource_uris
from a2a_mcp.presentation.resource_uris import ResourceAddress
from a2a_mcp.server.app import App
from a2a_mcp.server.call import RequestCtx
from a2a_mcp.server.caller import owner
from a2a_mcp.server.change_feed import Stream
from a2a_mcp.server.resources import handlers
from a2a_mcp.server.resources.handlers import Handler, browser_of
from a2a_mcp.server.sdk_private import connection_state, on_disconnect
from a2a_mcp.server.tasks_extension import notifications
from a2a_mcp.store.base import TaskRecord
from a2a_mcp.telemetry.supervise import run_logged

MAX_ADDRESSES: Final = 100  # per stream
STREAM: Final = "a2a-mcp stream"
FOLLOWING: Final = "following a task that is subscribed to"


async def listen(
    ctx: RequestCtx, params: t.SubscriptionsListenRequestParams
) -> t.SubscriptionsListenResult:
    """Serve one stream: acknowledge what it will carry, then send changes until it is closed."""
    app, asked = ctx.lifespan_context.app, params.notifications
    _refuse_too_many(app)
    tasks = await notifications.requested_tasks(ctx)
    addresses = await _allowed(app, asked.resource_subscriptions or [])
    stream = Stream(
        list_changes=bool(asked.resources_list_changed),
        tool_changes=bool(asked.tools_list_changed and app.skills),
    )
    for uri in addresses:
        stream.want(uri)
    honoured = t.SubscriptionFilter(
        tools_list_changed=asked.tools_list_changed or None,
        resources_list_changed=asked.resources_list_changed or None,
        resource_subscriptions=addresses or None,
    )
    meta = {SUBSCRIPTION_ID_META_KEY: ctx.request_id}
    with app.streams.joined(owner(), stream):
        await notifications.acknowledge(ctx, honoured, tasks, meta)
        async with anyio.create_task_group() as group:
            group.start_soon(run_logged, FOLLOWING, partial(_follow_tasks, app, owner(), addresses))
            if tasks:
                only_tasks = not any(dict(honoured).values())
                group.start_soon(_notify_of_tasks, ctx, tasks, meta, stream if only_tasks else None)
            await stream.serve(app.registry, _sender(ctx, meta))
            group.cancel_scope.cancel()
    return t.SubscriptionsListenResult(_meta=meta)


async def _allowed(app: App, uris: list[str]) -> list[str]:
    """Return the addresses that exist for the current caller."""
    wanted = uris[:MAX_ADDRESSES]
    return [uri for uri in wanted if await _exists(app, resource_uris.parse(uri))]


def _sender(ctx: RequestCtx, meta: dict[str, Any]) -> Callable[[ServerEvent], Awaitable[None]]:
    # The session and the id are taken now: the context is gone when the request has ended.
    session, request_id = ctx.session, ctx.request_id

    async def send(event: ServerEvent) -> None:
        await session.send_notification(event_to_notification(event, meta), request_id)

    return send


async def _notify_of_tasks(
    ctx: RequestCtx, tasks: list[str], meta: dict[str, Any], to_close: Stream | None
) -> None:
    """Send the notifications of tasks; then close a stream that carries nothing else."""
    await notifications.notify_until_ended(ctx, tasks, meta)
    if to_close:
        to_close.close()


async def subscribe(ctx: RequestCtx, params: t.SubscribeRequestParams) -> t.EmptyResult:
    """Add an address to the session's stream; MCPError if it does not exist for the caller."""
    app, uri = ctx.lifespan_context.app, str(params.uri)
    if not await _exists(app, resource_uris.parse(uri)):
        raise MCPError(t.INVALID_PARAMS, "Resource not found.", {"uri": uri})
    stream = session_stream(app, ctx.session)
    if stream.size >= MAX_ADDRESSES:
        raise MCPError(t.INTERNAL_ERROR, f"{MAX_ADDRESSES} addresses are listened to already.")
    stream.want(uri)
    _begin(app, FOLLOWING, partial(_follow_tasks, app, owner(), [uri]))
    return t.EmptyResult()


def session_stream(app: App, session: ServerSession) -> Stream:
    """Return the stream of a session, begun when it is first needed; MCPError at too many."""
    state = connection_state(session)
    if STREAM not in state:
        _refuse_too_many(app)
        state[STREAM] = Stream()
        serving = partial(_serve_session, app, state[STREAM], session)
        _begin(app, "telling a session what changes", serving)
    stream: Stream = state[STREAM]
    return stream


async def _serve_session(app: App, stream: Stream, session: ServerSession) -> None:
    async def send(event: ServerEvent) -> None:
        await session.send_notification(event_to_notification(event, {}))

    on_disconnect(session, stream.close)
    with app.streams.joined(owner(), stream):
        await stream.serve(app.registry, send)


async def unsubscribe(ctx: RequestCtx, params: t.UnsubscribeRequestParams) -> t.EmptyResult:
    """Take an address from the session's stream."""
    stream = connection_state(ctx.session).get(STREAM)
    if stream:
        stream.drop(str(params.uri))
    return t.EmptyResult()


def _refuse_too_many(app: App) -> None:
    if app.streams.full(owner()):
        raise MCPError(t.INTERNAL_ERROR, "Too many are listening already: close a stream first.")


async def _exists(app: App, address: ResourceAddress | None) -> bool:
    """Return whether an address exists for the current caller."""
    if address is None:
        return False
    await app.registry.discover()
    if address.task_id is not None:
        return await _task_at(app, owner(), address) is not None
    return address.agent is None or address.agent in app.registry.names()


async def _task_at(app: App, caller: str, address: ResourceAddress) -> TaskRecord | None:
    if address.agent is None or address.task_id is None:
        return None
    return await browser_of(app).find(caller, address.agent, address.task_id)


def _begin(app: App, what: str, work: Callable[[], Awaitable[None]]) -> None:
    """Start work that goes on beside the request or after it."""
    app.streams.group.start_soon(run_logged, what, work)


async def _follow_tasks(app: App, caller: str, uris: Iterable[str]) -> None:
    """Follow the running tasks at these addresses: after a restart nothing else follows them.

    Agents are asked no faster than the caller may call; the first one is what the request counts.
    """
    running = [record for uri in uris if (record := await _running_at(app, caller, uri))]
    for number, record in enumerate(running):
        if number:
            await _turn(app)
        request = SendRequest("", agent=record.agent, task_id=record.task_id)
        with suppress(A2AError, BridgeError):  # reading the task returns the error
            await app.bridge.attach(caller, request)


async def _running_at(app: App, caller: str, uri: str) -> TaskRecord | None:
    """Return the running task at an address that nothing follows here."""
    address = resource_uris.parse(uri)
    record = await _task_at(app, caller, address) if address else None
    if record is None or record.task_id is None or record.state.terminal:
        return None
    return None if app.bridge.is_tracked(record) else record


async def _turn(app: App) -> None:
    """Wait until the caller may call once more."""
    while True:
        try:
            return await app.admit()
        except CallsTooFast as error:
            await anyio.sleep(error.seconds)


HANDLERS: Final[dict[str, Handler]] = handlers.HANDLERS | {
    "subscriptions/listen": listen,
    "resources/subscribe": subscribe,
    "resources/unsubscribe": unsubscribe,
}
