"""What a model reads of a task: a `TaskView`, as structure and as text. Pure.

Each channel is complete on its own: a host shows the model one of the two, and hosts differ in
which. Every word of an agent passes `scrub`; the bytes of files appear in neither channel. Nothing
is cut here: `budget` does that after secrets are masked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from a2a_mcp.a2a.model import (
    JSON,
    Artifact,
    Message,
    StreamEvent,
    Task,
    TaskArtifactUpdateEvent,
    TaskState,
    TaskStatusUpdateEvent,
)
from a2a_mcp.a2a.updates import as_task
from a2a_mcp.presentation import artifact_sentences, message_artifacts, sentences
from a2a_mcp.presentation.answer import answer_text, holds_whole
from a2a_mcp.presentation.content import joined_text, media_type_of, size_of, text_of
from a2a_mcp.presentation.next_step import next_step
from a2a_mcp.presentation.own_lines import hanging, quoted_marks
from a2a_mcp.text.untrusted import scrub, scrub_line

SHOWN_ARTIFACTS: Final = 20
FAILURES: Final = frozenset({TaskState.FAILED, TaskState.REJECTED, TaskState.CANCELED})


@dataclass(frozen=True, slots=True)
class ArtifactView:
    """One artifact, without its content; `size` in bytes of UTF-8 or of the file.

    `in_text` says that the text of the answer holds all of it.
    """

    artifact_id: str
    name: str | None = None
    media_type: str | None = None
    size: int | None = None
    in_text: bool = False

    def structured(self) -> dict[str, JSON]:
        """Return the members that are set."""
        return _set(
            artifact_id=self.artifact_id,
            name=self.name,
            media_type=self.media_type,
            size=self.size,
        )

    def line(self) -> str:
        """Return the same as a line of text."""
        size = f"{self.size} bytes" if self.size else None
        facts = ", ".join(fact for fact in (self.name, self.media_type, size) if fact)
        return f"- artifact_id {self.artifact_id}: {facts}"


@dataclass(frozen=True, slots=True)
class UpdateView:
    """One thing that happened to a running task; a `piece` of a result joins to the next piece."""

    state: str
    text: str
    piece: bool = False


@dataclass(frozen=True, slots=True)
class TurnView:
    """One message of a task's history."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task as a model reads it; `error` says what went wrong between this bridge and the agent.

    `text_source` is the message that the text comes from, if that is no artifact; it is listed if
    the text is cut. `held_as` is the id under which artifacts can be read if it is not the task's.
    `saved_as` is the path of a file that holds the text whole. `title` is the beginning of the
    message that began the task, where it is shown without a call that knows it.
    """

    agent: str | None = None
    task_id: str | None = None
    context_id: str | None = None
    state: TaskState | None = None
    text: str = ""
    artifacts: tuple[ArtifactView, ...] = ()
    truncated: bool = False
    updates: tuple[UpdateView, ...] = ()
    updates_left_out: int = 0
    history: tuple[TurnView, ...] = ()
    error: str | None = None
    note: str | None = None
    next_step: str | None = None
    failed: bool = False
    text_source: ArtifactView | None = None
    held_as: str | None = None
    saved_as: str | None = None
    title: str | None = None

    def structured(self) -> dict[str, JSON]:
        """Return the members that are set, ids and state first."""
        return _set(
            agent=self.agent,
            task_id=self.task_id,
            context_id=self.context_id,
            state=self.state.value if self.state else None,
            error=self.error,
            text=self.text,
            artifacts=[artifact.structured() for artifact in self.artifacts],
            truncated=self.truncated or None,
            updates=[{"state": update.state, "text": update.text} for update in self.updates],
            updates_left_out=self.updates_left_out or None,
            history=[{"role": turn.role, "text": turn.text} for turn in self.history],
            note=self.note,
            next_step=self.next_step,
        )

    def prose(self) -> str:
        """Return the same as readable text, ids and state first."""
        paragraphs = [
            self._heading(),
            self.error,
            self._update_lines(),
            quoted_marks(self.text),
            self._artifact_lines(),
            self._history_lines(),
            self.note and f"Note: {self.note}",
            self.next_step,
        ]
        return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)

    def _heading(self) -> str:
        facts = [
            self.agent,
            self.state.value if self.state else None,
            self.title and f'"{self.title}"',
            self.task_id and f"task_id {self.task_id}",
            self.context_id and f"context_id {self.context_id}",
        ]
        return " · ".join(fact for fact in facts if fact)

    def _update_lines(self) -> str:
        lines = [f"- [{update.state}] {hanging(update.text)}".rstrip() for update in self.updates]
        if self.updates_left_out:
            lines.insert(0, sentences.updates_left_out(self.updates_left_out))
        return "\n".join(lines)

    def _artifact_lines(self) -> str:
        """Return the list of artifacts; empty where the text already shows the only one whole."""
        if len(self.artifacts) == 1 and not self.truncated and self.artifacts[0].in_text:
            return ""
        return _titled("Artifacts:", [artifact.line() for artifact in self.artifacts])

    def _history_lines(self) -> str:
        return _titled("History:", [f"{turn.role}: {hanging(turn.text)}" for turn in self.history])


def _titled(title: str, lines: list[str]) -> str:
    return "\n".join([title, *lines]) if lines else ""


def _set(**members: Any) -> dict[str, JSON]:
    return {name: value for name, value in members.items() if value not in (None, "", [], ())}


def of_task(
    agent: str, task: Task, *, reason: str | None = None, note: str | None = None
) -> TaskView:
    """Return the view of a task.

    `reason` is what the agent said of a failure elsewhere than in the task.
    """
    artifacts = (*task.artifacts, *message_artifacts.with_files(task))
    text = answer_text(task) or _words_for_silence(task, artifacts, reason)
    if len(artifacts) > SHOWN_ARTIFACTS:
        note = sentences.join(
            note, artifact_sentences.artifacts_not_listed(len(artifacts), SHOWN_ARTIFACTS)
        )
    return TaskView(
        agent=agent,
        task_id=scrub_line(task.id),
        context_id=scrub_line(task.context_id) if task.context_id else None,
        state=task.state,
        text=text,
        artifacts=tuple(_listed(artifact, text) for artifact in artifacts[:SHOWN_ARTIFACTS]),
        note=note,
        next_step=next_step(task),
        failed=task.state in FAILURES,
        text_source=_text_source(task, text, artifacts),
    )


def _listed(artifact: Artifact, text: str) -> ArtifactView:
    return replace(of_artifact(artifact), in_text=holds_whole(text, artifact.parts))


def _words_for_silence(task: Task, artifacts: tuple[Artifact, ...], reason: str | None) -> str:
    """Return the text of a task whose agent said nothing; empty while it may still speak."""
    if task.state in FAILURES:
        return scrub(reason) if reason else sentences.NO_REASON
    if task.state is TaskState.COMPLETED:
        return sentences.ONLY_FILES if artifacts else sentences.NO_CONTENT
    return ""


def _text_source(task: Task, text: str, listed: tuple[Artifact, ...]) -> ArtifactView | None:
    """Return the message that a long text comes from, if it is not listed already."""
    message = message_artifacts.long_message(task, text)
    return of_artifact(message) if message and message not in listed else None


def with_note(view: TaskView, note: str, step: str | None = None) -> TaskView:
    """Return a view with a note added, and with another next step if one is given."""
    return replace(view, note=sentences.join(view.note, note), next_step=step or view.next_step)


def of_message(
    agent: str, message: Message, held_as: str | None = None, *, note: str | None = None
) -> TaskView:
    """Return the view of a message that an agent answered with instead of a task.

    It is done, and there is no task to follow. `held_as` is the id by which it can be read again;
    None if it is not kept.
    """
    view = of_task(agent, as_task("", message), note=note)
    view = replace(view, task_id=None, held_as=held_as)
    unshown = [artifact for artifact in view.artifacts if not artifact.in_text]
    if held_as is None:
        view = replace(view, artifacts=())
        return with_note(view, artifact_sentences.FILES_NOT_KEPT) if unshown else view
    if not unshown:
        return view
    step = artifact_sentences.read_files(held_as, unshown[0].artifact_id)
    return replace(view, next_step=step)


def of_history(task: Task, count: int) -> tuple[TurnView, ...]:
    """Return the latest `count` messages, oldest first.

    Agents below A2A 1.0 may ignore historyLength and send all messages.
    """
    latest = task.history[max(len(task.history) - count, 0) :]
    return tuple(TurnView(message.role.value, text_of(message.parts)) for message in latest)


def of_artifact(artifact: Artifact) -> ArtifactView:
    """Return the view of an artifact: its id, name, kind and size."""
    return ArtifactView(
        artifact_id=scrub_line(artifact.artifact_id),
        name=scrub_line(artifact.name) if artifact.name else None,
        media_type=_media_type_of(artifact),
        size=sum(size_of(part) for part in artifact.parts) or None,
    )


def _media_type_of(artifact: Artifact) -> str | None:
    types = {media_type_of(part) for part in artifact.parts}
    if len(types) > 1:
        return "multipart/mixed"
    return types.pop() if types else None


def of_event(state: TaskState, event: StreamEvent) -> UpdateView | None:
    """Return what an event adds; `state` is the task's last known one.

    None for a message without a task: it is the answer, and no update.
    """
    match event:
        case Task() | TaskStatusUpdateEvent():
            message = event.status.message
            return UpdateView(state.value, text_of(message.parts) if message else "")
        case TaskArtifactUpdateEvent():
            return UpdateView(state.value, joined_text(event.artifact.parts), piece=True)
        case Message():
            return None
