"""`a2a-mcp tasks`: the tasks of this state folder, which hosts began or commands."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from cyclopts import App as Commands
from cyclopts import Parameter

from a2a_mcp.bridge.list_tasks import TaskFilter
from a2a_mcp.cli import send, terminal
from a2a_mcp.cli.exit_codes import DONE, FAILED
from a2a_mcp.cli.options import USUAL, AsJson, Given
from a2a_mcp.cli.session import run_with_app
from a2a_mcp.cli.startup import start
from a2a_mcp.presentation.task_view import TaskView
from a2a_mcp.server.app import App
from a2a_mcp.server.caller import owner

tasks: Final = Commands(name="tasks", default_parameter=Parameter(negative=()))

TaskId: TypeAlias = Annotated[str, Parameter(name="TASK", help="the task's id")]
AgentName: TypeAlias = Annotated[str | None, Parameter(name="--agent", help="only of this agent")]
Unfinished: TypeAlias = Annotated[bool, Parameter(help="only those that have not ended")]


@tasks.default
@tasks.command(name="list")
def list_tasks(
    *,
    agent: AgentName = None,
    unfinished: Unfinished = False,
    as_json: AsJson = False,
    options: Given = USUAL,
) -> int:
    """List the latest tasks, last changed first."""

    async def work(app: App) -> int:
        wanted = TaskFilter(agent=agent, unfinished=unfinished)
        view = await app.lister.list(owner(), wanted, remote=False)
        if as_json:
            terminal.print_json(view.structured())
        else:
            print(app.mask(view.prose()))
        return DONE

    return run_with_app(start(options, quiet=True), work)


@tasks.command
def show(
    task: TaskId, *, agent: AgentName = None, as_json: AsJson = False, options: Given = USUAL
) -> int:
    """Show a task as it is now."""

    async def work(app: App) -> int:
        return await _shown(app, await app.bridge.get(owner(), task, agent), as_json)

    return run_with_app(start(options, quiet=True), work)


@tasks.command
def follow(
    task: TaskId, *, agent: AgentName = None, as_json: AsJson = False, options: Given = USUAL
) -> int:
    """Wait for a task, and tell what its agent says on the way."""

    async def work(app: App) -> int:
        view = await send.followed(app, await app.bridge.get(owner(), task, agent))
        return await _shown(app, view, as_json)

    return run_with_app(start(options, quiet=True), work)


@tasks.command
def cancel(
    task: TaskId,
    *,
    agent: AgentName = None,
    reason: Annotated[str | None, Parameter(help="why, for the agent")] = None,
    as_json: AsJson = False,
    options: Given = USUAL,
) -> int:
    """Ask the agent to stop a task; the state afterwards is the one it is really in."""

    async def work(app: App) -> int:
        view = await app.bridge.cancel(owner(), task, agent, reason)
        await send.show(app, view, as_json)
        return DONE

    return run_with_app(start(options, quiet=True), work)


async def _shown(app: App, view: TaskView, as_json: bool) -> int:
    await send.show(app, view, as_json)
    return FAILED if view.failed else DONE
