"""MCP tasks (`io.modelcontextprotocol/tasks`, SEP-2663): a send that lasts becomes a task to poll.

This module holds the methods of the extension. What a job is, and whose, is known to `bridge.jobs`.
A client that does not declare the extension never sees a task.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import mcp.types as t
from mcp.server.mcpserver import require_client_extension
from mcp.shared.exceptions import MCPError
from pydantic import ValidationError

from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.bridge.jobs import Job
from a2a_mcp.errors import AmbiguousTask, BridgeError, CallsTooFast, NotAllowed, UnknownTask
from a2a_mcp.server.app import App
from a2a_mcp.server.call import RequestCtx
from a2a_mcp.server.caller import owner
from a2a_mcp.server.elicitation.modes import modes_of
from a2a_mcp.server.elicitation.reply import Answer, NoAnswer, Reply, reply_of
from a2a_mcp.server.tasks_extension.detailed_task import STATUS_BYTES, detailed_task
from a2a_mcp.server.tasks_extension.sign_in import answer_sign_in, waits_for_sign_in
from a2a_mcp.server.tasks_extension.wire import (
    IDENTIFIER,
    TaskParams,
    UpdateParams,
    Wire,
)
from a2a_mcp.text.truncate import shorten
from a2a_mcp.text.untrusted import scrub


async def get(ctx: RequestCtx, params: TaskParams) -> Wire:
    """Serve tasks/get: the task with its result, its question or the agent's last words.

    It counts as a call only where the agent is asked: clients poll as often as they are told to.
    """
    app, job = await _job(ctx, params, ctx.lifespan_context.app.admit)
    return await detailed_task(app, job, modes_of(ctx))


async def update(ctx: RequestCtx, params: UpdateParams) -> Wire:
    """Serve tasks/update: send the answer to a question, once."""
    app, job = await _job(ctx, params)
    if waits_for_sign_in(job):
        given = {key: _read_reply(each) for key, each in params.input_responses.items()}
        try:
            await answer_sign_in(app, job, given)
        except (A2AError, BridgeError) as error:
            raise _internal_error(app, "The answer was not taken up", error) from None
        return {}
    question = job.question()
    if question is None or question.ref.fingerprint not in params.input_responses:
        return {}
    match _read_reply(params.input_responses[question.ref.fingerprint]):
        case NoAnswer() as reason:
            app.jobs.leave(job, reason.value)
        case Answer(content):
            try:
                await app.jobs.answer(owner(), job, content)
            except (A2AError, BridgeError) as error:
                raise _internal_error(app, "The answer was not sent", error) from None
    return {}


def _read_reply(response: object) -> Reply:
    try:
        return reply_of(t.ElicitResult.model_validate(response))
    except ValidationError:
        message = "inputResponses: an elicitation result is wanted"
        raise MCPError(t.INVALID_PARAMS, message) from None


async def cancel(ctx: RequestCtx, params: TaskParams) -> Wire:
    """Serve tasks/cancel: ask the agent to stop; tasks/get shows whether it did."""
    app, job = await _job(ctx, params)
    try:
        await app.jobs.cancel(owner(), job)
    except NotAllowed:  # the agent has not named its task yet, so it cannot be asked
        return {}
    except (A2AError, BridgeError) as error:
        raise _internal_error(app, "The agent could not be asked to cancel", error) from None
    return {}


async def _job(
    ctx: RequestCtx, params: TaskParams, *before_asking: Callable[[], Awaitable[None]]
) -> tuple[App, Job]:
    """Return the app and the job of a request.

    Raises CallsTooFast, and MCPError if the client does not declare the extension, or has no such
    task.
    """
    require_client_extension(ctx, IDENTIFIER)
    _check_name_header(ctx, params.task_id)
    app = ctx.lifespan_context.app
    await app.registry.discover()
    try:
        return app, await app.jobs.look(owner(), params.task_id, *before_asking)
    except CallsTooFast:
        raise
    except (UnknownTask, AmbiguousTask, NotAllowed):
        raise MCPError(t.INVALID_PARAMS, "Unknown task") from None


def _check_name_header(ctx: RequestCtx, task_id: str) -> None:
    """Refuse an Mcp-Name header of another task; the SDK checks only its own methods."""
    headers = getattr(ctx.request, "headers", None)
    if headers is not None and headers.get("mcp-name", task_id) != task_id:
        raise MCPError(t.HEADER_MISMATCH, "Mcp-Name header does not match params.taskId")


def _internal_error(app: App, what: str, error: A2AError | BridgeError) -> MCPError:
    words = shorten(app.mask(scrub(error.message)), STATUS_BYTES)
    return MCPError(t.INTERNAL_ERROR, f"{what}: {words}")
