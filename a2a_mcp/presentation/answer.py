"""The answer of an agent, found wherever its task holds it. Pure.

A2A lets an agent put its answer into artifacts, the status message or the history; some put it into
all three. What is said twice is shown once. Nothing is cut here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

from a2a_mcp.a2a.model import Artifact, Message, Part, Role, Task, TaskState
from a2a_mcp.presentation.comparison import comparable_text
from a2a_mcp.presentation.content import text_of
from a2a_mcp.text.untrusted import scrub

SAYS_NOTHING: Final = frozenset({"Task completed successfully"})
"""LangGraph sends this as status message with every completed task."""


@dataclass(frozen=True, slots=True)
class _Passage:
    """A text of the agent, and a `meaning` that is equal for passages that repeat each other."""

    text: str
    meaning: str


def answer_text(task: Task) -> str:
    """Return what the agent said in artifacts and status message; empty if it said nothing.

    If both say nothing and the task has stopped, return its last words in the history.
    """
    passages = _artifact_passages(task.artifacts)
    status = _status_passage(task)
    if not _is_filler(status, passages, task.history):
        passages.append(status)
    texts = _without_repeats(passages)
    if texts:
        return "\n\n".join(texts)
    return _last_words(task.history) if task.state.stop else ""


def latest_agent_messages(history: tuple[Message, ...]) -> Iterator[Message]:
    """Yield what the agent said since the user's last message, the latest first."""
    return takewhile(lambda message: message.role is not Role.USER, reversed(history))


def _artifact_passages(artifacts: tuple[Artifact, ...]) -> list[_Passage]:
    """Return what artifacts say; several are labelled with their names."""
    passages = []
    for artifact in artifacts:
        # A file says nothing as text; the list of artifacts shows its name and size.
        parts = [part for part in artifact.parts if part.kind != "raw"]
        text = text_of(parts)
        if len(artifacts) > 1:
            text = f"[{scrub(artifact.name or artifact.artifact_id)}]\n{text}"
        passages.append(_Passage(text, comparable_text(parts)))
    return passages


def _status_passage(task: Task) -> _Passage:
    parts = task.status.message.parts if task.status.message else ()
    if task.state is TaskState.INPUT_REQUIRED:
        parts = tuple(_with_metadata(parts))
    return _Passage(text_of(parts), comparable_text(parts))


def _with_metadata(parts: Iterable[Part]) -> Iterator[Part]:
    """Yield the parts, and behind data its metadata: the user's answer may have to repeat it."""
    for part in parts:
        yield part
        if part.kind == "data" and part.metadata:
            metadata = json.dumps(part.metadata, ensure_ascii=False)
            yield Part(kind="text", text=f"metadata: {metadata}\n")


def _is_filler(
    status: _Passage, passages: Iterable[_Passage], history: tuple[Message, ...]
) -> bool:
    """Return whether the status says nothing, and something else does."""
    if status.meaning not in SAYS_NOTHING:
        return False
    return any(passage.meaning for passage in passages) or bool(_last_words(history))


def _without_repeats(passages: Iterable[_Passage]) -> list[str]:
    first: dict[str, str] = {}
    for passage in passages:
        if passage.meaning:
            first.setdefault(passage.meaning, passage.text)
    return list(first.values())


def _last_words(history: tuple[Message, ...]) -> str:
    """Return the last words that the agent said since the user's last message; empty if none."""
    said = (text_of(message.parts) for message in latest_agent_messages(history))
    return next((words for words in said if words), "")
