"""The result of a task for the current caller: a text that is too long is saved for a local host.

A host that runs on this machine reads and searches a file in one step; get_artifact takes many.
"""

from __future__ import annotations

import anyio.to_thread
import mcp.types as t

from a2a_mcp.presentation import budget
from a2a_mcp.presentation.task_view import TaskView
from a2a_mcp.server import results
from a2a_mcp.server.app import App
from a2a_mcp.server.caller import owner
from a2a_mcp.text.steps import is_long


async def result_of(app: App, view: TaskView) -> t.CallToolResult:
    """Return the result of a task, with the path of its text if that is saved."""
    if app.local and _is_cut(view, app.result_bytes):
        view = await app.files.save_text(owner(), view, app.mask)
    if is_long(view.text):
        return await anyio.to_thread.run_sync(
            results.of_task_view, view, app.mask, app.result_bytes
        )
    return results.of_task_view(view, app.mask, app.result_bytes)


def _is_cut(view: TaskView, limit: int) -> bool:
    """Return whether the text of a task that has stopped, which grows no more, does not fit."""
    if view.state is None or not view.state.stop or len(view.text) < limit // budget.WIDEST_IN_JSON:
        return False
    return not budget.fits(view, limit)
