"""`a2a-mcp completion SHELL`: the script with which a shell completes commands and options."""

from __future__ import annotations

from typing import Literal, TypeAlias

from a2a_mcp.cli.exit_codes import DONE

Shell: TypeAlias = Literal["bash", "zsh", "fish", "powershell"]


def completion(shell: Shell) -> int:
    """Print what completes commands and options in a shell.

    In bash: a2a-mcp completion bash > ~/.local/share/bash-completion/completions/a2a-mcp
    """
    from a2a_mcp.cli.frame import application

    print(application().generate_completion(shell=shell))
    return DONE
