"""`a2a-mcp push`: where an agent posts what happens to a task, set by an operator.

The same rules hold as for a model: only webhooks that `push_targets` of the configuration allows.
A token comes from the environment, because arguments can be read by other users of the machine.
"""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from cyclopts import App as Commands
from cyclopts import Parameter

from a2a_mcp.cli.options import USUAL, AgentName, AsJson, Given, TaskId

push: Final = Commands(name="push", default_parameter=Parameter(negative=()))

ConfigId: TypeAlias = Annotated[str, Parameter(name="ID", help="the id that `push list` shows")]


@push.command(name="list")
def list_configs(
    agent: AgentName, task: TaskId, /, *, as_json: AsJson = False, options: Given = USUAL
) -> int:
    """List where a task's agent posts."""
    from a2a_mcp.cli.work import push as work

    return work.list_configs(agent, task, options, as_json=as_json)


@push.command
def add(
    agent: AgentName,
    task: TaskId,
    url: Annotated[str, Parameter(name="URL", help="where the agent is to post")],
    /,
    *,
    token_env: Annotated[
        str | None,
        Parameter(metavar="VARIABLE", help="the variable that holds the token of each post"),
    ] = None,
    as_json: AsJson = False,
    options: Given = USUAL,
) -> int:
    """Let the agent post what happens to a task to a URL."""
    from a2a_mcp.cli.work import push as work

    return work.add(agent, task, url, token_env, options, as_json=as_json)


@push.command
def remove(
    agent: AgentName,
    task: TaskId,
    config_id: ConfigId,
    /,
    *,
    as_json: AsJson = False,
    options: Given = USUAL,
) -> int:
    """Let the agent post there no more."""
    from a2a_mcp.cli.work import push as work

    return work.remove(agent, task, config_id, options, as_json=as_json)
