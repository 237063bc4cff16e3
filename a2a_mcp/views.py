"""What a model sees of a task: a `TaskView`, and the same as prose. Pure.

Each channel is complete on its own, since hosts show the model one of the two and disagree which
(hosts 1): nothing may stand in the text that the structure lacks, nor the reverse. Every word of an
agent passes `scrub`; no bytes appear in either.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

from a2a_mcp.a2a.types import (
    JSON,
    Artifact,
    Message,
    Part,
    Role,
    StreamEvent,
    Task,
    TaskArtifactUpdateEvent,
    TaskState,
    TaskStatusUpdateEvent,
)
from a2a_mcp.text import scrub, shorten

SHOWN_ARTIFACTS: Final = 20
SHOWN_UPDATES: Final = 100
UPDATE_BYTES: Final = 500
TURN_BYTES: Final = 1_000
NAME_BYTES: Final = 200
MEDIA_TYPE_BYTES: Final = 100
ID_BYTES: Final = 512
SMALLEST_TEXT: Final = 300
FIT_STEP: Final = 64
WIDEST_IN_JSON: Final = 6  # bytes of one character, where it is written as an escape
ROOM_FOR_REST: Final = 3_000  # ids, names, next step, at their longest
NO_CONTENT: Final = "(no content)"
ONLY_FILES: Final = "(no text; see the artifacts)"
NO_REASON: Final = "(the agent gave no reason)"
FAILURES: Final = frozenset({TaskState.FAILED, TaskState.REJECTED, TaskState.CANCELED})

RUNNING: Final = (
    "The agent is working. Call get_task or subscribe with this task_id later; do not send the "
    "message again."
)
NEXT_STEPS: Final = {
    TaskState.SUBMITTED: RUNNING,
    TaskState.WORKING: RUNNING,
    TaskState.UNKNOWN: "The agent does not say how far it is. Call get_task with this task_id "
    "later; do not send the message again.",
    TaskState.INPUT_REQUIRED: "The agent asks for input. Answer with send_task and this task_id; "
    "ask the user if you do not know the answer.",
    TaskState.AUTH_REQUIRED: "The agent waits for the user to sign in or approve. Show the user "
    "its words and link; never ask for a password. Then call get_task with this task_id.",
    TaskState.FAILED: "Tell the user what failed, or send a corrected request as a new task.",
    TaskState.REJECTED: "The agent does not take this task. Change the request, or try another.",
    TaskState.CANCELED: "The task was stopped. Send a new task if it is still wanted.",
}


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
    """A task as a model reads it; `error` says what went wrong between us and the agent."""

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
    failed = task.state in FAILURES
    if not text and failed:
        text = scrub(reason) if reason else NO_REASON
    elif not text and task.state is TaskState.COMPLETED:
        text = ONLY_FILES if task.artifacts else NO_CONTENT
    return TaskView(
        agent=agent,
        task_id=scrub(task.id),
        context_id=scrub(task.context_id) if task.context_id else None,
        state=task.state,
        text=text,
        artifacts=tuple(of_artifact(artifact) for artifact in task.artifacts[:SHOWN_ARTIFACTS]),
        note=_counted(task, note),
        next_step=NEXT_STEPS.get(task.state),
        failed=failed,
    )


def _counted(task: Task, note: str | None) -> str | None:
    """Say how many artifacts there are where not all are listed."""
    if len(task.artifacts) <= SHOWN_ARTIFACTS:
        return note
    count = f"{len(task.artifacts)} artifacts in all; the first {SHOWN_ARTIFACTS} are listed."
    return f"{note} {count}" if note else count


def of_message(agent: str, message: Message, *, note: str | None = None) -> TaskView:
    """View a message that an agent answered with instead of a task: done, and nothing to follow."""
    return TaskView(
        agent=agent,
        context_id=scrub(message.context_id) if message.context_id else None,
        state=TaskState.COMPLETED,
        text=content(message.parts) or NO_CONTENT,
        note=note,
    )


def of_history(task: Task) -> tuple[TurnView, ...]:
    """View the messages of a task, oldest first."""
    return tuple(
        TurnView(message.role.value, shorten(content(message.parts), TURN_BYTES))
        for message in task.history
    )


def of_artifact(artifact: Artifact) -> ArtifactView:
    """View an artifact: its ids, its kind and its size."""
    types = {media_type_of(part) for part in artifact.parts}
    return ArtifactView(
        artifact_id=shown_id(artifact),
        name=shorten(scrub(artifact.name), NAME_BYTES) if artifact.name else None,
        media_type=types.pop() if len(types) == 1 else ("multipart/mixed" if types else None),
        size=sum(size_of(part) for part in artifact.parts) or None,
    )


def shown_id(artifact: Artifact) -> str:
    """The id by which an artifact is shown and asked for; an agent may make it of any length."""
    return shorten(scrub(artifact.artifact_id), ID_BYTES)


def of_event(state: TaskState, event: StreamEvent) -> UpdateView | None:
    """View what an event adds; `state` is the one last heard of. None for a message: the answer."""
    match event:
        case Task() | TaskStatusUpdateEvent():
            said = event.status.message
            text = content(said.parts) if said else ""
            return UpdateView(state.value, shorten(text, UPDATE_BYTES))
        case TaskArtifactUpdateEvent():
            text = joined(event.artifact.parts)
            return UpdateView(state.value, shorten(text, UPDATE_BYTES), piece=True)
        case Message():
            return None


def answer(task: Task) -> str:
    """Gather what the agent said: artifacts, then status message, else history; without repeats.

    Agents put their answer in any of the three and some in all (a2a-wire 9, 17.14).
    """
    pieces: list[str] = []
    said: set[str] = set()
    named = len(task.artifacts) > 1
    for artifact in task.artifacts:
        # A file says nothing as text; that it is there, and its name and size, stands in the list.
        text = content(part for part in artifact.parts if part.kind != "raw")
        if text.strip() and text.strip() not in said:
            said.add(text.strip())
            label = shorten(scrub(artifact.name or artifact.artifact_id), NAME_BYTES)
            pieces.append(f"[{label}]\n{text}" if named else text)
    status = content(task.status.message.parts) if task.status.message else ""
    if status.strip() and status.strip() not in said:
        pieces.append(status)
    if not pieces and task.state.stop:
        pieces.append(_last_words(task.history))
    return "\n\n".join(piece for piece in pieces if piece)


def _last_words(history: tuple[Message, ...]) -> str:
    """What the agent said last since the user's last message, as far as it said anything."""
    for message in reversed(history):
        if message.role is Role.USER:
            break
        if words := content(message.parts):
            return words
    return ""


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
    named = f" {shorten(part.filename, NAME_BYTES)!r}" if part.filename else ""
    match part.kind:
        case "data":
            return json.dumps(part.data, ensure_ascii=False)
        case "raw":
            return f"[file{named}: {media_type_of(part)}, {len(part.raw)} bytes]"
        case "url":
            return f"[link{named}: {part.url[:2000]}]"
        case _:
            return f"[empty part{named}: {part.problem or 'nothing in it'}]"


def media_type_of(part: Part) -> str:
    """Give a part's media type, or what its kind stands for."""
    if part.media_type:
        return shorten(scrub(part.media_type), MEDIA_TYPE_BYTES)
    return {
        "text": "text/plain",
        "data": "application/json",
    }.get(part.kind, "application/octet-stream")


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


def fit(view: TaskView, limit: int) -> TaskView:
    """Cut a view so that each channel holds at most `limit` bytes of UTF-8.

    Head and tail of the text are kept, cut at line borders where one is near, and the view says how
    to read the rest.
    """
    if _surely_fits(view, limit) or _largest(view) <= limit:
        return view
    cut = replace(view, truncated=True, next_step=_how_to_read(view))
    for smaller in (cut, _with_less(cut, 10), _with_less(cut, 3), _with_less(cut, 0)):
        if _largest(replace(smaller, text="")) + SMALLEST_TEXT <= limit:
            return _with_most_text(smaller, view.text, limit)
    least = replace(
        _with_less(cut, 0),
        error=shorten(cut.error, SMALLEST_TEXT) if cut.error else None,
        note=shorten(cut.note, SMALLEST_TEXT) if cut.note else None,
    )
    return _with_most_text(least, view.text, limit)


def _surely_fits(view: TaskView, limit: int) -> bool:
    """Whether a view is so small that it need not be measured: most are."""
    words = len(view.text) + len(view.error or "") + len(view.note or "")
    few = len(view.artifacts) <= 1 and not view.updates and not view.history
    return few and words * WIDEST_IN_JSON + ROOM_FOR_REST <= limit


def _with_less(view: TaskView, count: int) -> TaskView:
    """Keep the last `count` updates and messages, and the first artifacts."""
    return replace(
        view,
        updates=view.updates[max(len(view.updates) - count, 0) :],
        history=view.history[max(len(view.history) - count, 0) :],
        artifacts=view.artifacts[:count],
    )


def _with_most_text(view: TaskView, text: str, limit: int) -> TaskView:
    """Search for the most text that fits: JSON escapes lengthen it by an unknown factor."""
    fits, too_much = 0, limit + 1
    while too_much - fits > FIT_STEP:
        room = (fits + too_much) // 2
        if _largest(replace(view, text=head_and_tail(text, room))) <= limit:
            fits = room
        else:
            too_much = room
    return replace(view, text=head_and_tail(text, fits) if fits else "")


def _largest(view: TaskView) -> int:
    structure = json.dumps(view.structured(), ensure_ascii=False, separators=(",", ":"))
    return max(len(structure.encode()), len(view.prose().encode()))


def _how_to_read(view: TaskView) -> str:
    step = view.next_step or ""
    if not (view.task_id and view.artifacts):
        return step or "The text is too long to be shown whole; ask the agent for a shorter answer."
    largest = max(view.artifacts, key=lambda artifact: artifact.size or 0)
    read = (
        f'The text is cut. Read on with get_artifact(task_id="{view.task_id}", '
        f'artifact_id="{largest.artifact_id}", offset=…), or search= for a phrase.'
    )
    return f"{read} {step}".strip()


def head_and_tail(text: str, room: int) -> str:
    """Keep two thirds of `room` bytes from the head and one third from the tail."""
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= room:
        return text
    head = encoded[: room * 2 // 3].decode("utf-8", "ignore")
    tail = encoded[-(room // 3) :].decode("utf-8", "ignore")
    head = head[: head.rfind("\n") + 1] if "\n" in head[len(head) // 2 :] else head
    start = tail.find("\n") + 1
    tail = tail[start:] if 0 < start < len(tail) // 2 else tail
    left_out = len(encoded) - len(head.encode()) - len(tail.encode())
    return f"{head.rstrip()}\n\n[… {left_out} bytes left out …]\n\n{tail.lstrip()}"
