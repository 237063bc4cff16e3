"""The updates of one wait for a task: reported as they come, the latest kept in order.

Nothing is reported twice, although agents repeat themselves. What the result says anyway is no
update of it. No MCP type enters.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterator
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
from a2a_mcp.presentation.task_view import TaskView, UpdateView

Notice = Callable[[UpdateView], Awaitable[None]]

BEGUN: Final = (TaskState.SUBMITTED, TaskState.WORKING)  # without words no news
REPORTED_KEPT: Final = 20_000  # characters of what was reported, compared with what comes next


def appends(event: StreamEvent) -> bool:
    """Return whether an event adds a piece to a result: there, a repetition is meant."""
    return isinstance(event, TaskArtifactUpdateEvent) and event.append


class Updates:
    """The updates of one wait, of which the latest `most` are kept; it never ends the wait."""

    def __init__(self, notice: Notice | None, most: int = 0) -> None:
        self._notice = notice
        self._kept: deque[UpdateView] = deque(maxlen=most)
        self._left_out = 0
        self._last: UpdateView | None = None
        self._state = TaskState.WORKING
        self._reported = ""
        self._sizes: dict[str, int] = {}  # characters reported, by artifact

    async def __call__(self, event: StreamEvent) -> bool:
        """Report what is new in an event."""
        if isinstance(event, Task | TaskStatusUpdateEvent):
            self._state = event.status.state
        for update in self._new_updates(event):
            if self._says_more(update):
                await self._report(update)
        return False

    def added_to(self, view: TaskView) -> TaskView:
        """Return a result with the kept updates that it does not say itself."""
        updates = tuple(self._beside(view))
        return replace(view, updates=updates, updates_left_out=self._left_out)

    def _beside(self, view: TaskView) -> Iterator[UpdateView]:
        known = {*BEGUN, view.state}
        stopped = view.state is not None and view.state.stop
        for update in self._kept:
            if stopped and update.text and update.text.strip() == view.text.strip():
                continue
            if update.text or update.state not in known:
                yield update

    def _new_updates(self, event: StreamEvent) -> list[UpdateView]:
        update = task_view.of_event(self._state, event)
        if update is None:
            return self._pieces(event)
        if not appends(event):
            update = replace(update, text=self._without_reported(update.text))
        return [update, *self._pieces(event)]

    async def _report(self, update: UpdateView) -> None:
        self._reported = (self._reported + update.text)[-REPORTED_KEPT:]
        self._last = update
        self._keep(update)
        if self._notice:
            await self._notice(update)

    def _keep(self, update: UpdateView) -> None:
        """Keep an update; of words that were said before, the latest time counts."""
        if not update.piece and update in self._kept:
            self._kept.remove(update)
        self._left_out += len(self._kept) == self._kept.maxlen
        self._kept.append(update)

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
        last = self._last
        if last is None or (update.piece and update.text):
            return True
        return update != last and bool(update.text or update.state != last.state)
