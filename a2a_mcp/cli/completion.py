"""`a2a-mcp completion SHELL`: the script with which a shell completes commands and options."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, cast

from cyclopts import Parameter

from a2a_mcp.cli.commands import COMMANDS
from a2a_mcp.cli.exit_codes import DONE

if TYPE_CHECKING:
    from cyclopts import App

Shell: TypeAlias = Annotated[
    Literal["bash", "zsh", "fish", "powershell"],
    Parameter(name="SHELL", help="for bash: > ~/.local/share/bash-completion/completions/a2a-mcp"),
]


def completion(shell: Shell, /) -> int:
    """Print the script that completes commands, options and names of agents in a shell."""
    from a2a_mcp.cli.frame import application

    print(_with_hosts(application()).generate_completion(shell=shell))
    return DONE


def _with_hosts(app: App) -> App:
    """Name hosts and options of the commands that parse their words themselves."""
    from a2a_mcp.cli.hosts.table import HOSTS

    known: Any = cast("Any", Literal)[tuple(HOSTS)]
    for name, words in (("install", _install), ("uninstall", _uninstall)):
        words.__annotations__["host"] = known
        del app[name]
        app.command(words, name=name, help=COMMANDS[name].says)
    return app


def _install(
    host: str,
    /,
    *,
    config: Path | None = None,
    env: str | None = None,
    http: str | None = None,
    header: str | None = None,
    name: str | None = None,
    file: Path | None = None,
    dry_run: bool = False,
) -> None:
    """Have the parameters of `a2a-mcp install`, to be completed."""


def _uninstall(
    host: str, /, *, name: str | None = None, file: Path | None = None, dry_run: bool = False
) -> None:
    """Have the parameters of `a2a-mcp uninstall`, to be completed."""
