"""Send an agent a message, watch its work, let the person answer its questions.

What is given up here goes on at the agent, and is found again by its id; that is said.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import anyio

from a2a_mcp.a2a.model import Part, TaskState, TaskStatus
from a2a_mcp.bridge.send import SendRequest, Tracked
from a2a_mcp.bridge.updates import Updates
from a2a_mcp.cli import terminal
from a2a_mcp.cli.exit_codes import DONE, FAILED
from a2a_mcp.cli.for_person import ANSWER, GOES_ON
from a2a_mcp.cli.start_options import Options
from a2a_mcp.cli.startup import start
from a2a_mcp.cli.work.progress import Progress
from a2a_mcp.cli.work.session import run_with_app
from a2a_mcp.cli.work.show import show, show_for_model
from a2a_mcp.errors import ConfigError
from a2a_mcp.files.allowed_paths import AllowedPaths
from a2a_mcp.files.file_argument import FileIn
from a2a_mcp.files.incoming import data_parts, to_parts
from a2a_mcp.presentation.task_view import TaskView
from a2a_mcp.server.app import App
from a2a_mcp.server.caller import owner

SIGN_IN: Final = "Waiting until that is done; Ctrl-C leaves, and the task stays."
NEVER: Final = math.inf


@dataclass(frozen=True, slots=True)
class Sending:
    """What a person has typed behind `send`; `wait` is in seconds, `data` is JSON."""

    agent: str
    message: str
    task: str | None
    context: str | None
    files: Sequence[Path]
    data: str | None
    wait: float


def send_message(given: Sending, options: Options, *, for_model: bool, as_json: bool) -> int:
    """Send a message and print what comes; return the exit code. Raises ConfigError, A2AError."""
    started, data = start(options, quiet=True), data_parts(_json(given.data))

    async def work(app: App) -> int:
        parts = data + await _files(given.files)
        request = SendRequest(
            given.message, given.agent, given.task, given.context, parts=parts, confirmed=True
        )
        view = await answered(app, request, time.monotonic() + given.wait)
        await (show_for_model if for_model else show)(app, view, as_json)
        return FAILED if view.failed or is_at_work(view) else DONE

    return run_with_app(started, work)


def _json(text: str | None) -> object:
    try:
        return json.loads(text) if text else None
    except ValueError as error:
        raise ConfigError([f"--data: is not JSON: {error}"]) from None


async def _files(paths: Sequence[Path]) -> tuple[Part, ...]:
    """Return files as parts; the person at the terminal may send any that can be read."""
    roots = [path.absolute().parent for path in paths]
    files = [FileIn.model_validate({"path": str(path.absolute())}) for path in paths]
    return await to_parts(files, AllowedPaths(roots))


async def answered(app: App, request: SendRequest, until: float) -> TaskView:
    """Send, follow, and let the person answer, until the task has ended or the time is over."""
    progress = Progress(app.mask)
    view = await _sent(app, request, until, progress)
    return await _gone_on(app, view, until, progress, signs_in=terminal.has_person())


async def followed(app: App, view: TaskView) -> TaskView:
    """Follow a task to its end, and let the person answer on the way."""
    return await _gone_on(app, view, NEVER, Progress(app.mask), signs_in=True)


async def _gone_on(
    app: App, view: TaskView, until: float, progress: Progress, *, signs_in: bool
) -> TaskView:
    """Return a task when nothing more can be done for it here.

    `signs_in` says that a sign-in is waited for, which is done elsewhere.
    """
    while time.monotonic() < until and view.task_id:
        if is_at_work(view):
            view = await _followed(app, view, until, progress)
        elif view.state is TaskState.AUTH_REQUIRED and signs_in:
            view = await _signed_in(app, view, until, progress)
        elif view.state is TaskState.INPUT_REQUIRED and terminal.has_person():
            said = await _answer(app, view)
            if not said:
                break
            answer = SendRequest(said, view.agent, view.task_id, confirmed=True)
            view = await _sent(app, answer, until, progress)
        else:
            break
    return view


async def _answer(app: App, view: TaskView) -> str:
    """Return what the person answers; one who gives up is told how to answer later."""
    try:
        return await terminal.asked(app.mask(view.text))
    except anyio.get_cancelled_exc_class():
        words = ANSWER.format(agent=view.agent, task=view.task_id)
        print(f"\n{app.mask(words)}", file=sys.stderr)
        raise


async def _sent(app: App, request: SendRequest, until: float, progress: Progress) -> TaskView:
    return await _waited(app, await app.bridge.start(owner(), request), until, progress)


async def _signed_in(app: App, view: TaskView, until: float, progress: Progress) -> TaskView:
    """Show where the person signs in, and follow the task past that."""
    print(f"{app.mask(view.text)}\n{SIGN_IN}", file=sys.stderr)
    read = await app.bridge.reader.read(owner(), view.task_id or "", view.agent)
    still_waits = read.task is not None and read.task.state is TaskState.AUTH_REQUIRED
    past = read.task.status if read.task and still_waits else None
    return await _followed(app, view, until, progress, past)


async def _followed(
    app: App, view: TaskView, until: float, progress: Progress, past: TaskStatus | None = None
) -> TaskView:
    request = SendRequest("", view.agent, view.task_id, past=past)
    return await _waited(app, await app.bridge.attach(owner(), request), until, progress)


async def _waited(app: App, followed: Tracked, until: float, progress: Progress) -> TaskView:
    """Return a task when it has come to a stop, or the time is over."""
    tracked, note = followed
    try:
        with progress.shown():
            seconds = max(until - time.monotonic(), 0)
            await app.bridge.wait(tracked, seconds, Updates(progress))
    except anyio.get_cancelled_exc_class():
        _say_what_goes_on(app, followed)
        raise
    return await app.bridge.report(tracked, note)


def _say_what_goes_on(app: App, followed: Tracked) -> None:
    """Say to a person who gives up waiting how the task is found again."""
    record = followed.task.record
    if app.registry.agent(record.agent).on_cancel == "cancel":
        return
    words = GOES_ON.format(task=record.task_id or record.pending_id)
    print(f"\n{app.mask(words)}", file=sys.stderr)


def is_at_work(view: TaskView) -> bool:
    """Return whether an agent has not come to a stop yet."""
    return view.state is not None and not view.state.stop
