"""List tasks, show, follow and cancel one."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime

from a2a_mcp.a2a.model import JSON
from a2a_mcp.bridge.list_tasks import TaskFilter
from a2a_mcp.cli import terminal
from a2a_mcp.cli.exit_codes import DONE, FAILED
from a2a_mcp.cli.start_options import Options
from a2a_mcp.cli.startup import start
from a2a_mcp.cli.work import send
from a2a_mcp.cli.work.session import run_with_app
from a2a_mcp.cli.work.show import show as show_task
from a2a_mcp.presentation.task_list_view import TaskListView
from a2a_mcp.presentation.task_view import TaskView
from a2a_mcp.server.app import App
from a2a_mcp.server.caller import owner
from a2a_mcp.text.times import roughly


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which tasks a person wants to see."""

    agent: str | None
    unfinished: bool
    limit: int
    cursor: str | None

    @property
    def words(self) -> str:
        """The same as it is typed, without the cursor."""
        agent = f" --agent {self.agent}" if self.agent else ""
        return f"{agent}{' --unfinished' if self.unfinished else ''} --limit {self.limit}"


def list_tasks(wanted: Wanted, options: Options, *, as_json: bool) -> int:
    """Print the latest tasks; return the exit code."""

    async def work(app: App) -> int:
        asked = TaskFilter(
            agent=wanted.agent,
            unfinished=wanted.unfinished,
            limit=wanted.limit,
            cursor=wanted.cursor,
        )
        view = await app.lister.list(owner(), asked, remote=False)
        if as_json:
            terminal.print_json(view.structured())
        else:
            _print_list(app, view, wanted)
        return DONE

    return run_with_app(start(options, quiet=True), work)


def _print_list(app: App, view: TaskListView, wanted: Wanted) -> None:
    rows = [[app.mask(cell) for cell in _cells(row)] for row in view.rows]
    if not rows:
        print("No tasks.")
        return
    terminal.print_rows(["TASK", "AGENT", "STATE", "CHANGED", "MESSAGE"], rows)
    if view.note:
        print(f"\n{app.mask(view.note)}")
    if view.cursor:
        print(f"\nMore: a2a-mcp tasks list{wanted.words} --cursor {view.cursor}")


def _cells(row: dict[str, JSON]) -> list[str]:
    name = row.get("task_id") or f"({row.get('note')})"
    cells = [name, row["agent"], row["state"], _ago(str(row["updated"])), row.get("title") or ""]
    return [str(cell) for cell in cells]


def _ago(when: str) -> str:
    return f"{roughly(time.time() - datetime.fromisoformat(when).timestamp())} ago"


def show(task: str, agent: str | None, options: Options, *, as_json: bool) -> int:
    """Print a task as it is now; return the exit code."""

    async def work(app: App) -> int:
        return await _shown(app, await app.bridge.get(owner(), task, agent), as_json)

    return run_with_app(start(options, quiet=True), work)


def follow(task: str, agent: str | None, options: Options, *, as_json: bool) -> int:
    """Wait for a task, and print it when it has come to a stop; return the exit code."""

    async def work(app: App) -> int:
        view = await send.followed(app, await app.bridge.get(owner(), task, agent))
        return await _shown(app, view, as_json)

    return run_with_app(start(options, quiet=True), work)


def cancel(
    task: str, agent: str | None, reason: str | None, options: Options, *, as_json: bool
) -> int:
    """Ask the agent to stop a task, and print it as it is then; return the exit code."""

    async def work(app: App) -> int:
        await show_task(app, await app.bridge.cancel(owner(), task, agent, reason), as_json)
        return DONE

    return run_with_app(start(options, quiet=True), work)


async def _shown(app: App, view: TaskView, as_json: bool) -> int:
    await show_task(app, view, as_json)
    return FAILED if view.failed else DONE
