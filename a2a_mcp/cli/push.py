"""`a2a-mcp push`: where an agent posts what happens to a task, set by an operator.

The same rules hold as for a model: only webhooks that `push_targets` of the configuration allows.
A token comes from the environment, because arguments can be read by other users of the machine.
"""

from __future__ import annotations

import os
from typing import Annotated, Final, TypeAlias

from cyclopts import App as Commands
from cyclopts import Parameter

from a2a_mcp.a2a.requests import PushConfig
from a2a_mcp.bridge.push import PushConfigs
from a2a_mcp.cli import terminal
from a2a_mcp.cli.exit_codes import DONE
from a2a_mcp.cli.options import USUAL, AsJson, Given
from a2a_mcp.cli.session import run_with_app
from a2a_mcp.cli.startup import start
from a2a_mcp.errors import ConfigError
from a2a_mcp.presentation.push_view import PushView
from a2a_mcp.server.app import App
from a2a_mcp.server.caller import owner

push: Final = Commands(name="push", default_parameter=Parameter(negative=()))

AgentName: TypeAlias = Annotated[str, Parameter(name="AGENT", help="the agent's name")]
TaskId: TypeAlias = Annotated[str, Parameter(name="TASK", help="the task's id")]
ConfigId: TypeAlias = Annotated[str, Parameter(name="ID", help="the id that `push list` shows")]


@push.command(name="list")
def list_configs(
    agent: AgentName, task: TaskId, *, as_json: AsJson = False, options: Given = USUAL
) -> int:
    """List where a task's agent posts."""

    async def work(app: App) -> int:
        return _shown(app, await _configs(app).list(owner(), task, agent, None), as_json)

    return run_with_app(start(options, quiet=True), work)


@push.command
def add(
    agent: AgentName,
    task: TaskId,
    url: Annotated[str, Parameter(name="URL", help="where the agent is to post")],
    *,
    token_env: Annotated[
        str | None, Parameter(help="the variable that holds the token of each post")
    ] = None,
    as_json: AsJson = False,
    options: Given = USUAL,
) -> int:
    """Let the agent post what happens to a task to a URL."""
    config = PushConfig(url=url, token=_variable(token_env) if token_env else None)

    async def work(app: App) -> int:
        return _shown(app, await _configs(app).create(owner(), task, agent, config), as_json)

    return run_with_app(start(options, quiet=True), work)


@push.command
def remove(
    agent: AgentName,
    task: TaskId,
    config_id: ConfigId,
    *,
    as_json: AsJson = False,
    options: Given = USUAL,
) -> int:
    """Let the agent post there no more."""

    async def work(app: App) -> int:
        return _shown(app, await _configs(app).delete(owner(), task, agent, config_id), as_json)

    return run_with_app(start(options, quiet=True), work)


def _variable(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise ConfigError([f"--token-env: the environment variable {name} is not set"])
    return value


def _configs(app: App) -> PushConfigs:
    return PushConfigs(app.registry, app.bridge.reader)


def _shown(app: App, view: PushView, as_json: bool) -> int:
    if as_json:
        terminal.print_json(view.structured())
    else:
        print(app.mask(view.prose()))
    return DONE
