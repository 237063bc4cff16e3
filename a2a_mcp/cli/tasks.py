"""`a2a-mcp tasks`: the tasks of this state folder, which hosts began or commands."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from cyclopts import App as Commands
from cyclopts import Parameter
from cyclopts.validators import Number

from a2a_mcp.cli.options import USUAL, AsJson, Given, OfAgent, TaskId
from a2a_mcp.errors import ConfigError

tasks: Final = Commands(name="tasks", default_parameter=Parameter(negative=()))

MOST_ROWS: Final = 1000
Unfinished: TypeAlias = Annotated[bool, Parameter(help="only those that have not ended")]
Limit: TypeAlias = Annotated[
    int, Parameter(metavar="N", help="how many at most", validator=Number(gte=1, lte=MOST_ROWS))
]
Cursor: TypeAlias = Annotated[
    str | None,
    Parameter(metavar="CURSOR", help="go on behind a list; its last line names the cursor"),
]


@tasks.default
@tasks.command(name="list")
def list_tasks(
    *,
    agent: OfAgent = None,
    unfinished: Unfinished = False,
    limit: Limit = 20,
    cursor: Cursor = None,
    as_json: AsJson = False,
    options: Given = USUAL,
) -> int:
    """List the latest tasks, last changed first."""
    from a2a_mcp.cli.work import tasks as work

    wanted = work.Wanted(agent, unfinished, limit, cursor)
    return work.list_tasks(wanted, options, as_json=as_json)


@tasks.command
def show(
    task: TaskId, /, *, agent: OfAgent = None, as_json: AsJson = False, options: Given = USUAL
) -> int:
    """Show a task as it is now."""
    from a2a_mcp.cli.work import tasks as work

    return work.show(task, agent, options, as_json=as_json)


@tasks.command
def follow(
    task: TaskId, /, *, agent: OfAgent = None, as_json: AsJson = False, options: Given = USUAL
) -> int:
    """Wait for a task, and tell what its agent says on the way."""
    from a2a_mcp.cli.work import tasks as work

    return work.follow(task, agent, options, as_json=as_json)


@tasks.command
def cancel(
    task: TaskId,
    /,
    *,
    agent: OfAgent = None,
    reason: Annotated[str | None, Parameter(metavar="TEXT", help="why, for the agent")] = None,
    as_json: AsJson = False,
    options: Given = USUAL,
) -> int:
    """Ask the agent to stop a task; the state afterwards is the one it is really in."""
    from a2a_mcp.cli.work import tasks as work

    return work.cancel(task, agent, reason, options, as_json=as_json)


@tasks.command
def forget(
    task: Annotated[str | None, Parameter(name="TASK", help="the task's id")] = None,
    /,
    *,
    agent: OfAgent = None,
    ended: Annotated[bool, Parameter(help="all tasks that have ended")] = False,
    yes: Annotated[bool, Parameter(help="with --ended: do not ask")] = False,
    as_json: AsJson = False,
    options: Given = USUAL,
) -> int:
    """Forget a task that has ended, on this machine only: its entry, its result, its files."""
    from a2a_mcp.cli.work import forget as work

    if (task is None) is not ended:
        raise ConfigError(["a2a-mcp: tasks forget: give the id of one task, or --ended"])
    if task is None:
        return work.forget_ended(agent, options, agreed=yes, as_json=as_json)
    return work.forget(task, agent, options, as_json=as_json)
