"""Make what is shown of a task; of a large one in a thread, so that no other call waits for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import anyio.to_thread

from a2a_mcp.a2a.model import Message, Task
from a2a_mcp.a2a.sizes import is_large, is_much
from a2a_mcp.presentation import task_view
from a2a_mcp.presentation.task_view import TaskView


async def view_of_task(
    agent: str, task: Task, *, reason: str | None = None, note: str | None = None
) -> TaskView:
    """Return the view of a task."""
    make = partial(task_view.of_task, agent, task, reason=reason, note=note)
    return await _made(make, large=is_large(task))


async def view_of_message(
    agent: str, message: Message, held_as: str | None, *, note: str | None
) -> TaskView:
    """Return the view of an answer without a task."""
    make = partial(task_view.of_message, agent, message, held_as, note=note)
    return await _made(make, large=is_much(message.parts))


async def _made(make: Callable[[], TaskView], *, large: bool) -> TaskView:
    return await anyio.to_thread.run_sync(make) if large else make()
