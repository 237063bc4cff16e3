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
from a2a_mcp.presentation.content import describe, join_parts, text_in_file, text_of
from a2a_mcp.text.steps import is_long
from a2a_mcp.text.untrusted import scrub, scrub_line

SAYS_NOTHING: Final = frozenset({"Task completed successfully"})
"""LangGraph sends this as status message with every completed task."""

MOST_OF_A_FILE: Final = 6_000
"""Bytes of a text file that is shown as text; a longer one is listed, and read by get_artifact."""


LONGEST_LABEL: Final = 200
"""Characters of a name that stands above what an artifact says; the list shows a longer one."""


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
    if not (_is_filler(status, passages, task.history) or _repeats_all(status, passages)):
        passages.append(status)
    texts = _without_repeats(passages)
    if texts:
        return "\n\n".join(texts)
    return _last_words(task.history) if task.state.stop else ""


def latest_agent_messages(history: tuple[Message, ...]) -> Iterator[Message]:
    """Yield what the agent said since the user's last message, the latest first."""
    return takewhile(lambda message: message.role is not Role.USER, reversed(history))


def holds_whole(text: str, parts: tuple[Part, ...]) -> bool:
    """Return whether an answer's text holds all that the parts of an artifact or message say.

    What is long is cut where it is shown, so it is not looked for.
    """
    readable = all(part.kind == "text" or _is_shown(part) for part in parts)
    words = _words(parts)
    return readable and (words is text or is_long(words) or words in text)


def _artifact_passages(artifacts: tuple[Artifact, ...]) -> list[_Passage]:
    """Return what artifacts say; several are labelled with their names."""
    passages = []
    for artifact in artifacts:
        meaning = _meaning(artifact.parts)
        # Files alone say nothing as text; the list of artifacts shows their names and sizes.
        text = _words(artifact.parts) if meaning else ""
        label = artifact.name or artifact.artifact_id
        if len(artifacts) > 1 and len(label) <= LONGEST_LABEL:
            text = f"[{scrub_line(label)}]\n{text}"
        passages.append(_Passage(text, meaning))
    return passages


def _status_passage(task: Task) -> _Passage:
    parts = task.status.message.parts if task.status.message else ()
    if task.state is TaskState.INPUT_REQUIRED:
        parts = tuple(_with_metadata(parts))
    return _Passage(_words(parts), comparable_text(map(_as_text, parts)))


def _meaning(parts: Iterable[Part]) -> str:
    """Return what parts say, without those files that are not shown as text."""
    said = map(_as_text, parts)
    return comparable_text(part for part in said if part.kind != "raw")


def _words(parts: tuple[Part, ...]) -> str:
    """Return parts as text, and a small text file as its text, below its name if not alone."""
    if len(parts) == 1:
        return text_of(map(_as_text, parts))
    return scrub(join_parts(parts, _described)).rstrip("\n")


def _described(part: Part) -> str:
    text = f"{text_in_file(part)}\n" if _is_shown(part) else ""
    return f"{describe(part)}\n{text}"


def _as_text(part: Part) -> Part:
    return Part(kind="text", text=text_in_file(part) or "") if _is_shown(part) else part


def _is_shown(part: Part) -> bool:
    """Return whether a part is a text file, small enough to be shown as text."""
    if part.kind != "raw" or len(part.raw) > MOST_OF_A_FILE:
        return False
    return bool(text_in_file(part))


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
    if status.text.strip() not in SAYS_NOTHING:
        return False
    return any(passage.meaning for passage in passages) or bool(_last_words(history))


def _repeats_all(status: _Passage, passages: Iterable[_Passage]) -> bool:
    """Return whether the status says once more what all artifacts say together."""
    return status.meaning == "".join(passage.meaning for passage in passages)


def _without_repeats(passages: Iterable[_Passage]) -> list[str]:
    first: dict[str, str] = {}
    for passage in passages:
        if passage.meaning:
            first.setdefault(passage.meaning, passage.text)
    return list(first.values())


def _last_words(history: tuple[Message, ...]) -> str:
    """Return the last words that the agent said since the user's last message; empty if none."""
    said = (_words(message.parts) for message in latest_agent_messages(history))
    return next((words for words in said if words), "")
