"""What agents say in messages, read like artifacts: files, and texts too long to be shown. Pure.

Such a message is in a status, later in the history, or is an answer without a task. It becomes an
artifact with an id made of its content. So the id stays the same when the message moves, at every
read, and after a restart. It never equals an id that the agent gave to an artifact of the task.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Final

from a2a_mcp.a2a.model import Artifact, Message, Part, Role, Task
from a2a_mcp.presentation.answer import latest_agent_messages
from a2a_mcp.presentation.comparison import comparable_text
from a2a_mcp.presentation.content import text_of
from a2a_mcp.text.steps import steps

NAME: Final = "message-"
DIGITS: Final = 8
HISTORY: Final = 100  # messages to look through for one that is asked for
LONG: Final = 300  # characters; a result keeps as many of its text, however little room there is


def with_files(task: Task) -> tuple[Artifact, ...]:
    """Return the messages since the user's last one with files that no artifact holds.

    They come in the order in which they were said, each content once.
    """
    said = [message for message in _latest_messages(task) if _files(message)]
    if not said:
        return ()
    known = [file for artifact in task.artifacts for file in _files(artifact)]
    new = [message for message in said if any(file not in known for file in _files(message))]
    artifacts = (_artifact(task, message) for message in new)
    once = {artifact.artifact_id: artifact for artifact in artifacts}
    return tuple(reversed(once.values()))


def count_results(task: Task) -> int:
    """Return the number of results, also of those in messages.

    An agent may show only the end of a long history, so a later reading may hold fewer.
    """
    return len(task.artifacts) + len(with_files(task))


def long_message(task: Task, text: str) -> Artifact | None:
    """Return the long message that is shown in `text`.

    None if there is none, or if an artifact says the same.
    """
    if len(text) < LONG:
        return None
    for message in _latest_messages(task):
        words = text_of(message.parts)
        is_shown = message is task.status.message or words == text or words in text
        if len(words) >= LONG and is_shown:
            return None if _is_in_artifact(task, message) else _artifact(task, message)
    return None


def _is_in_artifact(task: Task, message: Message) -> bool:
    said = comparable_text(message.parts)
    return any(comparable_text(artifact.parts) == said for artifact in task.artifacts)


def find(task: Task, artifact_id: str) -> Artifact | None:
    """Return the message with this id, of any turn; None if no message has it."""
    if history_for(artifact_id) is None:
        return None
    earlier = (message for message in task.history if message.role is not Role.USER)
    for message in (*_latest_messages(task), *earlier):
        artifact = _artifact(task, message)
        if artifact.artifact_id == artifact_id:
            return artifact
    return None


def history_for(artifact_id: str) -> int | None:
    """Return how many messages a task must be read with to find this id.

    None for an id that an agent gave to an artifact.
    """
    return HISTORY if artifact_id.startswith(NAME) else None


def _latest_messages(task: Task) -> Iterator[Message]:
    """Yield what the agent said since the user's last message, the latest first."""
    if task.status.message:
        yield task.status.message
    yield from latest_agent_messages(task.history)


def _files(holder: Artifact | Message) -> list[tuple[bytes, str]]:
    return [(part.raw, part.url) for part in holder.parts if part.kind in ("raw", "url")]


def _artifact(task: Task, message: Message) -> Artifact:
    names = [part.filename for part in message.parts if part.filename]
    return Artifact(
        artifact_id=_unused_id(task, message),
        name=", ".join(names) or None,
        parts=message.parts,
    )


def _unused_id(task: Task, message: Message) -> str:
    taken = {artifact.artifact_id for artifact in task.artifacts}
    artifact_id = NAME + _digest(message.parts)
    while artifact_id in taken:
        artifact_id += "-"
    return artifact_id


def _digest(parts: tuple[Part, ...]) -> str:
    """Return a few digits made of what the parts hold; the order of data's members is ignored."""
    digest = sha256()
    for part in parts:
        data = json.dumps(part.data, sort_keys=True)
        digest.update(f"{part.kind}\0".encode())
        for piece in steps(part.text):
            digest.update(piece.encode("utf-8", "surrogatepass"))
        digest.update(f"\0{part.url}\0{data}".encode("utf-8", "surrogatepass"))
        digest.update(part.raw)
    return digest.hexdigest()[:DIGITS]
