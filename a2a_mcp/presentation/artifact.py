"""One piece of an artifact as a model reads it: a heading, text, and attachments beside it. Pure.

Text is read by exact ranges or by search, data by JSON pointer, pictures and sounds as they are;
every file is described, with the place where it is saved. Secrets are masked before a cut: half of
a secret would pass every later masking.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from a2a_mcp.a2a.model import Artifact, Part
from a2a_mcp.presentation import artifact_sentences, attachments, content
from a2a_mcp.presentation.artifact_request import ArtifactRequest, shown_id
from a2a_mcp.presentation.attachments import Link, Media, SavedFile
from a2a_mcp.presentation.budget import NAME_BYTES
from a2a_mcp.presentation.json_pointer import describe_members, first_data, read_pointer
from a2a_mcp.presentation.text_range import read_range
from a2a_mcp.presentation.text_search import search
from a2a_mcp.text.steps import utf8_size
from a2a_mcp.text.truncate import MaskText, shorten
from a2a_mcp.text.untrusted import scrub, scrub_line

ROOM_FOR_HEADING: Final = 400


@dataclass(frozen=True, slots=True)
class ArtifactPiece:
    """What is returned of an artifact: a heading and text, media and links beside it.

    `saved` are its files, where they come with this piece.
    """

    text: str
    media: tuple[Media, ...] = ()
    links: tuple[Link, ...] = ()
    saved: tuple[SavedFile, ...] = ()


def read_artifact(
    agent: str,
    artifact: Artifact,
    parts: tuple[Part, ...],
    request: ArtifactRequest,
    room: int,
    mask: MaskText = str,
    saved_files: tuple[SavedFile, ...] = (),
) -> ArtifactPiece:
    """Return the requested piece of those `parts` of an artifact, in at most `room` bytes of text.

    `saved_files` are its files, if they come with this piece. Raises NothingThere if the range or
    the pointer leads out of the artifact.
    """
    heading = _heading(agent, artifact, mask)
    room -= ROOM_FOR_HEADING + len(heading.encode())
    found = attachments.media_of_parts(parts if request.is_first_piece else ())
    wanted = [media for media in found if request.wants_sound or not media.is_sound]
    media, left_out = attachments.media_within_limit(wanted)
    if left_out:
        heading += f" · {artifact_sentences.more_media(left_out)}"
    if len(wanted) < len(found):
        heading += f" · {artifact_sentences.sound_not_shown(attachments.first_sound(parts))}"
    file_count = sum(part.kind == "raw" for part in parts)
    files = attachments.list_files(saved_files, file_count, room // 2)
    text = heading
    if not files or not _are_listed(parts):
        text += _read(parts, request, room - len(files.encode()), mask)
    if files:
        text = text.removesuffix("\n") + files
    links = (*(file.link for file in saved_files), *attachments.remote_links(parts, mask))
    return ArtifactPiece(text, media, links, saved_files)


def _are_listed(parts: tuple[Part, ...]) -> bool:
    """Return whether the list of files says all that is said of the parts."""
    return all(part.kind == "raw" and not content.text_in_file(part) for part in parts)


def _heading(agent: str, artifact: Artifact, mask: MaskText) -> str:
    heading = f"{agent} · artifact_id {shown_id(artifact, mask)}"
    if not artifact.name:
        return heading
    return f"{heading} · {shorten(scrub_line(artifact.name), NAME_BYTES, mask)}"


def _read(parts: tuple[Part, ...], request: ArtifactRequest, room: int, mask: MaskText) -> str:
    """Return the end of the heading line and the piece below it."""
    if request.pointer is not None:
        return read_pointer(parts, request, room, mask)
    text = mask(_whole_text(parts))
    if request.search:
        return f"\n{search(text, request.search, request.offset, room)}"
    hint = "" if request.offset or utf8_size(text) <= room else _member_hint(parts, mask)
    return read_range(text, request, room - len(hint.encode())) + hint


def _member_hint(parts: tuple[Part, ...], mask: MaskText) -> str:
    """Return the words that lead from a long text into the data it was made of, if any."""
    data = first_data(parts)
    if data is None:
        return ""
    return f"\n{artifact_sentences.or_read_a_member(describe_members(data.data, mask))}"


def _whole_text(parts: tuple[Part, ...]) -> str:
    """Return all parts as the one text that offsets count in.

    Texts are joined without separator, data is indented JSON, other files are described.
    """
    return scrub(content.join_parts(parts, _shown))


def _shown(part: Part) -> str:
    if part.kind == "data":
        return content.readable_json(part.data) + "\n"
    return content.text_in_file(part) or content.describe(part) + "\n"
