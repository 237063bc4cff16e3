"""What comes beside the text of an artifact: pictures, sounds, links, and files that were saved.

Pure. Each is named in the text too, since some hosts show a model nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from a2a_mcp.a2a.model import Part
from a2a_mcp.files import media_types
from a2a_mcp.presentation import artifact_sentences
from a2a_mcp.presentation.budget import NAME_BYTES
from a2a_mcp.text.truncate import MaskText, shorten
from a2a_mcp.text.untrusted import scrub, scrub_line

LARGEST_MEDIA: Final = 1024 * 1024
MOST_MEDIA: Final = 4 * 1024 * 1024
"""Bytes before base64; some stdio clients refuse a message of more than 10 MiB."""

MOST_LINKS: Final = 20
LONGEST_LINK: Final = 2_000
FOLLOWED_SCHEMES: Final = ("https://", "http://")


@dataclass(frozen=True, slots=True)
class Media:
    """A picture or a sound that a host can show; `media_type` is what its bytes are."""

    data: bytes
    media_type: str

    @property
    def is_sound(self) -> bool:
        """Return whether it is a sound."""
        return self.media_type.startswith("audio/")


@dataclass(frozen=True, slots=True)
class Link:
    """Where a file can be read: at a resource of this server, or at a URL that the agent gave."""

    uri: str
    name: str
    media_type: str | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class SavedFile:
    """A file of an artifact.

    `path` is where it is saved, if the host may see that; `problem` says why it is not saved.
    """

    link: Link
    path: str | None = None
    problem: str | None = None

    def line(self) -> str:
        """Return what is known of the file in one line."""
        link = self.link
        facts = f"- {self.path or link.name}: {link.media_type}, {link.size} bytes"
        if self.problem:
            return f"{facts}, not saved: {self.problem}"
        return facts


def media_of(part: Part) -> Media | None:
    """Return a file's bytes if they are a picture or sound of a kind and size hosts can show."""
    if part.kind != "raw" or len(part.raw) > LARGEST_MEDIA:
        return None
    media_type = media_types.shown_as(part.raw)
    return Media(part.raw, media_type) if media_type else None


def first_sound(parts: Sequence[Part]) -> int:
    """Return the place of the first sound among parts, of which one is a sound."""
    found = map(media_of, parts)
    return next(place for place, media in enumerate(found) if media and media.is_sound)


def media_of_parts(parts: Sequence[Part]) -> tuple[Media, ...]:
    """Return the pictures and sounds among parts."""
    return tuple(media for part in parts if (media := media_of(part)))


def media_within_limit(found: Sequence[Media]) -> tuple[tuple[Media, ...], int]:
    """Return the pictures and sounds that one message can carry, and how many did not fit."""
    taken: list[Media] = []
    room = MOST_MEDIA
    for media in found:
        room -= len(media.data)
        if room >= 0:
            taken.append(media)
    return tuple(taken), len(found) - len(taken)


def remote_links(parts: Sequence[Part], mask: MaskText) -> tuple[Link, ...]:
    """Return the links that an agent gave, of those kinds that a host may follow."""
    links = (_remote_link(part, mask) for part in parts if _can_be_followed(part))
    return tuple(links)[:MOST_LINKS]


def _can_be_followed(part: Part) -> bool:
    if part.kind != "url" or len(part.url) > LONGEST_LINK:
        return False
    return part.url.lower().startswith(FOLLOWED_SCHEMES)


def _remote_link(part: Part, mask: MaskText) -> Link:
    name = shorten(scrub_line(part.filename or part.url), NAME_BYTES, mask)
    return Link(scrub(part.url), name, media_types.plain(part.media_type))


def list_files(files: Sequence[SavedFile], total: int, room: int) -> str:
    """Return one line a file as far as `room` bytes go, and the resource that holds them all.

    `total` counts the files of the artifact. Without saved files the list is empty.
    """
    if not files:
        return ""
    link = f"Link: {files[0].link.uri}"
    lines = list(_fitting_lines(files, room - len(link.encode())))
    if len(lines) < total:
        lines.append(f"- {artifact_sentences.more_files(total - len(lines))}")
    return "\n\n" + "\n".join(["Files:", *lines, link])


def _fitting_lines(files: Sequence[SavedFile], room: int) -> Iterator[str]:
    """Yield the lines that fit into `room` bytes; the first one in any case."""
    for number, file in enumerate(files):
        line = file.line()
        room -= len(line.encode())
        if number and room < 0:
            return
        yield line
