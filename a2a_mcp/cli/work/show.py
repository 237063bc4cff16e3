"""Show a task to a person, or exactly what a model would see of it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import anyio

from a2a_mcp.a2a.model import JSON
from a2a_mcp.cli import images, terminal
from a2a_mcp.cli.for_person import for_person
from a2a_mcp.presentation.artifact import ArtifactPiece
from a2a_mcp.presentation.artifact_request import ArtifactRequest
from a2a_mcp.presentation.attachments import SavedFile
from a2a_mcp.presentation.task_view import TaskView
from a2a_mcp.server.app import App
from a2a_mcp.server.caller import owner
from a2a_mcp.server.task_results import result_of

BYTES_A_TOKEN: Final = 4


async def show(app: App, view: TaskView, as_json: bool) -> None:
    """Show a task to a person: its words, and where its files are."""
    view = in_person(view)
    if as_json:
        terminal.print_json(view.structured())
        return
    if view.text:
        terminal.print_markdown(app.mask(view.text))
    await _show_files(app, view)
    facts = [view.state and view.state.value, view.task_id and f"task {view.task_id}"]
    print(" · ".join(fact for fact in (view.agent, *facts) if fact), file=sys.stderr)
    for words in (view.error, view.note, view.next_step):
        if words:
            print(app.mask(words), file=sys.stderr)


def in_person(view: TaskView) -> TaskView:
    """Return a view whose advice is for a person at the terminal."""
    agent, task = view.agent or "AGENT", view.task_id or view.held_as or "TASK"

    def told(text: str | None) -> str:
        return for_person(text or "", agent, task)

    return replace(
        view,
        text=told(view.text),
        error=told(view.error) or None,
        note=told(view.note) or None,
        next_step=told(view.next_step) or None,
    )


async def _show_files(app: App, view: TaskView) -> None:
    """Name the files and links of a task, which its text does not hold; the files are saved."""
    task_id = view.task_id or view.held_as
    for artifact in view.artifacts:
        if artifact.in_text or not task_id:
            continue
        wanted = ArtifactRequest(artifact.artifact_id)
        piece = await app.artifact_reader.read(owner(), task_id, view.agent, wanted)
        for line in _lines(piece):
            print(app.mask(line))
        for file in piece.saved:
            await _draw(file)


async def _draw(file: SavedFile) -> None:
    """Show an image where the terminal can; its name and place are told in any case."""
    draw = images.drawing(os.environ) if sys.stdout.isatty() else None
    if draw is None or file.path is None or "image/" not in (file.link.media_type or ""):
        return
    path = anyio.Path(file.path)
    if (await path.stat()).st_size > images.LARGEST:
        return
    if drawn := draw(await path.read_bytes(), terminal.columns()):
        print(drawn)


def _lines(piece: ArtifactPiece) -> Iterator[str]:
    saved = {file.link for file in piece.saved}
    yield from map(_file, piece.saved)
    yield from (f"{link.name}: {link.uri}" for link in piece.links if link not in saved)


def _file(file: SavedFile) -> str:
    facts = f"{file.link.name} ({file.link.media_type}, {file.link.size} bytes)"
    if file.path:
        return f"{facts}: saved as {file.path}"
    return f"{facts}: not saved" + (f": {file.problem}" if file.problem else "")


async def show_for_model(app: App, view: TaskView, as_json: bool) -> None:
    """Show both channels of a result, as a model gets one of them, and how much each is."""
    text, content = await channels(app, view)
    if as_json:
        terminal.print_json({"text": text, "structure": content})
    else:
        print("\n".join(for_model(text, content)))


def for_model(text: str, content: JSON) -> list[str]:
    """Return both channels of a result as lines, each below how much it is."""
    shown = {"text": text, "structure": json.dumps(content, ensure_ascii=False)}
    sizes = {name: len(words.encode()) for name, words in shown.items()}
    return [
        f"--- {name}: {size} bytes, about {size // BYTES_A_TOKEN} tokens\n{shown[name]}"
        for name, size in sizes.items()
    ]


async def channels(app: App, view: TaskView) -> tuple[str, JSON]:
    """Return the text and the structure of a result, as a host gets them."""
    result = await result_of(app, view)
    text = "".join(getattr(block, "text", "") for block in result.content)
    return text, result.structured_content
