"""One artifact's content, in pieces a model can ask for. Pure.

Text by exact ranges or by search, data by JSON pointer and range, pictures and sound as they are;
of anything else only what it is. Offsets count characters or lines of the artifact's whole text, so
that consecutive ranges join to exactly that text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from a2a_mcp import content, views
from a2a_mcp.a2a.types import JSON, Artifact, Part, Task
from a2a_mcp.errors import NotAllowed
from a2a_mcp.fitting import head_and_tail
from a2a_mcp.text import scrub, shorten

Unit = Literal["characters", "lines"]

LARGEST_MEDIA: Final = 1024 * 1024
MOST_MEDIA: Final = 4 * 1024 * 1024  # some stdio clients end at a message of 10 MiB (hosts 2)
TEXT_TYPES: Final = frozenset(
    {"application/json", "application/xml", "application/yaml", "application/toml"}
)
CONTEXT_LINES: Final = 2
MOST_HITS: Final = 10
WIDEST_CHARACTER: Final = 4
LONG_ROW: Final = 300
AROUND: Final = 100
INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}")  # RFC 6901, and no number of any length
ROOM_FOR_HEADING: Final = 400
# The first bytes of what hosts can show, since a declared media type may lie (threats I10).
MAGIC: Final[tuple[tuple[bytes, int, bytes, str], ...]] = (
    (b"\x89PNG\r\n\x1a\n", 0, b"", "image/png"),
    (b"\xff\xd8\xff", 0, b"", "image/jpeg"),
    (b"GIF8", 0, b"", "image/gif"),
    (b"RIFF", 8, b"WEBP", "image/webp"),
    (b"RIFF", 8, b"WAVE", "audio/wav"),
    (b"ID3", 0, b"", "audio/mpeg"),
    (b"OggS", 0, b"", "audio/ogg"),
)


@dataclass(frozen=True, slots=True)
class Media:
    """A picture or a sound that a host can show; `media_type` is what the bytes are."""

    data: bytes
    media_type: str


class _NothingThereError(Exception):
    """What was asked for is not in the artifact; the message says what is."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which piece of an artifact a caller asks for."""

    artifact_id: str
    part: int | None = None
    unit: Unit = "characters"
    offset: int = 0
    limit: int | None = None
    pointer: str | None = None
    search: str | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """What is given back: a heading and text, and media beside it; `missed`: nothing was there."""

    text: str
    media: tuple[Media, ...] = ()
    missed: bool = False


def read_artifact(
    agent: str, task: Task, wanted: Wanted, room: int, mask: Callable[[str], str] = str
) -> Piece:
    """Read a piece of a task's artifact into at most `room` bytes of text; raises NotAllowed.

    `mask` hides secrets before a range is cut, so that no half of one passes at its border.
    """
    artifact = _artifact(agent, task, wanted)
    parts = _parts(agent, task, artifact, wanted)
    heading = f"{agent} · artifact_id {views.shown_id(artifact)}"
    if artifact.name:
        heading += f" · {shorten(scrub(artifact.name), content.NAME_BYTES)}"
    room -= ROOM_FOR_HEADING + len(heading.encode())
    media, left_out = _media(parts)
    if left_out:
        heading += f" · {left_out} more pictures or sounds: read them one by one with part="
    try:
        return Piece(heading + _read(parts, wanted, room, mask), media)
    except _NothingThereError as error:
        return Piece(f"{heading} · {error}", missed=True)


def _read(parts: tuple[Part, ...], wanted: Wanted, room: int, mask: Callable[[str], str]) -> str:
    if wanted.pointer is not None:
        return f"\n{_pointed(parts, wanted, room)}"
    text = mask(_whole_text(parts))
    if wanted.search:
        return f"\n{_found(text, wanted.search, room)}"
    return _range(text, wanted, room)


def playable(part: Part) -> Media | None:
    """Give a file's bytes where they are a picture or sound of a kind and size hosts can show."""
    if part.kind != "raw" or len(part.raw) > LARGEST_MEDIA:
        return None
    for start, at, mark, media_type in MAGIC:
        if part.raw.startswith(start) and part.raw[at : at + len(mark)] == mark:
            return Media(part.raw, media_type)
    return None


def _media(parts: tuple[Part, ...]) -> tuple[tuple[Media, ...], int]:
    """What can be shown, within what one message can carry; and how many did not fit."""
    found = [item for part in parts if (item := playable(part))]
    taken: list[Media] = []
    room = MOST_MEDIA
    for item in found:
        room -= len(item.data)
        if room >= 0:
            taken.append(item)
    return tuple(taken), len(found) - len(taken)


def _artifact(agent: str, task: Task, wanted: Wanted) -> Artifact:
    for artifact in task.artifacts:
        if wanted.artifact_id in (artifact.artifact_id, views.shown_id(artifact)):
            return artifact
    known = ", ".join(views.shown_id(artifact) for artifact in task.artifacts[:20])
    raise NotAllowed(
        f"The task has no artifact {wanted.artifact_id!r}.",
        f"Its artifacts: {known or 'none'}.",
        agent=agent,
        task_id=task.id,
    )


def _parts(agent: str, task: Task, artifact: Artifact, wanted: Wanted) -> tuple[Part, ...]:
    if wanted.part is None:
        return artifact.parts
    if 0 <= wanted.part < len(artifact.parts):
        return (artifact.parts[wanted.part],)
    raise NotAllowed(
        f"The artifact has no part {wanted.part}.",
        f"It has {len(artifact.parts)} parts, counted from 0.",
        agent=agent,
        task_id=task.id,
    )


def _whole_text(parts: tuple[Part, ...]) -> str:
    """Join text without separator, data as indented JSON, and say of the rest what it is."""
    text = ""
    for part in parts:
        if part.kind == "text":
            text += part.text
        else:
            text += ("\n" if text and not text.endswith("\n") else "") + _shown(part)
    return scrub(text)


def _shown(part: Part) -> str:
    if part.kind == "data":
        return pretty(part.data) + "\n"
    return _text_file(part) or content.describe(part) + "\n"


def _text_file(part: Part) -> str | None:
    """Read a file that says it is text, and is."""
    kind = (part.media_type or "").partition(";")[0].strip().lower()
    if part.kind != "raw" or not (kind.startswith("text/") or kind in TEXT_TYPES):
        return None
    try:
        return part.raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def pretty(value: JSON) -> str:
    """Write JSON for reading."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def _range(text: str, wanted: Wanted, room: int) -> str:
    if not text:
        return f"\n\n{views.NO_CONTENT}"
    units = text.splitlines(keepends=True) if wanted.unit == "lines" else text
    total, start = len(units), max(wanted.offset, 0)
    if start >= total:
        raise _NothingThereError(_past(total, wanted.unit, start))
    end = total if wanted.limit is None else min(start + max(wanted.limit, 0), total)
    taken = _within(units[start:end], max(room, WIDEST_CHARACTER))
    end = start + len(taken)
    if not taken:
        size, at = len(units[start].encode()), len("".join(units[:start]))
        return f" · line {start} is {size} bytes long: read it by characters, from offset={at}"
    where = "" if (start, end) == (0, total) else f" · {wanted.unit} {start} to {end} of {total}"
    unit = ', unit="lines"' if wanted.unit == "lines" else ""
    more = f"\n\nRead on with offset={end}{unit}." if end < total else ""
    return f"{where}\n\n{''.join(taken)}{more}"


def _past(total: int, unit: str, start: int) -> str:
    return f"offset {start} is past the end of {total} {unit}"


def _within(units: str | list[str], room: int) -> str | list[str]:
    """Take as many units as fit into `room` bytes."""
    used = 0
    for count, unit in enumerate(units):
        used += len(unit.encode())
        if used > room:
            return units[:count]
    return units


def _found(text: str, phrase: str, room: int) -> str:
    rows = text.splitlines()
    needle = phrase.casefold()
    hits = [number for number, row in enumerate(rows) if needle in row.casefold()]
    if not hits:
        return f"{phrase!r} does not occur in its {len(rows)} lines."
    shown: list[str] = []
    last = -1
    for number in hits[:MOST_HITS]:
        first = max(number - CONTEXT_LINES, last + 1, 0)
        if shown and first > last + 1:
            shown.append("…")
        last = min(number + CONTEXT_LINES, len(rows) - 1)
        shown += [f"{at}: {_near(rows[at], needle)}" for at in range(first, last + 1)]
    head = f"{len(hits)} of {len(rows)} lines hold {phrase!r}; line numbers count from 0."
    if len(hits) > MOST_HITS:
        after = hits[MOST_HITS - 1] + 1
        head += f' The first {MOST_HITS}; read on with offset={after}, unit="lines":'
    return head_and_tail(head + "\n\n" + "\n".join(shown), room)


def _near(row: str, needle: str) -> str:
    """A long line, only where the phrase is in it."""
    if len(row) <= LONG_ROW:
        return row
    at = max(row.casefold().find(needle), 0)
    start, end = max(at - AROUND, 0), at + len(needle) + AROUND
    return f"{'…' if start else ''}{row[start:end]}{'…' if end < len(row) else ''}"


def _pointed(parts: tuple[Part, ...], wanted: Wanted, room: int) -> str:
    """Follow a JSON pointer (RFC 6901) into the first data part."""
    data = next((part for part in parts if part.kind == "data"), None)
    if data is None:
        raise _NothingThereError("it holds no data for a pointer; read it without pointer")
    value = data.data
    pointer = wanted.pointer or ""
    for step in pointer.removeprefix("/").split("/") if pointer else []:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and INDEX.fullmatch(key) and int(key) < len(value):
            value = value[int(key)]
        else:
            raise _NothingThereError(
                f"the pointer leads nowhere at {key[:80]!r}: {_members(value)}"
            )
    if isinstance(value, list):
        return _items(value, wanted, room)
    return head_and_tail(scrub(pretty(value)), room)


def _items(value: list[JSON], wanted: Wanted, room: int) -> str:
    start = max(wanted.offset, 0)
    if start >= len(value) and value:
        raise _NothingThereError(_past(len(value), "items", start))
    end = len(value) if wanted.limit is None else min(start + max(wanted.limit, 0), len(value))
    rows = [scrub(json.dumps(item, ensure_ascii=False)) + "\n" for item in value[start:end]]
    taken = _within(rows, room)
    if rows and not taken:
        size = len(rows[0].encode())
        return (
            f"item {start} is {size} bytes long: read it with the pointer {wanted.pointer}/{start}"
        )
    end = start + len(taken)
    more = f"\nRead on with offset={end}." if end < len(value) else ""
    return f"items {start} to {end} of {len(value)}\n\n{''.join(taken)}{more}"


def _members(value: JSON) -> str:
    if isinstance(value, dict):
        return "the keys there are " + ", ".join(
            shorten(scrub(str(key)), 80) for key in list(value)[:20]
        )
    if isinstance(value, list):
        return f"there is a list of {len(value)}"
    return "there is a single value"
