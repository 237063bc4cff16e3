"""The methods by which a host listens to resources, in both eras.

A stream of 2026 (`subscriptions/listen`) or a session of before (`resources/subscribe`) hears of
what its caller owns; an address of somebody else's is treated like one that is not there. What is
listened to is followed. `_connection` of the SDK's session is used nowhere else.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Final

import anyio
import mcp.types as t
from mcp.server.session import ServerSession
from mcp.server.subscriptions import SUBSCRIPTION_ID_META_KEY, ServerEvent
from mcp.shared.exceptions import MCPError
from mcp.shared.subscriptions import event_to_notification

from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.bridge.send import SendRequest
from a2a_mcp.errors import BridgeError
from a2a_mcp.presentation import resource_uris
from a2a_mcp.server.app import App, owner
from a2a_mcp.server.change_feed import Stream
from a2a_mcp.server.resources import handlers
from a2a_mcp.server.resources.handlers import Ctx, Handler, browser_of
from a2a_mcp.server.sdk_private import connection_state, on_disconnect
from a2a_mcp.server.tasks_extension import notifications
from a2a_mcp.store.base import TaskRecord
from a2a_mcp.telemetry.supervise import run_logged

MOST_ADDRESSES: Final = 100  # of one stream
STREAM: Final = "a2a-mcp stream"
TAKING_UP: Final = "taking up a task that is listened to"


def _begin(app: App, what: str, work: Callable[[], Awaitable[None]]) -> None:
    """Begin what goes on beside the request, or after it."""
    app.streams.group.start_soon(run_logged, what, work)


async def _take_up(app: App, caller: str, addresses: Iterable[str]) -> None:
    """Follow the tasks that somebody listens to and that nobody reads, as after a restart."""
    for place in map(resource_uris.parse, addresses):
        record = await _task_at(app, caller, place) if place else None
        if record and record.task_id and not record.state.terminal:
            outgoing = SendRequest("", agent=record.agent, task_id=record.task_id)
            with suppress(A2AError, BridgeError):  # who reads the task is told why
                await app.bridge.attach(caller, outgoing)


async def _task_at(
    app: App, caller: str, place: resource_uris.ResourceAddress
) -> TaskRecord | None:
    if place.agent is None or place.task_id is None:
        return None
    return await browser_of(app).find(caller, place.agent, place.task_id)


async def _can_be_heard(app: App, place: resource_uris.ResourceAddress | None) -> bool:
    """Whether there is such a place for the current caller."""
    if place is None:
        return False
    if place.task_id is not None:
        return await _task_at(app, owner(), place) is not None
    return place.agent is None or place.agent in app.registry.names()


def _refuse_too_many(app: App) -> None:
    if app.streams.full(owner()):
        raise MCPError(t.INTERNAL_ERROR, "Too many are listening already: close a stream first.")


async def listen(
    ctx: Ctx, params: t.SubscriptionsListenRequestParams
) -> t.SubscriptionsListenResult:
    """Serve one stream: say what of it is honoured, then what changes, until it is closed."""
    app, asked = ctx.lifespan_context, params.notifications
    _refuse_too_many(app)
    tasks = await notifications.requested_tasks(ctx)
    stream = Stream(list_changes=bool(asked.resources_list_changed))
    heard: list[str] = []
    for uri in (asked.resource_subscriptions or [])[:MOST_ADDRESSES]:
        if await _can_be_heard(app, resource_uris.parse(uri)):
            heard.append(uri)
            stream.want(uri)
    honoured = t.SubscriptionFilter(
        tools_list_changed=asked.tools_list_changed or None,  # these never change
        prompts_list_changed=asked.prompts_list_changed or None,
        resources_list_changed=asked.resources_list_changed or None,
        resource_subscriptions=heard or None,
    )
    meta = {SUBSCRIPTION_ID_META_KEY: ctx.request_id}
    session, request = ctx.session, ctx.request_id

    async def send(event: ServerEvent) -> None:
        await session.send_notification(event_to_notification(event, meta), request)

    async def tell_of_tasks() -> None:
        await notifications.notify_until_ended(ctx, tasks, meta)
        if not any(dict(honoured).values()):
            stream.close()

    with app.streams.joined(owner(), stream):
        await notifications.acknowledge(ctx, honoured, tasks, meta)
        _begin(app, TAKING_UP, partial(_take_up, app, owner(), heard))
        async with anyio.create_task_group() as group:
            if tasks:
                group.start_soon(tell_of_tasks)
            await stream.serve(app.registry, send)
            group.cancel_scope.cancel()
    return t.SubscriptionsListenResult(_meta=meta)


async def subscribe(ctx: Ctx, params: t.SubscribeRequestParams) -> t.EmptyResult:
    """Add an address to what a session of before 2026 hears; one that is not there is refused."""
    app, uri = ctx.lifespan_context, str(params.uri)
    state = connection_state(ctx.session)
    if not await _can_be_heard(app, resource_uris.parse(uri)):
        raise MCPError(t.INVALID_PARAMS, "Resource not found.", {"uri": uri})
    if STREAM not in state:
        _refuse_too_many(app)
        state[STREAM] = Stream()
        serving = partial(_serve_session, app, state[STREAM], ctx.session)
        _begin(app, "telling a session what changes", serving)
    if state[STREAM].size >= MOST_ADDRESSES:
        raise MCPError(t.INTERNAL_ERROR, f"{MOST_ADDRESSES} addresses are listened to already.")
    state[STREAM].want(uri)
    _begin(app, TAKING_UP, partial(_take_up, app, owner(), [uri]))
    return t.EmptyResult()


async def _serve_session(app: App, stream: Stream, session: ServerSession) -> None:
    async def send(event: ServerEvent) -> None:
        await session.send_notification(event_to_notification(event, {}))

    on_disconnect(session, stream.close)
    with app.streams.joined(owner(), stream):
        await stream.serve(app.registry, send)


async def unsubscribe(ctx: Ctx, params: t.UnsubscribeRequestParams) -> t.EmptyResult:
    """Take an address from what a session hears."""
    stream = connection_state(ctx.session).get(STREAM)
    if stream:
        stream.drop(str(params.uri))
    return t.EmptyResult()


HANDLERS: Final[dict[str, Handler]] = handlers.HANDLERS | {
    "subscriptions/listen": listen,
    "resources/subscribe": subscribe,
    "resources/unsubscribe": unsubscribe,
}
