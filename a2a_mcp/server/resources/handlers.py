"""The MCP methods that list, complete and read resources at `a2a://` addresses.

The SDK's own resource manager knows only what is registered at the start, the same for every
caller; so these handlers take its place (`lifespan` imports them at first use). A task or a list is
masked and scrubbed like a result. An address that belongs to another owner is treated as one that
does not exist.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

import mcp.types as t
from mcp.shared.exceptions import MCPError
from pydantic import BaseModel

from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.bridge.list_tasks import TaskFilter
from a2a_mcp.bridge.resources import MOST_COMPLETIONS, Browser, Entry
from a2a_mcp.errors import BridgeError, CallsTooFast
from a2a_mcp.presentation import resource_uris
from a2a_mcp.presentation.resource_uris import ResourceAddress
from a2a_mcp.server import error_results, results
from a2a_mcp.server.app import App
from a2a_mcp.server.call import RequestCtx
from a2a_mcp.server.caller import owner
from a2a_mcp.server.prompts import AGENT_ARGUMENTS
from a2a_mcp.server.resources.contents import MARKDOWN, Contents, contents_of, text_contents
from a2a_mcp.server.results import Mask
from a2a_mcp.text.times import rfc3339

Handler: TypeAlias = Callable[[RequestCtx, Any], Awaitable[BaseModel]]

MAX_ROWS: Final = 100
TEMPLATES: Final = (
    (
        f"{resource_uris.AGENTS}/{{agent}}",
        "agent",
        "One agent: its skills, how it is reached",
        MARKDOWN,
    ),
    (
        f"{resource_uris.TASKS}/{{agent}}/{{task_id}}",
        "task",
        "A task as it is now: its state and the agent's answer. Can be listened to",
        MARKDOWN,
    ),
    (
        f"{resource_uris.TASKS}/{{agent}}/{{task_id}}/artifacts/{{artifact_id}}",
        "artifact",
        "One result of a task, whole",
        None,
    ),
)
"""URI template, name, description, media type."""


def browser_of(app: App) -> Browser:
    """Return the use case that lists, finds and reads resources."""
    return Browser(app.registry, app.bridge)


async def list_resources(
    ctx: RequestCtx, params: t.PaginatedRequestParams
) -> t.ListResourcesResult:
    """Return a page of what the caller can read."""
    app = ctx.lifespan_context.app
    try:
        entries, cursor = await browser_of(app).page(owner(), params.cursor)
    except ValueError:
        raise MCPError(t.INVALID_PARAMS, "The cursor is not one of this list.") from None
    return t.ListResourcesResult(
        resources=[_resource(entry, app.mask) for entry in entries], next_cursor=cursor
    )


def _resource(entry: Entry, mask: Mask) -> t.Resource:
    changed = entry.changed and t.Annotations(last_modified=rfc3339(entry.changed))
    return t.Resource(
        uri=entry.uri,
        name=mask(entry.name),
        title=mask(entry.title) if entry.title else None,
        description=mask(entry.description),
        mime_type=MARKDOWN,
        annotations=changed or None,
    )


async def list_templates(
    _: RequestCtx, __: t.PaginatedRequestParams
) -> t.ListResourceTemplatesResult:
    """Return the URI templates."""
    templates = [
        t.ResourceTemplate(uri_template=form, name=name, description=words, mime_type=media_type)
        for form, name, words, media_type in TEMPLATES
    ]
    return t.ListResourceTemplatesResult(resource_templates=templates)


async def complete(ctx: RequestCtx, params: t.CompleteRequestParams) -> t.CompleteResult:
    """Return the agent names or task ids that begin as given; none for another argument."""
    found = await _completions(ctx.lifespan_context.app, params)
    shown = found[:MOST_COMPLETIONS]
    more = len(found) > len(shown)
    return t.CompleteResult(completion=t.Completion(values=shown, total=len(found), has_more=more))


async def _completions(app: App, params: t.CompleteRequestParams) -> list[str]:
    begun = params.argument.value
    if isinstance(params.ref, t.PromptReference):
        names_agent = params.argument.name in AGENT_ARGUMENTS
        return await browser_of(app).agents(begun) if names_agent else []
    match params.argument.name:
        case "agent":
            return await browser_of(app).agents(begun)
        case "task_id":
            chosen = (params.context.arguments if params.context else None) or {}
            return await browser_of(app).task_ids(owner(), chosen.get("agent"), begun)
        case _:
            return []


async def read_resource(
    ctx: RequestCtx, params: t.ReadResourceRequestParams
) -> t.ReadResourceResult:
    """Return the contents at an address; MCPError if the caller has nothing there."""
    app, uri = ctx.lifespan_context.app, str(params.uri)
    address = resource_uris.parse(uri)
    await app.registry.discover()
    contents = await _read(app, uri, address) if address else None
    if contents is None:
        raise MCPError(t.INVALID_PARAMS, "Resource not found.", {"uri": uri})
    return t.ReadResourceResult(contents=contents)


async def _read(app: App, uri: str, address: ResourceAddress) -> list[Contents] | None:
    try:
        return await _contents(app, uri, address)
    except CallsTooFast:
        raise
    except BridgeError:
        return None
    except A2AError as error:
        call = error_results.FailedCall(address.agent, address.task_id)
        result = error_results.of_agent_error(error, call, app.mask).structured_content or {}
        words = f"{result.get('error')} {result.get('next_step')}"
        raise MCPError(t.INTERNAL_ERROR, words, {"uri": uri}) from None


async def _contents(app: App, uri: str, address: ResourceAddress) -> list[Contents] | None:
    match address:
        case ResourceAddress("agents", agent):
            if agent:  # its card may be fetched
                await app.admit()
            view = await app.agents(agent, refresh=False)
            return [text_contents(uri, app.mask(view.prose()))]
        case ResourceAddress("tasks", None):
            tasks = await app.lister.list(owner(), TaskFilter(limit=MAX_ROWS), remote=False)
            return [text_contents(uri, app.mask(tasks.prose()))]
        case ResourceAddress("tasks", str(agent), str(task_id), None):
            return await _task(app, uri, agent, task_id)
        case ResourceAddress("tasks", str(agent), str(task_id), str(artifact_id)):
            await app.admit()
            artifact = await browser_of(app).artifact(owner(), agent, task_id, artifact_id)
            return None if artifact is None else contents_of(artifact, uri, app.mask)
    return None


async def _task(app: App, uri: str, agent: str, task_id: str) -> list[Contents] | None:
    view = await browser_of(app).task(owner(), agent, task_id, app.admit)
    if view is None:
        return None
    block = results.of_task_view(view, app.mask, app.result_bytes).content[0]
    assert isinstance(block, t.TextContent)  # noqa: S101 - the first block of a view's result
    return [text_contents(uri, block.text)]


HANDLERS: Final[dict[str, Handler]] = {
    "resources/list": list_resources,
    "resources/templates/list": list_templates,
    "resources/read": read_resource,
    "completion/complete": complete,
}
