"""One artifact's content, in pieces a model can ask for. Pure.

Text by exact ranges or by search, data by JSON pointer and range, pictures and sound as they are;
of any file what it is and where it is kept. Offsets count characters or lines of the artifact's
whole text, so that consecutive ranges join to exactly that text. Secrets are masked before anything
is cut: half of one would pass every later masking.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from a2a_mcp.a2a.model import JSON, Artifact, Part, Task
from a2a_mcp.errors import NotAllowed
from a2a_mcp.files import media_types
from a2a_mcp.presentation import content, message_artifacts, task_view
from a2a_mcp.presentation.budget import ID_BYTES, NAME_BYTES, head_and_tail
from a2a_mcp.presentation.json_pointer import NothingThere, follow, items, members, past_the_end
from a2a_mcp.text.truncate import shorten
from a2a_mcp.text.untrusted import scrub

Mask = Callable[[str], str]
Unit = Literal["characters", "lines"]

LARGEST_MEDIA: Final = 1024 * 1024
MOST_MEDIA: Final = 4 * 1024 * 1024  # some stdio clients end at a message of 10 MiB (hosts 2)
TEXT_TYPES: Final = frozenset(
    {"application/json", "application/xml", "application/yaml", "application/toml"}
)
CONTEXT_LINES: Final = 2
MOST_HITS: Final = 10
MOST_LINKS: Final = 20
LONGEST_LINK: Final = 2_000
FOLLOWED: Final = ("https://", "http://")
WIDEST_CHARACTER: Final = 4
LONG_ROW: Final = 300
AROUND: Final = 100
ROOM_FOR_HEADING: Final = 400
KNOWN_IDS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Media:
    """A picture or a sound that a host can show; `media_type` is what the bytes are."""

    data: bytes
    media_type: str


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

    @property
    def begins(self) -> bool:
        """Whether it is the first piece, with which files, pictures and sound come."""
        return self.search is None and self.pointer is None and not self.offset


@dataclass(frozen=True, slots=True)
class Link:
    """Where a file can be read: an address of ours, or one that the agent gave."""

    uri: str
    name: str
    media_type: str | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class SavedFile:
    """A file of an artifact, and what became of it: kept at `path`, if that may be told."""

    link: Link
    sha256: str
    path: str | None = None
    problem: str | None = None

    def line(self) -> str:
        """Say it in a line: a model may see nothing else."""
        kept = f", saved as {self.path}" if self.path else ""
        lost = f", not saved: {self.problem}" if self.problem else ""
        link = self.link
        return f"- {link.name}: {link.media_type}, {link.size} bytes, SHA-256 {self.sha256}" + (
            kept or lost
        )


@dataclass(frozen=True, slots=True)
class Piece:
    """What is given back: a heading and text, media and links beside it."""

    text: str
    media: tuple[Media, ...] = ()
    links: tuple[Link, ...] = ()


def read_artifact(
    agent: str,
    artifact: Artifact,
    parts: tuple[Part, ...],
    wanted: Wanted,
    room: int,
    mask: Mask = str,
    handed: tuple[SavedFile, ...] = (),
) -> Piece:
    """Read a piece of those `parts` of an artifact into at most `room` bytes of text.

    Raises NothingThere for a range or a pointer that leads out of it.

    `handed` are its files, where they were handed out with this piece.
    """
    heading = f"{agent} · artifact_id {shown_id(artifact, mask)}"
    if artifact.name:
        heading += f" · {shorten(scrub(artifact.name), NAME_BYTES, mask)}"
    room -= ROOM_FOR_HEADING + len(heading.encode())
    media, left_out = _media(parts if wanted.begins else ())
    if left_out:
        heading += f" · {left_out} more pictures or sounds: read them one by one with part="
    files = _files(handed, sum(part.kind == "raw" for part in parts), room // 2)
    links = (*(file.link for file in handed), *_remote(parts, mask))
    text = _read(parts, wanted, room - len(files.encode()), mask)
    shown = heading + text
    return Piece(shown.removesuffix("\n") + files if files else shown, media, links)


def _files(handed: tuple[SavedFile, ...], total: int, room: int) -> str:
    """List the files as far as there is room, and the address under which they can be read."""
    if not handed:
        return ""
    lines: list[str] = []
    link = f"Link: {handed[0].link.uri}"
    room -= len(link.encode())
    for file in handed:
        room -= len(file.line().encode())
        if lines and room < 0:
            break
        lines.append(file.line())
    if len(lines) < total:
        lines.append(f"- and {total - len(lines)} more: read them one by one with part=")
    return "\n\n" + "\n".join(["Files:", *lines, link])


def _remote(parts: tuple[Part, ...], mask: Mask) -> tuple[Link, ...]:
    """The links an agent gave, where they are of a kind that a host may follow."""
    return tuple(
        Link(
            scrub(part.url),
            shorten(scrub(part.filename or part.url), NAME_BYTES, mask),
            media_types.plain(part.media_type),
        )
        for part in parts
        if part.kind == "url" and part.url.lower().startswith(FOLLOWED)
        if len(part.url) <= LONGEST_LINK
    )[:MOST_LINKS]


def _read(parts: tuple[Part, ...], wanted: Wanted, room: int, mask: Mask) -> str:
    if wanted.pointer is not None:
        return _pointed(parts, wanted, room, mask)
    text = mask(_whole_text(parts))
    if wanted.search:
        return f"\n{_found(text, wanted.search, wanted.offset, room)}"
    return _range(text, wanted, room)


def playable(part: Part) -> Media | None:
    """Give a file's bytes where they are a picture or sound of a kind and size hosts can show."""
    if part.kind != "raw" or len(part.raw) > LARGEST_MEDIA:
        return None
    media_type = media_types.shown_as(part.raw)
    return Media(part.raw, media_type) if media_type else None


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


def shown_id(artifact: Artifact, mask: Mask) -> str:
    """Give the id by which an artifact is shown and asked for; an agent may make it of any size."""
    return shorten(mask(scrub(artifact.artifact_id)), ID_BYTES)


def pick(agent: str, task: Task, wanted: Wanted, mask: Mask) -> tuple[Artifact, tuple[Part, ...]]:
    """Give the artifact that is meant and the parts of it that are; raises NotAllowed."""
    artifact = _artifact(agent, task, wanted, mask)
    return artifact, _parts(agent, task, artifact, wanted)


def _artifact(agent: str, task: Task, wanted: Wanted, mask: Mask) -> Artifact:
    if found := named(task, wanted.artifact_id, mask):
        return found
    made = (*task.artifacts, *message_artifacts.with_files(task))
    ids = ", ".join(shown_id(artifact, mask) for artifact in made[:20])
    known = shorten(ids, KNOWN_IDS)
    raise NotAllowed(
        f"The task has no artifact {wanted.artifact_id!r}.",
        f"Call again with one of its artifacts: {known}."
        if known
        else "It has none at all; get_task shows what the agent said.",
        agent=agent,
        task_id=task.id,
    )


def named(task: Task, artifact_id: str, mask: Mask) -> Artifact | None:
    """Give the artifact of an id, or the message that is read under it; None where none is."""
    for artifact in task.artifacts:
        if artifact_id in (artifact.artifact_id, shown_id(artifact, mask)):
            return artifact
    return message_artifacts.find(task, artifact_id)


def _parts(agent: str, task: Task, artifact: Artifact, wanted: Wanted) -> tuple[Part, ...]:
    if wanted.part is None:
        return artifact.parts
    if 0 <= wanted.part < len(artifact.parts):
        return (artifact.parts[wanted.part],)
    raise NotAllowed(
        f"The artifact has no part {wanted.part}.",
        f"Its parts are 0 to {len(artifact.parts) - 1}; leave part out to read them all."
        if artifact.parts
        else "It is empty.",
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
    if part.kind != "raw":
        return None
    kind = media_types.plain(part.media_type) or media_types.of_name(part.filename) or ""
    if not (kind.startswith("text/") or kind in TEXT_TYPES):
        return None
    try:
        return part.raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def pretty(value: JSON) -> str:
    """Write JSON for reading, members by name: ranges of several reads must fit together.

    a2a-sdk 1.x keeps data in protobuf maps, so each process, and each copy, tells another order.
    """
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True)


def _range(text: str, wanted: Wanted, room: int) -> str:
    if not text:
        return f"\n\n{task_view.NO_CONTENT}"
    units = text.splitlines(keepends=True) if wanted.unit == "lines" else text
    total, start = len(units), max(wanted.offset, 0)
    if start >= total:
        raise past_the_end(start, total, wanted.unit)
    end = total if wanted.limit is None else min(start + max(wanted.limit, 0), total)
    taken = _within(units[start:end], max(room, WIDEST_CHARACTER))
    end = start + len(taken)
    if not taken:
        size, at = len(units[start].encode()), len("".join(units[:start]))
        return f" · line {start} is {size} bytes long: read it by characters, from offset={at}"
    whole = (start, end) == (0, total)
    where = "" if whole else f" · {wanted.unit} {start} to {end - 1} of {total}, counted from 0"
    unit = ', unit="lines"' if wanted.unit == "lines" else ""
    more = f"\n\nRead on with offset={end}{unit}." if end < total else ""
    return f"{where}\n\n{''.join(taken)}{more}"


def _within(units: str | list[str], room: int) -> str | list[str]:
    """Take as many units as fit into `room` bytes."""
    used = 0
    for count, unit in enumerate(units):
        used += len(unit.encode())
        if used > room:
            return units[:count]
    return units


def _found(text: str, phrase: str, start: int, room: int) -> str:
    """Show the first hits from line `start` on: a search is gone on with by its offset."""
    rows = text.splitlines()
    needle = re.compile(re.escape(phrase), re.IGNORECASE)
    every = [number for number, row in enumerate(rows) if needle.search(row)]
    hits = [number for number in every if number >= start]
    if not every:
        return f"{phrase!r} does not occur in its {len(rows)} lines."
    if not hits:
        return f"{phrase!r} does not occur from line {start} on; {len(every)} lines before hold it."
    shown: list[str] = []
    last = start - 1
    for number in hits[:MOST_HITS]:
        first = max(number - CONTEXT_LINES, last + 1, 0)
        if shown and first > last + 1:
            shown.append("…")
        last = min(number + CONTEXT_LINES, len(rows) - 1)
        shown += [f"{at}: {_near(rows[at], needle)}" for at in range(first, last + 1)]
    head = f"{len(every)} of {len(rows)} lines hold {phrase!r}; line numbers count from 0."
    if len(hits) > MOST_HITS:
        after = hits[MOST_HITS - 1] + 1
        head += f" These are {MOST_HITS} of them; for more, search again with offset={after}."
    return head_and_tail(head + "\n\n" + "\n".join(shown), room)


def _near(row: str, needle: re.Pattern[str]) -> str:
    """A long line, only where the phrase is in it."""
    if len(row) <= LONG_ROW:
        return row
    found = needle.search(row)
    start = max(found.start() - AROUND, 0) if found else 0
    end = (found.end() if found else 0) + AROUND
    return f"{'…' if start else ''}{row[start:end]}{'…' if end < len(row) else ''}"


def _pointed(parts: tuple[Part, ...], wanted: Wanted, room: int, mask: Mask) -> str:
    """Show what a JSON pointer leads to in the first data part."""
    data = next((part for part in parts if part.kind == "data"), None)
    if data is None:
        raise NothingThere("The artifact holds no data for a pointer.", "Read it without pointer.")
    pointer = wanted.pointer or ""
    value = follow(data.data, pointer, mask)
    if isinstance(value, list):
        return f"\n{items(value, pointer, max(wanted.offset, 0), wanted.limit, room, mask)}"
    shown = mask(scrub(pretty(value)))
    if len(shown.encode()) <= room and not wanted.offset and wanted.limit is None:
        return f"\n{shown}"
    if isinstance(value, str):
        return _range(mask(scrub(value)), wanted, room)
    hint = f"\nOr read a member by pointer: {members(value, mask)}."
    return _range(shown, wanted, room - len(hint.encode())) + hint
