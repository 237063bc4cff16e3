"""MCP tasks (`io.modelcontextprotocol/tasks`, SEP-2663): a send that lasts becomes a job to poll.

Words and shapes of the protocol only; what a job is, and whose, `jobs` knows. A client that does
not declare the extension never sees a task: its calls pass through untouched.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import mcp.types as t
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.extension import Extension, MethodBinding
from mcp.server.mcpserver import require_client_extension
from mcp.shared.exceptions import MCPError
from pydantic import ConfigDict, ValidationError

from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.a2a.model import TaskState
from a2a_mcp.bridge.jobs import Job
from a2a_mcp.bridge.send import SendRequest
from a2a_mcp.bridge.updates import Notice
from a2a_mcp.errors import AmbiguousTask, BridgeError, NotAllowed, UnknownTask
from a2a_mcp.presentation import task_view
from a2a_mcp.presentation.task_view import TaskView, with_note
from a2a_mcp.server import results
from a2a_mcp.server.app import App, owner
from a2a_mcp.server.elicitation import (
    NO_FORM,
    NO_FORM_STEP,
    UNANSWERED,
    Ways,
    can_be_shown,
    request_of,
)
from a2a_mcp.text.truncate import shorten
from a2a_mcp.text.untrusted import scrub

IDENTIFIER: Final = "io.modelcontextprotocol/tasks"
VERSION: Final = "2026-07-28"
SENDS: Final = "send_task"  # not subscribe: who calls it wants the steps, and within its budget

# Shorter than the map keeps an ended task, and than the 24 days that fit a timer of 31 bits.
TTL_MS: Final = 7 * 86_400_000
QUICKEST_POLL_SECONDS: Final = 1.0
SLOWEST_POLL_SECONDS: Final = 5.0
POLLS_AN_AGE: Final = 10  # the longer it takes, the less often it need be asked for

ENDED: Final = ("completed", "cancelled")
SAID: Final = ("working", "cancelled")  # the other states have a result or a question
STATUS_BYTES: Final = 500
Wire = dict[str, Any]
Context = ServerRequestContext[App, Any]


class TaskParams(t.RequestParams):
    """The task that a request is about."""

    model_config = ConfigDict(defer_build=True)  # the start does not pay for it

    task_id: str


class UpdateParams(TaskParams):
    """Answers by question; those to other questions are ignored, whatever their shape."""

    input_responses: dict[str, Any]


class McpTasks(Extension):
    """The extension; it holds nothing, and finds the jobs in the lifespan."""

    identifier = IDENTIFIER

    def methods(self) -> Sequence[MethodBinding]:
        """Bind the three methods, in the version that has them."""
        versions = frozenset({VERSION})
        return [
            MethodBinding("tasks/get", TaskParams, get, versions),
            MethodBinding("tasks/update", UpdateParams, update, versions),
            MethodBinding("tasks/cancel", TaskParams, cancel, versions),
        ]

    async def intercept_tool_call(
        self, params: t.CallToolRequestParams, ctx: Context, call_next: CallNext
    ) -> HandlerResult:
        """Answer a send that is still running after a moment with its task."""
        if params.name != SENDS or not _declared(ctx):
            return await call_next(ctx)
        app = ctx.lifespan_context
        started: list[Job] = []

        async def send(who: str, outgoing: SendRequest, notice: Notice | None) -> TaskView:
            came = await app.jobs.start(who, outgoing, notice)
            if isinstance(came, TaskView):
                return came
            started.append(came)
            return TaskView(agent=came.follow.agent, task_id=came.handle, state=TaskState.WORKING)

        result = await call_next(replace(ctx, lifespan_context=replace(app, send=send)))
        return {"resultType": "task", **_wire(app, started[0])} if started else result


async def get(ctx: Context, params: TaskParams) -> Wire:
    """Serve tasks/get: the job now, with its result, its question or what the agent said last."""
    app, job = await _job(ctx, params)
    return await detailed(app, job, ways_of(ctx))


async def update(ctx: Context, params: UpdateParams) -> Wire:
    """Serve tasks/update: pass the answer to a question on, once."""
    app, job = await _job(ctx, params)
    question = job.question()
    if question is None or question.asked.mark not in params.input_responses:
        return {}
    try:
        said = t.ElicitResult.model_validate(params.input_responses[question.asked.mark])
    except ValidationError:
        raise MCPError(
            t.INVALID_PARAMS, "inputResponses: an elicitation result is wanted"
        ) from None
    if said.action != "accept":
        app.jobs.leave(job, UNANSWERED[said.action])
        return {}
    try:
        await app.jobs.answer(owner(), job, said.content or {})
    except (A2AError, BridgeError) as error:
        raise _failed(app, "The answer was not sent", error) from None
    return {}


async def cancel(ctx: Context, params: TaskParams) -> Wire:
    """Serve tasks/cancel: ask the agent to stop; tasks/get shows whether it did."""
    app, job = await _job(ctx, params)
    try:
        await app.jobs.cancel(owner(), job)
    except NotAllowed:  # the agent has not named its task yet: there is nothing to ask for
        return {}
    except (A2AError, BridgeError) as error:
        raise _failed(app, "The agent could not be asked to cancel", error) from None
    return {}


async def detailed(app: App, job: Job, ways: Ways) -> Wire:
    """Give a job in full; `ways` are how its client can put a question to its user.

    A question for which there is no way is the result, as it is of an ordinary call.
    """
    question = job.question()
    wanted = question and (ways.url if question.link else ways.form)
    if question and wanted and not question.secret and can_be_shown(app, question):
        request = t.ElicitRequest(params=request_of(app, question))
        written = request.model_dump(by_alias=True, mode="json", exclude_none=True)
        return _wire(app, job, "input_required", inputRequests={question.asked.mark: written})
    if not job.over:
        return _wire(app, job)
    if job.follow.task and job.follow.task.state is TaskState.CANCELED:
        return _wire(app, job, "cancelled")
    result = await _result(app, job, kept_back=bool(question and wanted and question.secret))
    inlined = result.model_dump(by_alias=True, mode="json", exclude_none=True)
    return _wire(app, job, "completed", result=inlined)


def ways_of(ctx: Context) -> Ways:
    """Read how the client of a request can put a question to its user."""
    found = ctx.session.client_capabilities
    declared = found.elicitation if found else None
    if declared is None:
        return Ways()
    form = declared.form is not None or declared.url is None  # `{}` means forms
    return Ways(form=form, url=declared.url is not None)


async def _job(ctx: Context, params: TaskParams) -> tuple[App, Job]:
    """Find the job of a request; MCPError where the client may not ask, or it is not known."""
    require_client_extension(ctx, IDENTIFIER)
    headers = getattr(ctx.request, "headers", None)  # the SDK checks its own methods' alone
    if headers is not None and headers.get("mcp-name", params.task_id) != params.task_id:
        raise MCPError(t.HEADER_MISMATCH, "Mcp-Name header does not match params.taskId")
    app = ctx.lifespan_context
    try:
        return app, await app.jobs.look(owner(), params.task_id)
    except (UnknownTask, AmbiguousTask, NotAllowed):
        raise MCPError(t.INVALID_PARAMS, "Unknown task") from None


def _wire(app: App, job: Job, status: str = "working", **more: Any) -> Wire:
    age = time.time() - job.created
    wait = min(max(age / POLLS_AN_AGE, QUICKEST_POLL_SECONDS), SLOWEST_POLL_SECONDS)
    words = _words(app, job) if status in SAID else ""
    return {
        "taskId": job.handle,
        "status": status,
        **({"statusMessage": words} if words else {}),
        "createdAt": _moment(job.created),
        "lastUpdatedAt": _moment(job.record.updated),
        "ttlMs": TTL_MS,
        "pollIntervalMs": round(wait * 1000),
        **more,
    }


def _moment(seconds: float) -> str:
    written = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return written.replace("+00:00", "Z")


def _words(app: App, job: Job) -> str:
    """Give the agent's last words, or why it could not be asked."""
    follow = job.follow
    if job.cut_off and follow.error:
        return shorten(app.mask(f"{follow.agent}: {scrub(follow.error.message)}"), STATUS_BYTES)
    if follow.task is None or (follow.awaiting_reaction and not job.over):
        return ""
    return shorten(app.mask(task_view.of_task(follow.agent, follow.task).text), STATUS_BYTES)


async def _result(app: App, job: Job, *, kept_back: bool) -> t.CallToolResult:
    """Give what a call that waited until now would have returned.

    `kept_back` tells that a question was not put to the user because it asks for a secret.
    """
    try:
        view = await app.jobs.outcome(job)
    except BridgeError as error:
        return results.of_bridge_error(error, app.mask)
    except A2AError as error:
        call = results.FailedCall(agent=job.follow.agent, task_id=job.named, sent=job.sent)
        return results.of_agent_error(error, call, app.mask)
    view = with_note(view, NO_FORM, NO_FORM_STEP) if kept_back else view
    return results.of_task_view(view, app.mask, app.result_bytes)


def _failed(app: App, what: str, error: A2AError | BridgeError) -> MCPError:
    words = shorten(app.mask(scrub(error.message)), STATUS_BYTES)
    return MCPError(t.INTERNAL_ERROR, f"{what}: {words}")


def _declared(ctx: Context) -> bool:
    found = ctx.session.client_capabilities
    extensions = found.extensions if found else None
    return ctx.protocol_version == VERSION and bool(extensions) and IDENTIFIER in (extensions or ())
