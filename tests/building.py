"""Tasks of agents, built in a line."""

from __future__ import annotations

from typing import Any

from a2a_mcp.a2a.model import (
    Artifact,
    Message,
    Part,
    Role,
    Task,
    TaskState,
    TaskStatus,
)


def text(words: str) -> Part:
    return Part(kind="text", text=words)


def said(*words: str, role: Role = Role.AGENT) -> Message:
    return Message(message_id="m", role=role, parts=tuple(map(text, words)))


def artifact(*parts: Part | str, artifact_id: str = "answer", name: str | None = None) -> Artifact:
    made = tuple(text(part) if isinstance(part, str) else part for part in parts)
    return Artifact(artifact_id=artifact_id, name=name, parts=made)


def task(state: TaskState = TaskState.COMPLETED, message: str | None = None, **more: Any) -> Task:
    status = TaskStatus(state=state, message=said(message) if message is not None else None)
    return Task(id="t1", context_id="c1", status=status, **more)
