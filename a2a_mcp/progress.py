"""What happens while somebody waits for a task: told as it comes, and kept in order. No MCP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from a2a_mcp import views
from a2a_mcp.a2a.types import StreamEvent, Task, TaskState, TaskStatusUpdateEvent
from a2a_mcp.views import UpdateView

Notice = Callable[[UpdateView], Awaitable[None]]


class Updates:
    """The updates of one wait; `most` of them end it, None never does."""

    def __init__(self, notice: Notice | None, most: int | None = None) -> None:
        self.seen: list[UpdateView] = []
        self._notice = notice
        self._most = most
        self._state = TaskState.WORKING

    async def __call__(self, event: StreamEvent) -> bool:
        """Take an event; answers whether enough was seen."""
        if isinstance(event, Task | TaskStatusUpdateEvent):
            self._state = event.status.state
        update = views.of_event(self._state, event)
        if update and self._says_more(update):
            self.seen.append(update)
            if self._notice:
                await self._notice(update)
        return self._most is not None and len(self.seen) >= self._most

    def _says_more(self, update: UpdateView) -> bool:
        """Whether an update adds anything to those before it."""
        if not self.seen or update.piece:
            return True
        last = self.seen[-1]
        return update != last and bool(update.text or update.state != last.state)
