"""A view cut to what hosts pass on whole: so many bytes of UTF-8 in each channel. Pure.

What is cut is masked before: half of a secret would pass every later masking.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from a2a_mcp.presentation.task_view import ArtifactView, TaskView
from a2a_mcp.text.truncate import shorten

ID_BYTES: Final = 512
NAME_BYTES: Final = 200
NOTE_BYTES: Final = 2_000
MEDIA_TYPE_BYTES: Final = 100
WIDEST_IN_UTF8: Final = 4
SMALLEST_TEXT: Final = 300
FIT_STEP: Final = 64
WIDEST_IN_JSON: Final = 6  # bytes of one character, where it is written as an escape
UNKNOWN_OFFSET: Final = ", offset=…"
ROOM_FOR_OFFSET: Final = 8
LINE_ENDS: Final = 4
TOO_LONG: Final = "The text is too long to be shown whole; ask the agent for a shorter answer."
LOST: Final = (
    "The text is too long to be shown whole, and the rest cannot be read: the agent made no task "
    "of it, and the bridge keeps no results (keep_bytes or keep_days is 0). Ask for a shorter one."
)
ROOM_FOR_REST: Final = 3_000  # ids, names, next step, at their longest


def fit(view: TaskView, limit: int, mask: Callable[[str], str] = str) -> TaskView:
    """Cut a view, its text masked already, so that each channel holds at most `limit` bytes.

    Head and tail of the text are kept, cut at line borders where one is near, and the view says how
    to read the rest.
    """
    if view.note and len(view.note) * WIDEST_IN_UTF8 > NOTE_BYTES:
        view = replace(view, note=shorten(view.note, NOTE_BYTES, mask))
    if any(map(_may_be_long, view.artifacts)):
        view = replace(view, artifacts=tuple(_short(it, mask) for it in view.artifacts))
    if _surely_fits(view, limit) or _largest(view) <= limit:
        return view
    if view.rest and (view.task_id or view.held_as):
        view = replace(view, artifacts=(*view.artifacts, view.rest))
    cut = replace(view, truncated=True, next_step=_how_to_read(view))
    for smaller in (cut, _with_less(cut, 10), _with_less(cut, 3), _with_less(cut, 0)):
        if _largest(replace(smaller, text="")) + SMALLEST_TEXT <= limit:
            return _with_most_text(smaller, view.text, limit - ROOM_FOR_OFFSET)
    least = replace(
        _with_less(cut, 0),
        error=shorten(cut.error, SMALLEST_TEXT) if cut.error else None,
        note=shorten(cut.note, SMALLEST_TEXT, mask) if cut.note else None,
    )
    return _with_most_text(least, view.text, limit - ROOM_FOR_OFFSET)


def _may_be_long(artifact: ArtifactView) -> bool:
    return (
        len(artifact.artifact_id) * WIDEST_IN_UTF8 > ID_BYTES
        or len(artifact.name or "") * WIDEST_IN_UTF8 > NAME_BYTES
        or len(artifact.media_type or "") * WIDEST_IN_UTF8 > MEDIA_TYPE_BYTES
    )


def _short(artifact: ArtifactView, mask: Callable[[str], str]) -> ArtifactView:
    """An agent may make its names of any length."""
    return replace(
        artifact,
        artifact_id=shorten(artifact.artifact_id, ID_BYTES, mask),
        name=shorten(artifact.name, NAME_BYTES, mask) if artifact.name else None,
        media_type=shorten(artifact.media_type, MEDIA_TYPE_BYTES, mask)
        if artifact.media_type
        else None,
    )


def _surely_fits(view: TaskView, limit: int) -> bool:
    """Whether a view is so small that it need not be measured: most are."""
    words = len(view.text) + len(view.error or "") + len(view.note or "")
    few = len(view.artifacts) <= 1 and not view.updates and not view.history
    return few and words * WIDEST_IN_JSON + ROOM_FOR_REST <= limit


def _with_less(view: TaskView, count: int) -> TaskView:
    """Keep the last `count` updates and messages, and the first artifacts."""
    return replace(
        view,
        updates=view.updates[max(len(view.updates) - count, 0) :],
        history=view.history[max(len(view.history) - count, 0) :],
        artifacts=view.artifacts[:count],
    )


def _with_most_text(view: TaskView, text: str, limit: int) -> TaskView:
    """Search for the most text that fits: JSON escapes lengthen it by an unknown factor."""
    fits, too_much = 0, limit + 1
    while too_much - fits > FIT_STEP:
        room = (fits + too_much) // 2
        if _largest(replace(view, text=head_and_tail(text, room))) <= limit:
            fits = room
        else:
            too_much = room
    return _with_offset(replace(view, text=head_and_tail(text, fits) if fits else ""), text, fits)


def _with_offset(view: TaskView, text: str, room: int) -> TaskView:
    """Say where the rest begins, where the text is that of one artifact and nothing else.

    Elsewhere it is read from its beginning: data, for one, is written otherwise in ranges.
    """
    whole = [artifact for artifact in view.artifacts if _is_all(artifact, text)]
    if view.next_step is None:
        return view
    known = whole and len(view.artifacts) == 1
    begins = f", offset={len(_head(text, room))}" if known else ""
    return replace(view, next_step=view.next_step.replace(UNKNOWN_OFFSET, begins, 1))


def _is_all(artifact: ArtifactView, text: str) -> bool:
    """Whether a text is that of an artifact, but for line ends behind it."""
    left = (artifact.size or 0) - len(text.encode("utf-8", "replace"))
    return (artifact.media_type or "").startswith("text/") and 0 <= left <= LINE_ENDS


def _largest(view: TaskView) -> int:
    structure = json.dumps(view.structured(), ensure_ascii=False, separators=(",", ":"))
    return max(len(structure.encode()), len(view.prose().encode()))


def _how_to_read(view: TaskView) -> str:
    step, task_id = view.next_step or "", view.task_id or view.held_as
    if not (task_id and view.artifacts):
        return step or (LOST if view.rest else TOO_LONG)
    largest = max(view.artifacts, key=lambda artifact: artifact.size or 0)
    call = f'get_artifact(task_id="{task_id}", artifact_id="{largest.artifact_id}"'
    read = f"The text is cut. Read on with {call}{UNKNOWN_OFFSET}), or search= for a phrase."
    return read if call in step else f"{read} {step}".strip()


def head_and_tail(text: str, room: int) -> str:
    """Keep two thirds of `room` bytes from the head and one third from the tail."""
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= room:
        return text
    head = _head(text, room)
    tail = encoded[-(room // 3) :].decode("utf-8", "ignore")
    start = tail.find("\n") + 1
    tail = tail[start:] if 0 < start < len(tail) // 2 else tail
    left_out = len(encoded) - len(head.encode()) - len(tail.encode())
    return f"{head}\n\n[… {left_out} bytes left out …]\n\n{tail.lstrip()}"


def _head(text: str, room: int) -> str:
    """Give what is kept of the beginning."""
    head = text.encode("utf-8", "replace")[: room * 2 // 3].decode("utf-8", "ignore")
    head = head[: head.rfind("\n") + 1] if "\n" in head[len(head) // 2 :] else head
    return head.rstrip()
