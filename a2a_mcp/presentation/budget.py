"""The one module that measures what a model reads and cuts it to a limit. Pure.

A view has two channels, text and structure; hosts cut or refuse a channel that is too long, so
each may hold only so many bytes of UTF-8. Secrets must be masked before anything is cut here: half
of a secret would pass every later masking.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Final, Protocol

from a2a_mcp.a2a.ids import LONGEST_ID_BYTES
from a2a_mcp.a2a.model import JSON
from a2a_mcp.presentation import artifact_sentences, sentences
from a2a_mcp.presentation.agent_view import AgentsView
from a2a_mcp.presentation.task_list_view import TaskListView
from a2a_mcp.presentation.task_view import ArtifactView, TaskView
from a2a_mcp.text.steps import is_long, utf8_size
from a2a_mcp.text.truncate import MaskText, shorten

NAME_BYTES: Final = 200
NOTE_BYTES: Final = 2_000
MEDIA_TYPE_BYTES: Final = 100
MOST_SKILLS: Final = 40
SMALLEST_TEXT: Final = 300
FEW_ARTIFACTS: Final = 2
ENTRIES_KEPT: Final = (10, 3, 0)
FIT_STEP: Final = 64
WIDEST_IN_UTF8: Final = 4
WIDEST_IN_JSON: Final = 6  # bytes of one character that is written as an escape
ROOM_FOR_OFFSET: Final = 8
ROOM_FOR_IDS: Final = 3_000  # ids, names and next step, each at its longest
LINE_ENDS: Final = 4
JSON_TYPE: Final = "application/json"


class View(Protocol):
    """What a model reads in two channels, each complete on its own."""

    def structured(self) -> dict[str, JSON]:
        """Return the structure."""
        ...

    def prose(self) -> str:
        """Return the text."""
        ...


# --- measuring ---


def size(view: View) -> int:
    """Return the bytes of the larger channel; the structure counts as compact JSON."""
    structure = json.dumps(view.structured(), ensure_ascii=False, separators=(",", ":"))
    return max(len(structure.encode()), len(view.prose().encode()))


def fits(view: View, limit: int) -> bool:
    """Return whether each channel holds at most `limit` bytes."""
    return not _is_text_too_long(view, limit) and size(view) <= limit


def _is_text_too_long(view: View, limit: int) -> bool:
    """Return whether a task's text alone is too long, without writing it down to measure it."""
    return isinstance(view, TaskView) and len(view.text) > limit


# --- lists and agents ---


def count_fitting_rows(view: TaskListView, limit: int) -> int:
    """Return how many rows, from the first on, fit into `limit` bytes of each channel."""
    for count in range(len(view.rows), 0, -1):
        if fits(replace(view, rows=view.rows[:count]), limit):
            return count
    return 0


def fit_agent(view: AgentsView, limit: int) -> AgentsView:
    """Return the view of one agent with as many skills as fit into `limit` bytes a channel."""
    (row,) = view.agents
    for count in range(min(len(row.get("skills", [])), MOST_SKILLS), 0, -1):
        shorter = _with_first_skills(view, count)
        if fits(shorter, limit):
            return shorter
    return _with_first_skills(view, 0)


def _with_first_skills(view: AgentsView, count: int) -> AgentsView:
    (row,) = view.agents
    skills = row.get("skills", [])
    if count >= len(skills):
        return view
    note = sentences.join(view.note, sentences.skills_left_out(len(skills), count))
    return replace(view, agents=({**row, "skills": skills[:count]},), note=note)


# --- tasks ---


def fit_task(view: TaskView, limit: int, mask: MaskText = str) -> TaskView:
    """Return the view cut so that each channel holds at most `limit` bytes.

    Its text must be masked already; `mask` serves the note and the names. Head and tail of the
    text are kept, cut at line borders where one is near. The next step says how to read the rest.
    """
    view = _with_short_names(view, mask)
    if _surely_fits(view, limit) or fits(view, limit):
        return view
    view = _with_source_listed(view)
    saved = artifact_sentences.saved_whole(view.saved_as) if view.saved_as else None
    step = sentences.join(saved, _how_to_read_on(view))
    cut = replace(view, truncated=True, next_step=step)
    shorter = _with_room_for_text(cut, limit, mask)
    return _with_most_text(shorter, view.text, limit - ROOM_FOR_OFFSET)


def _with_short_names(view: TaskView, mask: MaskText) -> TaskView:
    """Shorten what an agent may make of any length: note, ids, names and media types."""
    if _may_exceed(view.note, NOTE_BYTES):
        view = replace(view, note=_shortened(view.note, NOTE_BYTES, mask))
    if any(map(_has_long_names, view.artifacts)):
        artifacts = tuple(_with_short_name(artifact, mask) for artifact in view.artifacts)
        view = replace(view, artifacts=artifacts)
    return view


def _may_exceed(text: str | None, limit: int) -> bool:
    return text is not None and len(text) * WIDEST_IN_UTF8 > limit


def _has_long_names(artifact: ArtifactView) -> bool:
    return (
        _may_exceed(artifact.artifact_id, LONGEST_ID_BYTES)
        or _may_exceed(artifact.name, NAME_BYTES)
        or _may_exceed(artifact.media_type, MEDIA_TYPE_BYTES)
    )


def _with_short_name(artifact: ArtifactView, mask: MaskText) -> ArtifactView:
    return replace(
        artifact,
        artifact_id=shorten(artifact.artifact_id, LONGEST_ID_BYTES, mask),
        name=_shortened(artifact.name, NAME_BYTES, mask),
        media_type=_shortened(artifact.media_type, MEDIA_TYPE_BYTES, mask),
    )


def _shortened(text: str | None, limit: int, mask: MaskText) -> str | None:
    return shorten(text, limit, mask) if text else None


def _surely_fits(view: TaskView, limit: int) -> bool:
    """Return whether a view is too small to need measuring, as most are."""
    if len(view.artifacts) > 1 or view.updates or view.history:
        return False
    characters = len(view.text) + len(view.error or "") + len(view.note or "")
    return characters * WIDEST_IN_JSON + ROOM_FOR_IDS <= limit


def _with_source_listed(view: TaskView) -> TaskView:
    """List the message that the text comes from, so that its rest can be read."""
    if view.text_source is None or _readable_id(view) is None:
        return view
    return replace(view, artifacts=(*view.artifacts, view.text_source))


def _readable_id(view: TaskView) -> str | None:
    """Return the id that get_artifact takes for this view; None where there is none."""
    return view.task_id or view.held_as or None


def _how_to_read_on(view: TaskView) -> str:
    """Return the next step of a cut view, its offset still a placeholder."""
    task_id, step = _readable_id(view), view.next_step or ""
    if task_id is None or not view.artifacts:
        return step or (
            artifact_sentences.REST_IS_LOST
            if view.text_source
            else artifact_sentences.TEXT_TOO_LONG
        )
    largest = max(view.artifacts, key=lambda artifact: artifact.size or 0)
    is_data = largest.media_type == JSON_TYPE
    read_on = artifact_sentences.read_on(
        task_id,
        largest.artifact_id,
        is_data=is_data,
        is_one_of_many=len(view.artifacts) > FEW_ARTIFACTS,
    )
    is_said_already = artifact_sentences.get_artifact_call(task_id, largest.artifact_id) in step
    return read_on if is_said_already else f"{read_on} {step}".strip()


def _with_room_for_text(view: TaskView, limit: int, mask: MaskText) -> TaskView:
    """Leave out entries of the lists until some text fits; at last shorten error and note."""
    if _has_room_for_text(view, limit):
        return view
    for count in ENTRIES_KEPT:
        shorter = _with_fewer_entries(view, count)
        if _has_room_for_text(shorter, limit):
            return shorter
    return replace(
        shorter,
        error=_shortened(view.error, SMALLEST_TEXT, str),
        note=_shortened(view.note, SMALLEST_TEXT, mask),
    )


def _has_room_for_text(view: TaskView, limit: int) -> bool:
    return fits(replace(view, text=""), limit - SMALLEST_TEXT)


def _with_fewer_entries(view: TaskView, count: int) -> TaskView:
    """Keep the last `count` updates and messages, and the first artifacts."""
    updates = view.updates[max(len(view.updates) - count, 0) :]
    return replace(
        view,
        updates=updates,
        updates_left_out=view.updates_left_out + len(view.updates) - len(updates),
        history=view.history[max(len(view.history) - count, 0) :],
        artifacts=view.artifacts[:count],
    )


def _with_most_text(view: TaskView, text: str, limit: int) -> TaskView:
    """Return the view with the most text that fits.

    JSON escapes lengthen a text by an unknown factor, so the length is searched by bisection.
    """
    fitting, too_much = 0, limit + 1
    while too_much - fitting > FIT_STEP:
        room = (fitting + too_much) // 2
        if fits(replace(view, text=head_and_tail(text, room)), limit):
            fitting = room
        else:
            too_much = room
    shown = head_and_tail(text, fitting) if fitting else ""
    return _with_offset(replace(view, text=shown), text, fitting)


def _with_offset(view: TaskView, text: str, room: int) -> TaskView:
    """Put the offset at which the rest begins into the next step.

    It is known only where the text is that of one artifact and nothing else. Otherwise the artifact
    is read from its beginning: data, for one, is written differently when it is read in ranges.
    """
    offset = f", offset={len(_head(text, room))}" if _is_of_one_artifact(view, text) else ""
    step = (view.next_step or "").replace(artifact_sentences.OFFSET_PLACEHOLDER, offset, 1)
    return replace(view, next_step=step)


def _is_of_one_artifact(view: TaskView, text: str) -> bool:
    """Return whether a text is that of the only artifact, but for line ends behind it."""
    if len(view.artifacts) != 1:
        return False
    (artifact,) = view.artifacts
    left = (artifact.size or 0) - utf8_size(text)
    return (artifact.media_type or "").startswith("text/") and 0 <= left <= LINE_ENDS


# --- text ---


def head_and_tail(text: str, room: int) -> str:
    """Return `text` cut to `room` bytes, two thirds from its head and one third from its tail.

    The line that counts what was left out comes on top of `room`.
    """
    whole = utf8_size(text)
    if whole <= room:
        return text
    head, tail = _head(text, room), _tail(text, room)
    left_out = whole - len(head.encode()) - len(tail.encode())
    return f"{head}\n\n{artifact_sentences.left_out(left_out)}\n\n{tail.lstrip()}"


def _head(text: str, room: int) -> str:
    """Return the beginning that `head_and_tail` keeps."""
    head = text[:room].encode("utf-8", "replace")[: room * 2 // 3].decode("utf-8", "ignore")
    if "\n" in head[len(head) // 2 :]:
        head = head[: head.rfind("\n") + 1]
    return head.rstrip()


def _tail(text: str, room: int) -> str:
    """Return the end that `head_and_tail` keeps."""
    end = text[-room:].rstrip("\n") if is_long(text) else text
    tail = end.encode("utf-8", "replace")[-(room // 3) :].decode("utf-8", "ignore")
    start = tail.find("\n") + 1
    return tail[start:] if 0 < start < len(tail) // 2 else tail
