"""The updates of one wait for a task: reported as they come, and kept in order.

Nothing is reported twice, although agents repeat themselves. No MCP type enters.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

from a2a_mcp.a2a.model import (
    Artifact,
    StreamEvent,
    Task,
    TaskArtifactUpdateEvent,
    TaskState,
    TaskStatusUpdateEvent,
)
from a2a_mcp.presentation import task_view
from a2a_mcp.presentation.content import joined_text
from a2a_mcp.presentation.task_view import UpdateView

Notice = Callable[[UpdateView], Awaitable[None]]

REPORTED_KEPT: Final = 20_000  # characters of what was reported, compared with what comes next


def appends(event: StreamEvent) -> bool:
    """Return whether an event adds a piece to a result: there, a repetition is meant."""
    return isinstance(event, TaskArtifactUpdateEvent) and event.append


class Updates:
    """The updates of one wait; it ends after `most` of them, or never for None."""

    def __init__(self, notice: Notice | None, most: int | None = None) -> None:
        self.seen: list[UpdateView] = []
        self._notice = notice
        self._most = most
        self._state = TaskState.WORKING
        self._reported = ""
        self._sizes: dict[str, int] = {}  # characters reported, by artifact

    async def __call__(self, event: StreamEvent) -> bool:
        """Report what is new in an event; return whether the wait has all its updates."""
        if isinstance(event, Task | TaskStatusUpdateEvent):
            self._state = event.status.state
        for update in self._new_updates(event):
            if self._says_more(update):
                await self._report(update)
        return self._most is not None and len(self.seen) >= self._most

    def _new_updates(self, event: StreamEvent) -> list[UpdateView]:
        update = task_view.of_event(self._state, event)
        if update is None:
            return self._pieces(event)
        if not appends(event):
            update = replace(update, text=self._without_reported(update.text))
        return [update, *self._pieces(event)]

    async def _report(self, update: UpdateView) -> None:
        self._reported = (self._reported + update.text)[-REPORTED_KEPT:]
        self.seen.append(update)
        if self._notice:
            await self._notice(update)

    def _pieces(self, event: StreamEvent) -> list[UpdateView]:
        """Return what the results of a running task hold beyond the pieces already reported.

        So nothing is missing when a stream broke and the whole task came next. The results of an
        ended task are no updates: they are the answer.
        """
        if isinstance(event, TaskArtifactUpdateEvent):
            self._count(event)
        if not isinstance(event, Task) or event.state.terminal:
            return []
        pieces = [self._piece(artifact) for artifact in event.artifacts]
        return [piece for piece in pieces if piece]

    def _count(self, event: TaskArtifactUpdateEvent) -> None:
        artifact_id = event.artifact.artifact_id
        before = self._sizes.get(artifact_id, 0) if event.append else 0
        self._sizes[artifact_id] = before + len(joined_text(event.artifact.parts))

    def _piece(self, artifact: Artifact) -> UpdateView | None:
        text = joined_text(artifact.parts)
        rest = text[self._sizes.get(artifact.artifact_id, 0) :]
        if not rest:
            return None
        self._sizes[artifact.artifact_id] = len(text)
        return UpdateView(self._state.value, rest, piece=True)

    def _without_reported(self, text: str) -> str:
        """Return what a text adds to what was reported.

        LangGraph, Google ADK, Strands and pydantic-ai repeat a text, or send all of it each time.
        """
        reported = self._reported.strip()
        if not reported or not text.strip():
            return text
        if reported.endswith(text.strip()):
            return ""
        return text.removeprefix(self._reported)

    def _says_more(self, update: UpdateView) -> bool:
        """Return whether an update adds anything to those before it."""
        if not self.seen or (update.piece and update.text):
            return True
        last = self.seen[-1]
        return update != last and bool(update.text or update.state != last.state)
