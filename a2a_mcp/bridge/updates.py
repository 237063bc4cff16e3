"""What happens while somebody waits for a task: told as it comes, and kept in order. No MCP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

from a2a_mcp.a2a.model import (
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


KEPT_TOLD: Final = 20_000


def appends(event: StreamEvent) -> bool:
    """Whether an event is a further piece of a result, in which a repetition is meant."""
    return isinstance(event, TaskArtifactUpdateEvent) and event.append


class Updates:
    """The updates of one wait; `most` of them end it, None never does."""

    def __init__(self, notice: Notice | None, most: int | None = None) -> None:
        self.seen: list[UpdateView] = []
        self._notice = notice
        self._most = most
        self._state = TaskState.WORKING
        self._told = ""
        self._sizes: dict[str, int] = {}  # characters told, by artifact

    async def __call__(self, event: StreamEvent) -> bool:
        """Take an event; answers whether enough was seen."""
        if isinstance(event, Task | TaskStatusUpdateEvent):
            self._state = event.status.state
        update = task_view.of_event(self._state, event)
        if update and not appends(event):
            update = replace(update, text=self._news(update.text))
        for news in (update, *self._pieces(event)):
            if news and self._says_more(news):
                self._told = (self._told + news.text)[-KEPT_TOLD:]
                self.seen.append(news)
                if self._notice:
                    await self._notice(news)
        return self._most is not None and len(self.seen) >= self._most

    def _pieces(self, event: StreamEvent) -> list[UpdateView]:
        """What the results of a running task hold beyond what was told of them piece by piece.

        So that nothing is missing where a stream broke and the whole task came next. A task that
        has ended is the answer itself.
        """
        if isinstance(event, TaskArtifactUpdateEvent):
            size = len(joined_text(event.artifact.parts))
            known = self._sizes.get(event.artifact.artifact_id, 0) if event.append else 0
            self._sizes[event.artifact.artifact_id] = known + size
        if not isinstance(event, Task) or event.state.terminal:
            return []
        found = []
        for artifact in event.artifacts:
            text = joined_text(artifact.parts)
            news = text[self._sizes.get(artifact.artifact_id, 0) :]
            if news:
                found.append(UpdateView(self._state.value, news, piece=True))
                self._sizes[artifact.artifact_id] = len(text)
        return found

    def _news(self, text: str) -> str:
        """What a text adds to what was told: agents repeat themselves, or send all anew each time.

        Seen with LangGraph, Google ADK, strands and pydantic-ai.
        """
        told = self._told.strip()
        if not told or not text.strip():
            return text
        if told.endswith(text.strip()):
            return ""
        return text.removeprefix(self._told)

    def _says_more(self, update: UpdateView) -> bool:
        """Whether an update adds anything to those before it."""
        if not self.seen or (update.piece and update.text):
            return True
        last = self.seen[-1]
        return update != last and bool(update.text or update.state != last.state)
