"""List, set and remove where an agent posts what happens to a task."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from a2a_mcp.a2a.requests import PushConfig
from a2a_mcp.bridge.push import PushConfigs
from a2a_mcp.cli import terminal
from a2a_mcp.cli.exit_codes import DONE
from a2a_mcp.cli.for_person import for_person
from a2a_mcp.cli.start_options import Options
from a2a_mcp.cli.startup import start
from a2a_mcp.cli.work.session import run_with_app
from a2a_mcp.errors import ConfigError
from a2a_mcp.presentation.push_view import PushView
from a2a_mcp.server.app import App
from a2a_mcp.server.caller import owner

Do: TypeAlias = Callable[[PushConfigs], Awaitable[PushView]]


def list_configs(agent: str, task: str, options: Options, *, as_json: bool) -> int:
    """Show where a task's agent posts; return the exit code."""
    return _run(lambda it: it.list(owner(), task, agent, None), options, as_json=as_json)


def add(
    agent: str, task: str, url: str, token_env: str | None, options: Options, *, as_json: bool
) -> int:
    """Let the agent post to a URL; return the exit code."""
    config = PushConfig(url=url, token=_variable(token_env) if token_env else None)
    return _run(lambda it: it.create(owner(), task, agent, config), options, as_json=as_json)


def remove(agent: str, task: str, config_id: str, options: Options, *, as_json: bool) -> int:
    """Let the agent post there no more; return the exit code."""
    return _run(lambda it: it.delete(owner(), task, agent, config_id), options, as_json=as_json)


def _run(do: Do, options: Options, *, as_json: bool) -> int:
    async def work(app: App) -> int:
        view = await do(PushConfigs(app.registry, app.bridge.reader))
        if as_json:
            terminal.print_json(view.structured())
        else:
            print(app.mask(for_person(view.prose())))
        return DONE

    return run_with_app(start(options, quiet=True), work)


def _variable(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise ConfigError([f"--token-env: the environment variable {name} is not set"])
    return value
