"""What agents say in messages, read like artifacts: files, and texts too long to be shown. Pure.

They stand in a status, in the history to which it moves, or in an answer without a task (a2a-wire
9). Such a message becomes an artifact whose id is made of its content: it stays the same wherever
the message stands, at every read, and after a restart. It is never one that the agent gave itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Final

from a2a_mcp.a2a.model import Artifact, Message, Part, Role, Task
from a2a_mcp.presentation.content import content, since_the_user

NAME: Final = "message-"
DIGITS: Final = 8
HISTORY: Final = 100  # messages to look through for one that is asked for
LONG: Final = 300  # characters; the text of a result keeps as many, however little room there is


def with_files(task: Task) -> tuple[Artifact, ...]:
    """Give what was said since the user's last message with files that no artifact holds."""
    said = [message for message in _said(task) if _files(message.parts)]
    if not said:
        return ()
    known = [file for artifact in task.artifacts for file in _files(artifact.parts)]
    new = [message for message in said if any(it not in known for it in _files(message.parts))]
    made = {made.artifact_id: made for made in (_artifact(task, message) for message in new)}
    return tuple(reversed(made.values()))


def count_results(task: Task) -> int:
    """Return the number of results, also of those in messages.

    Of a long history an agent may show the end only, so a later reading may hold fewer.
    """
    return len(task.artifacts) + len(with_files(task))


def at_length(task: Task, text: str) -> Artifact | None:
    """Give the message of which a long `text` holds the words, if no artifact says the same."""
    if len(text) < LONG:
        return None
    for message in _said(task):
        words = content(message.parts)
        if len(words) >= LONG and (message is task.status.message or words in text):
            repeats = any(content(artifact.parts) == words for artifact in task.artifacts)
            return None if repeats else _artifact(task, message)
    return None


def find(task: Task, artifact_id: str) -> Artifact | None:
    """Give the message that has this id, of whatever turn; None where none has it."""
    if history_for(artifact_id) is None:
        return None
    told = (message for message in task.history if message.role is not Role.USER)
    found = (_artifact(task, message) for message in (*_said(task), *told))
    return next((made for made in found if made.artifact_id == artifact_id), None)


def history_for(artifact_id: str) -> int | None:
    """Say how many messages a task must be read with to find this; None for an agent's own id."""
    return HISTORY if artifact_id.startswith(NAME) else None


def _said(task: Task) -> Iterator[Message]:
    """Go through what the agent said since the user's last message, the latest first."""
    if task.status.message:
        yield task.status.message
    yield from since_the_user(task.history)


def _files(parts: tuple[Part, ...]) -> list[tuple[bytes, str]]:
    return [(part.raw, part.url) for part in parts if part.kind in ("raw", "url")]


def _artifact(task: Task, message: Message) -> Artifact:
    taken = {artifact.artifact_id for artifact in task.artifacts}
    made = NAME + _digest(message.parts)
    while made in taken:
        made += "-"
    names = [part.filename for part in message.parts if part.filename]
    return Artifact(artifact_id=made, name=", ".join(names) or None, parts=message.parts)


def _digest(parts: tuple[Part, ...]) -> str:
    """Say in a few digits what parts hold, in whatever order their data is told."""
    found = sha256()
    for part in parts:
        data = json.dumps(part.data, sort_keys=True)
        words = "\0".join((part.kind, part.text, part.url, data))
        found.update(words.encode("utf-8", "surrogatepass"))
        found.update(part.raw)
    return found.hexdigest()[:DIGITS]
