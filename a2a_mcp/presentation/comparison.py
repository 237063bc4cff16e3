"""Data with sorted members, so that equal content compares equal. Pure.

a2a-sdk 1.x keeps data in protobuf maps, which have no order: the same data arrives with its members
in another order at each read. For comparison only: data is shown as the agent sent it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import sha256

from a2a_mcp.a2a.model import JSON, Message, Part, Task
from a2a_mcp.presentation.content import text_of
from a2a_mcp.text.steps import is_long, steps


def comparable_text(parts: Iterable[Part]) -> str:
    """Return a text that is equal for parts that say the same; empty if they say nothing.

    White space does not count: agents change it when they tell a text once more. Of a long text it
    is a digest, since its words alone would take several times its size.
    """
    text = text_of(map(_sorted_part, parts))
    return _digest(text) if is_long(text) else "".join(text.split())


def _digest(text: str) -> str:
    if text.isspace():
        return ""
    digest = sha256()
    for piece in steps(text):
        digest.update("".join(piece.split()).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def with_sorted_data(task: Task) -> Task:
    """Return a task with all its data sorted: in artifacts, status and history."""
    artifacts = tuple(
        artifact.model_copy(update={"parts": tuple(map(_sorted_part, artifact.parts))})
        for artifact in task.artifacts
    )
    status = task.status
    if status.message:
        status = status.model_copy(update={"message": _sorted_message(status.message)})
    history = tuple(map(_sorted_message, task.history))
    return task.model_copy(update={"artifacts": artifacts, "status": status, "history": history})


def _sorted_message(message: Message) -> Message:
    return message.model_copy(update={"parts": tuple(map(_sorted_part, message.parts))})


def _sorted_part(part: Part) -> Part:
    if part.kind != "data":
        return part
    return part.model_copy(
        update={"data": _sorted_json(part.data), "metadata": _sorted_json(part.metadata)}
    )


def _sorted_json(value: JSON) -> JSON:
    return json.loads(json.dumps(value, sort_keys=True))
