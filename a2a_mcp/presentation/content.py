"""What an agent said, as text: parts joined, and the answer of a task found. Pure.

Every word passes `scrub`. Bytes never become text here; a file is described by kind and size.
Nothing is cut here: secrets are masked first, since half of one would pass every masking.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import takewhile
from typing import Final

from a2a_mcp.a2a.model import Message, Part, Role, Task, TaskState
from a2a_mcp.files import media_types
from a2a_mcp.text.untrusted import scrub

SAYS_NOTHING: Final = frozenset({"Task completed successfully"})  # LangGraph's, on every read


def answer(task: Task) -> str:
    """Gather what the agent said: artifacts, then status message, else history; without repeats.

    Agents put their answer in any of the three and some in all (a2a-wire 9, 17.14).
    """
    pieces: list[str] = []
    said: set[str] = set()
    named = len(task.artifacts) > 1
    for artifact in task.artifacts:
        # A file says nothing as text; that it is there, and its name and size, stands in the list.
        shown = [part for part in artifact.parts if part.kind != "raw"]
        text = content(shown)
        if text.strip() and _alike(shown, text) not in said:
            said.add(_alike(shown, text))
            label = scrub(artifact.name or artifact.artifact_id)
            pieces.append(f"[{label}]\n{text}" if named else text)
    told = task.status.message.parts if task.status.message else ()
    if task.state is TaskState.INPUT_REQUIRED:
        told = tuple(with_metadata(told))
    status = content(told)
    if status.strip() in SAYS_NOTHING:
        status = "" if pieces or _last_words(task.history) else status
    if status.strip() and _alike(told, status) not in said:
        pieces.append(status)
    if not pieces and task.state.stop:
        pieces.append(_last_words(task.history))
    return "\n\n".join(piece for piece in pieces if piece)


def in_order(task: Task) -> Task:
    """Give a task as it is compared: a2a-sdk 1.x tells the members of data in any order, each time.

    They are a protobuf map, which has none; to be read, data stays as it came.
    """

    def ordered(message: Message) -> Message:
        return message.model_copy(update={"parts": tuple(map(_in_order, message.parts))})

    artifacts = tuple(
        artifact.model_copy(update={"parts": tuple(map(_in_order, artifact.parts))})
        for artifact in task.artifacts
    )
    said = task.status.message
    status = task.status.model_copy(update={"message": said and ordered(said)})
    history = tuple(map(ordered, task.history))
    return task.model_copy(update={"artifacts": artifacts, "status": status, "history": history})


def _in_order(part: Part) -> Part:
    if part.kind != "data":
        return part
    data, metadata = (json.loads(json.dumps(x, sort_keys=True)) for x in (part.data, part.metadata))
    return part.model_copy(update={"data": data, "metadata": metadata})


def _alike(parts: Iterable[Part], text: str) -> str:
    """Give what two ways of saying the same have in common; `text` is how the parts read."""
    parts = list(parts)
    if all(part.kind == "text" for part in parts):
        return text.strip()
    return content(map(_in_order, parts)).strip()


def _last_words(history: tuple[Message, ...]) -> str:
    """What the agent said last since the user's last message, as far as it said anything."""
    said = (content(message.parts) for message in since_the_user(history))
    return next((words for words in said if words), "")


def since_the_user(history: tuple[Message, ...]) -> Iterator[Message]:
    """Go through what the agent said since the user's last message, the latest first."""
    return takewhile(lambda message: message.role is not Role.USER, reversed(history))


def with_metadata(parts: Iterable[Part]) -> Iterator[Part]:
    """Put the metadata of data behind it: an answer may have to repeat it."""
    for part in parts:
        yield part
        if part.kind == "data" and part.metadata:
            marks = json.dumps(part.metadata, ensure_ascii=False)
            yield Part(kind="text", text=f"metadata: {marks}\n")


def content(parts: Iterable[Part]) -> str:
    """Read parts as text, without the line ends at its end."""
    return joined(parts).rstrip("\n")


def joined(parts: Iterable[Part]) -> str:
    """Read parts as text: chunks joined without separator, anything else on lines of its own."""
    text = ""
    for part in parts:
        if part.kind == "text":
            text += part.text
        else:
            text += ("\n" if text and not text.endswith("\n") else "") + describe(part) + "\n"
    return scrub(text)


def describe(part: Part) -> str:
    """Show data as JSON; say of a file what it is, and where a link leads."""
    named = f" {part.filename!r}" if part.filename else ""
    match part.kind:
        case "data":
            return json.dumps(part.data, ensure_ascii=False)
        case "raw":
            return f"[file{named}: {media_type_of(part)}, {len(part.raw)} bytes]"
        case "url":
            why = f", {part.problem}" if part.problem else ""
            return f"[link{named}: {part.url}{why}]"
        case _:
            return f"[empty part{named}: {part.problem or 'nothing in it'}]"


def media_type_of(part: Part) -> str:
    """Give a part's media type, or what its kind or its name stands for."""
    if part.media_type:
        return scrub(part.media_type)
    of_kind = {"text": "text/plain", "data": "application/json"}
    return of_kind.get(part.kind) or media_types.of_name(part.filename) or media_types.OCTETS


def size_of(part: Part) -> int:
    """Give a part's size in bytes, as far as it is here."""
    match part.kind:
        case "text":
            return len(part.text.encode("utf-8", "replace"))
        case "raw":
            return len(part.raw)
        case "data":
            return len(json.dumps(part.data, ensure_ascii=False).encode("utf-8", "replace"))
        case _:
            return 0
