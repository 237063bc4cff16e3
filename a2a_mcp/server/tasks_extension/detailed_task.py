"""A job as the extension's `DetailedTask`: its status, with the result, question or last words.

A client reads here what an ordinary call would have returned. Nothing is sent to the agent here.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any, Final

import mcp.types as t

from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.a2a.model import TaskState
from a2a_mcp.bridge.jobs import Job
from a2a_mcp.errors import BridgeError
from a2a_mcp.presentation import sentences, task_view
from a2a_mcp.presentation.task_view import with_note
from a2a_mcp.server import error_results
from a2a_mcp.server.app import App
from a2a_mcp.server.elicitation.modes import Modes
from a2a_mcp.server.elicitation.request import can_be_shown, request_of
from a2a_mcp.server.task_results import result_of
from a2a_mcp.server.tasks_extension.sign_in import sign_in_question, waits_for_sign_in
from a2a_mcp.server.tasks_extension.wire import Wire
from a2a_mcp.text.truncate import shorten
from a2a_mcp.text.untrusted import scrub_line

# Less than the time for which an ended task is stored, and than the 24 days that fit into a timer
# of 31 bits.
TTL_MS: Final = 7 * 86_400_000
SHORTEST_POLL_SECONDS: Final = 1.0
LONGEST_POLL_SECONDS: Final = 5.0
POLLS_PER_AGE: Final = 10  # the older a task is, the less often a client needs to poll

ENDED: Final = ("completed", "cancelled")
STATUS_BYTES: Final = 500


async def detailed_task(app: App, job: Job, modes: Modes) -> Wire:
    """Return a job with all that its status holds; `modes` are how the client can ask its user.

    A question that the client cannot ask is the result, as it is of an ordinary call.
    """
    question = job.question()
    askable = question is not None and (modes.url if question.link else modes.form)
    if question and askable and not question.secret and can_be_shown(app, question):
        request = t.ElicitRequest(params=request_of(app, question))
        requests = {question.ref.fingerprint: _json(request)}
        return _task(app, job, "input_required", inputRequests=requests)
    if modes.url and waits_for_sign_in(job) and (asked := await sign_in_question(app, job)):
        return _signing_in(app, job, *asked)
    if not job.over:
        return working_task(app, job)
    if job.follow.task and job.follow.task.state is TaskState.CANCELED:
        return _task(app, job, "cancelled", **_status_message(app, job))
    keeps_secret = question is not None and askable and question.secret
    result = await _result(app, job, keeps_secret=keeps_secret)
    return _task(app, job, "completed", result=_json(result))


def _signing_in(app: App, job: Job, key: str, request: t.ElicitRequest) -> Wire:
    """Return a job that goes on once a person has signed in; he is asked once for each link."""
    if key in job.answered:
        return working_task(app, job)
    return _task(app, job, "input_required", inputRequests={key: _json(request)})


def working_task(app: App, job: Job) -> Wire:
    """Return a job that goes on, with the agent's last words."""
    return _task(app, job, "working", **_status_message(app, job))


def _json(model: t.ElicitRequest | t.CallToolResult) -> Wire:
    return model.model_dump(by_alias=True, mode="json", exclude_none=True)


def _task(app: App, job: Job, status: str, **details: Any) -> Wire:
    return {
        "taskId": job.handle,
        "status": status,
        "createdAt": _timestamp(job.created),
        "lastUpdatedAt": _timestamp(job.record.updated),
        "ttlMs": TTL_MS,
        "pollIntervalMs": _poll_interval_ms(job),
        **details,
    }


def _poll_interval_ms(job: Job) -> int:
    seconds = (time.time() - job.created) / POLLS_PER_AGE
    return round(min(max(seconds, SHORTEST_POLL_SECONDS), LONGEST_POLL_SECONDS) * 1000)


def _timestamp(seconds: float) -> str:
    written = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return written.replace("+00:00", "Z")


def _status_message(app: App, job: Job) -> dict[str, str]:
    """Return the agent's last words, or why the agent could not be asked; empty if none."""
    words = _last_words(job)
    return {"statusMessage": shorten(app.mask(words), STATUS_BYTES)} if words else {}


def _last_words(job: Job) -> str:
    tracked = job.follow
    if job.cut_off and tracked.error:
        return f"{tracked.agent}: {scrub_line(tracked.error.reason())}"
    if tracked.task is None:
        return ""
    if tracked.awaiting_reaction and not job.over:
        return ""
    return task_view.of_task(tracked.agent, tracked.task).text


async def _result(app: App, job: Job, *, keeps_secret: bool) -> t.CallToolResult:
    """Return what a call that waited until now would have returned.

    `keeps_secret` says that a question was not put to the user because it asks for a secret.
    """
    try:
        view = await app.jobs.outcome(job)
    except BridgeError as error:
        return error_results.of_bridge_error(error, app.mask)
    except A2AError as error:
        call = error_results.FailedCall(agent=job.follow.agent, task_id=job.named, sent=job.sent)
        return error_results.of_agent_error(error, call, app.mask)
    if keeps_secret:
        view = with_note(view, sentences.NO_FORM, sentences.NO_FORM_STEP)
    return await result_of(app, view)
