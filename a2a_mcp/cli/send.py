"""`a2a-mcp send`: send an agent a message, watch its work, answer its questions, see the result."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final, TypeAlias

from cyclopts import Parameter

from a2a_mcp.a2a.model import JSON, Part, TaskState
from a2a_mcp.bridge.send import SendRequest
from a2a_mcp.cli import terminal
from a2a_mcp.cli.exit_codes import DONE, FAILED
from a2a_mcp.cli.options import USUAL, AsJson, Given
from a2a_mcp.cli.session import run_with_app
from a2a_mcp.cli.startup import start
from a2a_mcp.errors import ConfigError
from a2a_mcp.files.allowed_paths import AllowedPaths
from a2a_mcp.files.file_argument import FileIn
from a2a_mcp.files.incoming import data_parts, to_parts
from a2a_mcp.presentation.artifact_request import ArtifactRequest
from a2a_mcp.presentation.task_view import TaskView, UpdateView
from a2a_mcp.server.app import App
from a2a_mcp.server.caller import owner
from a2a_mcp.server.task_results import result_of

AgentName: TypeAlias = Annotated[str, Parameter(name="AGENT", help="the agent's name")]
Text: TypeAlias = Annotated[str, Parameter(name="MESSAGE", help="what it should do or know")]
Task: TypeAlias = Annotated[str | None, Parameter(name="--task", help="continue this task")]
Context: TypeAlias = Annotated[str | None, Parameter(name="--context", help="in this conversation")]
Files: TypeAlias = Annotated[
    tuple[Path, ...], Parameter(name="--file", help="a file to send; may come again")
]
Data: TypeAlias = Annotated[str | None, Parameter(name="--data", help="JSON to send along")]
Wait: TypeAlias = Annotated[float, Parameter(name="--wait", help="seconds to wait in all")]
AsModel: TypeAlias = Annotated[
    bool, Parameter(name="--model", help="show exactly what a model would see")
]

USUAL_WAIT: Final = 600.0
BYTES_A_TOKEN: Final = 4
AT_WORK: Final = (TaskState.SUBMITTED.value, TaskState.WORKING.value)
ASKS: Final = (TaskState.INPUT_REQUIRED, TaskState.AUTH_REQUIRED)


def send(
    agent: AgentName,
    message: Text,
    /,
    *,
    task: Task = None,
    context: Context = None,
    file: Files = (),
    data: Data = None,
    wait: Wait = USUAL_WAIT,
    model: AsModel = False,
    as_json: AsJson = False,
    options: Given = USUAL,
) -> int:
    """Send a message and show the answer; return 1 if the task failed, or is not done in time."""
    started, given = start(options, quiet=True), data_parts(_json(data))

    async def work(app: App) -> int:
        parts = given + await _files(file)
        request = SendRequest(message, agent, task, context, parts=parts, confirmed=True)
        view = await answered(app, request, time.monotonic() + wait)
        await (show_for_model if model else show)(app, view, as_json)
        return FAILED if view.failed or _is_at_work(view) else DONE

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
    told = Told(app)
    view = await app.bridge.send(owner(), _for_now(request, until), told)
    while time.monotonic() < until:
        if _is_at_work(view) and view.task_id:
            view = await _followed(app, view, until, told)
        elif view.state in ASKS and terminal.has_person():
            said = terminal.ask(app.mask(view.text))
            answer = SendRequest(said, view.agent, view.task_id, confirmed=True)
            view = await app.bridge.send(owner(), _for_now(answer, until), told)
        else:
            break
    return view


async def followed(app: App, view: TaskView) -> TaskView:
    """Return a running task when it has stopped, and tell what its agent says on the way."""
    told = Told(app)
    while _is_at_work(view):
        view = await _followed(app, view, time.monotonic() + USUAL_WAIT, told)
    return view


async def _followed(app: App, view: TaskView, until: float, told: Told) -> TaskView:
    request = SendRequest("", view.agent, view.task_id)
    return await app.bridge.subscribe(owner(), _for_now(request, until), 1, told)


def _for_now(request: SendRequest, until: float) -> SendRequest:
    return replace(request, wait_seconds=max(until - time.monotonic(), 0))


def _is_at_work(view: TaskView) -> bool:
    return view.state is not None and not view.state.stop


class Told:
    """Prints what an agent says on the way, each text once, on stderr."""

    def __init__(self, app: App) -> None:
        self._mask = app.mask
        self._last = ""

    async def __call__(self, update: UpdateView) -> None:
        """Print what is said while the agent works; the end and a question come with the task."""
        words = " ".join(self._mask(update.text).split())
        if words and words != self._last and update.state in AT_WORK and not update.piece:
            print(f"… {words}", file=sys.stderr, flush=True)
        self._last = words


async def show(app: App, view: TaskView, as_json: bool) -> None:
    """Show a task to a person: its words, and where its files are."""
    if as_json:
        terminal.print_json(view.structured())
        return
    if view.text:
        terminal.print_markdown(app.mask(view.text))
    for artifact in view.artifacts:
        if not artifact.in_text and view.task_id:
            wanted = ArtifactRequest(artifact.artifact_id)
            piece = await app.artifact_reader.read(owner(), view.task_id, view.agent, wanted)
            print(app.mask(piece.text))
    facts = [view.state and view.state.value, view.task_id and f"task {view.task_id}"]
    print(" · ".join(fact for fact in (view.agent, *facts) if fact), file=sys.stderr)
    if view.state in ASKS:
        print(f"Answer: a2a-mcp send {view.agent} TEXT --task {view.task_id}", file=sys.stderr)
    for words in (view.error, view.note):
        if words:
            print(app.mask(words), file=sys.stderr)


async def show_for_model(app: App, view: TaskView, as_json: bool) -> None:
    """Show both channels of a result, as a model gets one of them, and how much each is."""
    text, content = await channels(app, view)
    structure = json.dumps(content, ensure_ascii=False)
    if as_json:
        terminal.print_json({"text": text, "structure": content})
        return
    for name, shown in (("text", text), ("structure", structure)):
        size = len(shown.encode())
        print(f"--- {name}: {size} bytes, about {size // BYTES_A_TOKEN} tokens\n{shown}")


async def channels(app: App, view: TaskView) -> tuple[str, JSON]:
    """Return the text and the structure of a result, as a host gets them."""
    result = await result_of(app, view)
    text = "".join(getattr(block, "text", "") for block in result.content)
    return text, result.structured_content
