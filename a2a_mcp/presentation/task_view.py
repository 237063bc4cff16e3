"""What a model sees of a task: a `TaskView`, and the same as prose. Pure.

Each channel is complete on its own, since hosts show the model one of the two and disagree which
(hosts 1): nothing may stand in the text that the structure lacks, nor the reverse. Every word of an
agent passes `scrub`; no bytes appear in either. Nothing is cut here: `fitting` does that, once
secrets are masked.
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
from a2a_mcp.presentation.content import answer, content, joined, media_type_of, size_of
from a2a_mcp.presentation.message_artifacts import at_length, with_files
from a2a_mcp.text.untrusted import scrub

SHOWN_ARTIFACTS: Final = 20
NO_CONTENT: Final = "(no content)"
ONLY_FILES: Final = "(no text; see the artifacts)"
NO_REASON: Final = "(the agent gave no reason)"
FAILURES: Final = frozenset({TaskState.FAILED, TaskState.REJECTED, TaskState.CANCELED})

RUNNING: Final = (
    "The agent is not done yet. Call get_task or subscribe with this task_id later; do not send "
    "the message again."
)
NEXT_STEPS: Final = {
    TaskState.SUBMITTED: RUNNING,
    TaskState.WORKING: RUNNING,
    TaskState.UNKNOWN: "The agent does not say how far it is. Call get_task with this task_id "
    "later; do not send the message again.",
    TaskState.INPUT_REQUIRED: "The agent asks for input. Answer with send_task and this task_id; "
    "ask the user if you do not know the answer, but never for a password.",
    TaskState.AUTH_REQUIRED: "The agent waits for the user to sign in or approve. Show the user "
    "its words and link; never ask for a password. Then call get_task with this task_id.",
    TaskState.FAILED: "Tell the user, or send a corrected request as a new task.",
    TaskState.REJECTED: "The agent does not take this task. Change the request, or try another.",
    TaskState.CANCELED: "The task was stopped. Send a new task if it is still wanted.",
}
HELD: Final = 'Read its files with get_artifact(task_id="{}", artifact_id="{}").'
NOT_HELD: Final = (
    "Its files cannot be read again: the agent made no task of this answer, and the bridge keeps "
    "no results (keep_bytes or keep_days is 0)."
)
ANSWER_WITH_DATA: Final = (
    "The agent asks for input with data, and may want data back: answer with send_task, this "
    'task_id, message "" and data, a list of {data, metadata}, in the form it asks for and with '
    "its ids; ask the user if you do not know the answer, but never for a password."
)
# How two frameworks want to be answered; by the mark that tells them.
CUSTOMS: Final = (
    (
        "function_call",
        " A function_call is answered with data {id, name, response} and its metadata, where "
        "function_call becomes function_response.",
    ),
    (
        "interrupts",
        " An interrupt is answered with data {interruptResponse: {interruptId, response}} alone.",
    ),
)


@dataclass(frozen=True, slots=True)
class ArtifactView:
    """One artifact, without its content; `size` in bytes of UTF-8 or of the file."""

    artifact_id: str
    name: str | None = None
    media_type: str | None = None
    size: int | None = None

    def structured(self) -> dict[str, JSON]:
        """Give the members that are set."""
        return _set(
            artifact_id=self.artifact_id,
            name=self.name,
            media_type=self.media_type,
            size=self.size,
        )

    def line(self) -> str:
        """Give the same as a line of text."""
        size = f"{self.size} bytes" if self.size else None
        facts = ", ".join(fact for fact in (self.name, self.media_type, size) if fact)
        return f"- artifact_id {self.artifact_id}: {facts}"


@dataclass(frozen=True, slots=True)
class UpdateView:
    """One thing that happened on the way; a `piece` of a result joins to the next piece."""

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
    """A task as a model reads it; `error` says what went wrong between us and the agent.

    `rest` is what the text is of, where that is no artifact: it is listed if the text is cut.
    `held_as` is the id under which the artifacts can be read, where that is not the task's.
    """

    agent: str | None = None
    task_id: str | None = None
    context_id: str | None = None
    state: TaskState | None = None
    text: str = ""
    artifacts: tuple[ArtifactView, ...] = ()
    truncated: bool = False
    updates: tuple[UpdateView, ...] = ()
    history: tuple[TurnView, ...] = ()
    error: str | None = None
    note: str | None = None
    next_step: str | None = None
    failed: bool = False
    rest: ArtifactView | None = None
    held_as: str | None = None

    def structured(self) -> dict[str, JSON]:
        """Give the members that are set, ids and state first."""
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
            history=[{"role": turn.role, "text": turn.text} for turn in self.history],
            note=self.note,
            next_step=self.next_step,
        )

    def prose(self) -> str:
        """Give the same as readable text, ids and state first."""
        paragraphs = [
            self._heading(),
            self.error,
            "\n".join(f"- [{update.state}] {update.text}".rstrip() for update in self.updates),
            self.text,
            self._artifact_lines(),
            "\n".join(["History:", *(f"{turn.role}: {turn.text}" for turn in self.history)])
            if self.history
            else "",
            self.note and f"Note: {self.note}",
            self.next_step,
        ]
        return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)

    def _heading(self) -> str:
        facts = [
            self.agent,
            self.state.value if self.state else None,
            self.task_id and f"task_id {self.task_id}",
            self.context_id and f"context_id {self.context_id}",
        ]
        return " · ".join(fact for fact in facts if fact)

    def _artifact_lines(self) -> str:
        """Name the artifacts where the text alone does not tell that they are there."""
        if len(self.artifacts) == 1 and not self.truncated and _is_text(self.artifacts[0]):
            return ""
        lines = [artifact.line() for artifact in self.artifacts]
        return "\n".join(["Artifacts:", *lines]) if lines else ""


def _set(**members: Any) -> dict[str, JSON]:
    return {name: value for name, value in members.items() if value not in (None, "", [], ())}


def _is_text(artifact: ArtifactView) -> bool:
    return artifact.media_type is None or artifact.media_type.startswith("text/")


def of_task(
    agent: str, task: Task, *, reason: str | None = None, note: str | None = None
) -> TaskView:
    """View a task; `reason` is what the agent said of a failure elsewhere than in the task."""
    text = answer(task)
    made = (*task.artifacts, *with_files(task))
    failed = task.state in FAILURES
    if not text and failed:
        text = scrub(reason) if reason else NO_REASON
    elif not text and task.state is TaskState.COMPLETED:
        text = ONLY_FILES if made else NO_CONTENT
    return TaskView(
        agent=agent,
        task_id=scrub(task.id),
        context_id=scrub(task.context_id) if task.context_id else None,
        state=task.state,
        text=text,
        artifacts=tuple(map(of_artifact, made[:SHOWN_ARTIFACTS])),
        note=_counted(len(made), note),
        next_step=_next_step(task),
        failed=failed,
        rest=_rest(task, text, made),
    )


def _rest(task: Task, text: str, made: tuple[Artifact, ...]) -> ArtifactView | None:
    """View the message that is to be listed if its text is cut."""
    said = at_length(task, text)
    return of_artifact(said) if said and said not in made else None


def _next_step(task: Task) -> str | None:
    """Say what to do now; a question in data may want an answer in data."""
    said = task.status.message
    data = [part for part in said.parts if part.kind == "data"] if said else []
    if task.state is not TaskState.INPUT_REQUIRED or not data:
        return NEXT_STEPS.get(task.state)
    marks = {mark for part in data for mark in (*part.metadata.values(), *_names(part.data))}
    return ANSWER_WITH_DATA + "".join(words for mark, words in CUSTOMS if mark in marks)


def _names(data: JSON) -> tuple[str, ...]:
    return tuple(data) if isinstance(data, dict) else ()


def noted(view: TaskView, note: str, next_step: str | None = None) -> TaskView:
    """Add a note to a view, and another next step where one is given."""
    joined = f"{view.note} {note}" if view.note else note
    return replace(view, note=joined, next_step=next_step or view.next_step)


def _counted(count: int, note: str | None) -> str | None:
    """Say how many artifacts there are where not all are listed."""
    if count <= SHOWN_ARTIFACTS:
        return note
    words = f"{count} artifacts in all; the first {SHOWN_ARTIFACTS} are listed."
    return f"{note} {words}" if note else words


def of_message(
    agent: str, message: Message, held_as: str | None = None, *, note: str | None = None
) -> TaskView:
    """View a message that an agent answered with instead of a task: done, and nothing to follow.

    `held_as` is the id by which it can be read again; None where it is not kept.
    """
    view = of_task(agent, as_task("", message), note=note)
    view = replace(view, task_id=None, held_as=held_as)
    if view.artifacts and held_as:
        return replace(view, next_step=HELD.format(held_as, view.artifacts[0].artifact_id))
    return noted(replace(view, artifacts=()), NOT_HELD) if view.artifacts else view


def of_history(task: Task, most: int) -> tuple[TurnView, ...]:
    """View the latest messages, oldest first; below 1.0 agents send all (a2a-wire 10.2)."""
    latest = task.history[max(len(task.history) - most, 0) :]
    return tuple(TurnView(message.role.value, content(message.parts)) for message in latest)


def of_artifact(artifact: Artifact) -> ArtifactView:
    """View an artifact: its ids, its kind and its size."""
    types = {media_type_of(part) for part in artifact.parts}
    return ArtifactView(
        artifact_id=scrub(artifact.artifact_id),
        name=scrub(artifact.name) if artifact.name else None,
        media_type=types.pop() if len(types) == 1 else ("multipart/mixed" if types else None),
        size=sum(size_of(part) for part in artifact.parts) or None,
    )


def of_event(state: TaskState, event: StreamEvent) -> UpdateView | None:
    """View what an event adds; `state` is the one last heard of. None for a message: the answer."""
    match event:
        case Task() | TaskStatusUpdateEvent():
            said = event.status.message
            text = content(said.parts) if said else ""
            return UpdateView(state.value, text)
        case TaskArtifactUpdateEvent():
            text = joined(event.artifact.parts)
            return UpdateView(state.value, text, piece=True)
        case Message():
            return None
