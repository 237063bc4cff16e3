"""The MCP resources: agents, tasks and artifacts at `a2a://` addresses, listed, completed and read.

The SDK's own resource manager knows only what is registered at start, for every caller the same;
so `HANDLERS` take the place of its own (see `wiring`, which imports this at the first use).
What is read as a task or a list is masked and scrubbed like a result; an artifact is what the agent
sent, byte for byte, with secrets masked in what is text.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterator
from itertools import groupby
from typing import Any, Final, TypeAlias

import mcp.types as t
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from pydantic import BaseModel

from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.a2a.model import Artifact, Part
from a2a_mcp.bridge.list_tasks import Filter
from a2a_mcp.bridge.resources import MOST_COMPLETIONS, Browser, Entry
from a2a_mcp.errors import BridgeError
from a2a_mcp.files import media_types
from a2a_mcp.presentation import resource_uris
from a2a_mcp.presentation.content import describe, indented_json, is_text_type, size_of
from a2a_mcp.server import results
from a2a_mcp.server.app import App, owner
from a2a_mcp.server.results import Mask
from a2a_mcp.text.times import rfc3339
from a2a_mcp.text.untrusted import scrub

Ctx: TypeAlias = ServerRequestContext[App, Any]
Handler: TypeAlias = Callable[[Ctx, Any], Awaitable[BaseModel]]
Contents: TypeAlias = t.TextResourceContents | t.BlobResourceContents

MARKDOWN: Final = "text/markdown"
CHARSET: Final = re.compile(r"; ?charset=[A-Za-z0-9_-]{1,40}$", re.IGNORECASE)
ROWS: Final = 100
LARGEST: Final = 7 * 1024 * 1024  # in base64 within the 10 MiB that some clients take (hosts 2)
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


def browser_of(app: App) -> Browser:
    """Give what lists and reads; it holds nothing of its own."""
    return Browser(app.registry, app.bridge)


async def list_resources(ctx: Ctx, params: t.PaginatedRequestParams) -> t.ListResourcesResult:
    """List a page of what the caller can read."""
    app = ctx.lifespan_context
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
        description=mask(entry.description),
        mime_type=MARKDOWN,
        annotations=changed or None,
    )


async def list_templates(_: Ctx, __: t.PaginatedRequestParams) -> t.ListResourceTemplatesResult:
    """List the forms of addresses."""
    templates = [
        t.ResourceTemplate(uri_template=form, name=name, description=words, mime_type=kind)
        for form, name, words, kind in TEMPLATES
    ]
    return t.ListResourceTemplatesResult(resource_templates=templates)


async def complete(ctx: Ctx, params: t.CompleteRequestParams) -> t.CompleteResult:
    """Complete an agent's name or a task's id; nothing is known of other arguments."""
    browser, argument = browser_of(ctx.lifespan_context), params.argument
    chosen = (params.context.arguments if params.context else None) or {}
    found: list[str] = []
    if isinstance(params.ref, t.ResourceTemplateReference):
        if argument.name == "agent":
            found = await browser.agents(argument.value)
        elif argument.name == "task_id":
            found = await browser.task_ids(owner(), chosen.get("agent"), argument.value)
    shown = found[:MOST_COMPLETIONS]
    more = len(found) > len(shown)
    return t.CompleteResult(completion=t.Completion(values=shown, total=len(found), has_more=more))


async def read_resource(ctx: Ctx, params: t.ReadResourceRequestParams) -> t.ReadResourceResult:
    """Read what stands at an address; what is not there and what is not the caller's are one."""
    app, uri = ctx.lifespan_context, str(params.uri)
    place = resource_uris.parse(uri)
    try:
        contents = await _contents(app, uri, place) if place else None
    except BridgeError:
        contents = None
    except A2AError as error:
        call = results.FailedCall(place.agent if place else None, place.task_id if place else None)
        said = results.of_agent_error(error, call, app.mask).structured_content or {}
        words = f"{said.get('error')} {said.get('next_step')}"
        raise MCPError(t.INTERNAL_ERROR, words, {"uri": uri}) from None
    if contents is None:
        raise MCPError(t.INVALID_PARAMS, "Resource not found.", {"uri": uri})
    return t.ReadResourceResult(contents=contents)


async def _contents(
    app: App, uri: str, place: resource_uris.ResourceAddress
) -> list[Contents] | None:
    match place:
        case resource_uris.ResourceAddress("agents", agent):
            return [_page(uri, app.mask((await app.agents(agent, refresh=False)).prose()))]
        case resource_uris.ResourceAddress("tasks", None):
            tasks = await app.listing.tasks(owner(), Filter(limit=ROWS), remote=False)
            return [_page(uri, app.mask(tasks.prose()))]
        case resource_uris.ResourceAddress("tasks", str(agent), str(task_id), None):
            view = await browser_of(app).task(owner(), agent, task_id)
            if view is None:
                return None
            shown = results.of_task_view(view, app.mask, app.result_bytes).content[0]
            assert isinstance(shown, t.TextContent)  # noqa: S101 - that is what a view becomes
            return [_page(uri, shown.text)]
        case resource_uris.ResourceAddress("tasks", str(agent), str(task_id), str(artifact_id)):
            made = await browser_of(app).artifact(owner(), agent, task_id, artifact_id)
            return None if made is None else contents_of(made, uri, app.mask)
    return None


def _page(uri: str, text: str, kind: str = MARKDOWN) -> Contents:
    return t.TextResourceContents(uri=uri, text=text, mime_type=kind)


def contents_of(artifact: Artifact, uri: str, mask: Mask) -> list[Contents]:
    """Give an artifact's parts: pieces of one text joined, files as they are.

    What would be too large for one message is described instead.
    """
    contents: list[Contents] = []
    room = LARGEST
    for part in _joined(artifact.parts):
        room -= size_of(part)
        contents.append(_content(part, uri, mask) if room >= 0 else _too_large(part, uri, mask))
    return contents or [_page(uri, "", "text/plain")]


def _joined(parts: tuple[Part, ...]) -> Iterator[Part]:
    """Join neighbouring texts of one kind: they are pieces of a stream."""

    def kind_of(numbered: tuple[int, Part]) -> object:
        number, part = numbered
        return part.media_type if part.kind == "text" else (number,)

    for _, numbered in groupby(enumerate(parts), kind_of):
        first, *rest = (part for _, part in numbered)
        text = "".join(part.text for part in (first, *rest))
        yield first.model_copy(update={"text": text}) if rest else first


def _too_large(part: Part, uri: str, mask: Mask) -> Contents:
    what = describe(part) if part.kind == "raw" else f"[{part.kind}: {size_of(part)} bytes]"
    return _page(uri, mask(f"{what} is too large to be read here; use get_artifact"), "text/plain")


def _content(part: Part, uri: str, mask: Mask) -> Contents:
    kind = _media_type(part)
    match part.kind:
        case "text":
            # Lone surrogates cannot be sent as UTF-8; all else goes out as it came.
            return _page(uri, mask(part.text.encode("utf-8", "replace").decode()), kind)
        case "data":
            return _page(uri, mask(scrub(indented_json(part.data))), kind)
        case "url":
            return _page(uri, mask(scrub(part.url)), "text/uri-list")
        case "raw":
            text = _as_text(part.raw, kind)
            if text is not None:
                return _page(uri, mask(text), kind)
            blob = b64encode(part.raw).decode("ascii")
            return t.BlobResourceContents(uri=uri, blob=blob, mime_type=kind)
        case _:
            return _page(uri, describe(part), "text/plain")


def _media_type(part: Part) -> str:
    """Give what a host may go by: of an agent's words no more than a type and a charset."""
    otherwise = "application/json" if part.kind == "data" else "text/plain"
    kind = media_types.plain(part.media_type) or otherwise
    if part.kind == "raw":
        kind = media_types.of_bytes(part.raw, part.media_type, part.filename)
    charset = CHARSET.search(part.media_type or "")
    return kind + charset[0] if charset and kind.startswith("text/") else kind


def _as_text(raw: bytes, kind: str) -> str | None:
    """Read a file that says it is text, and is: only in text can a secret be masked."""
    plain = kind.partition(";")[0]
    if not is_text_type(plain):
        return None
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None


HANDLERS: Final[dict[str, Handler]] = {
    "resources/list": list_resources,
    "resources/templates/list": list_templates,
    "resources/read": read_resource,
    "completion/complete": complete,
}
