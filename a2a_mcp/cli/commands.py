"""The commands, by the word that a person types: where each is, and what it does.

Only names stand here, so that the start of the server and `--help` import no command.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from textwrap import wrap
from typing import Final, NamedTuple

COMPLETE: Final = "__complete"
"""What the script of a shell asks with, for the words that it completes."""

LEAST_WORDS: Final = 16
"""Columns that the words of a command have, however narrow the terminal is."""


class Command(NamedTuple):
    """One command: `place` is `module:function`; `usage` is what may follow its name.

    A command with `own_parser` is given its words as they are.
    """

    place: str
    usage: str
    says: str
    own_parser: bool = False

    def load(self) -> Callable[[list[str]], int]:
        """Import the command and return its function."""
        module, _, function = self.place.partition(":")
        loaded: Callable[[list[str]], int] = getattr(import_module(module), function)
        return loaded


COMMANDS: Final[dict[str, Command]] = {
    "init": Command("a2a_mcp.cli.init:init", "[URL]", "Write agents.toml, with a first agent."),
    "agents": Command(
        "a2a_mcp.cli.agents:agents",
        "[list|add|...]",
        "List, add, remove, show, pin, enable or disable agents.",
    ),
    "check": Command(
        "a2a_mcp.cli.check:check",
        "[AGENT ...]",
        "Contact every agent or some, and say how each is.",
    ),
    "send": Command(
        "a2a_mcp.cli.send:send", "AGENT MESSAGE", "Send a message and show the answer."
    ),
    "chat": Command("a2a_mcp.cli.chat:chat", "AGENT", "Talk with an agent, line by line."),
    "inspect": Command(
        "a2a_mcp.cli.inspect:inspect", "AGENT", "Try each skill, and show what a model sees of it."
    ),
    "tasks": Command(
        "a2a_mcp.cli.tasks:tasks", "[list|show|...]", "List, show, follow, cancel or forget tasks."
    ),
    "push": Command(
        "a2a_mcp.cli.push:push", "list|add|remove", "Set where an agent posts about a task."
    ),
    "install": Command(
        "a2a_mcp.cli.install:install",
        "[HOST] [URL ...]",
        "Add the bridge to a host; list the hosts.",
        own_parser=True,
    ),
    "uninstall": Command(
        "a2a_mcp.cli.install:uninstall", "HOST", "Take the bridge out of a host.", own_parser=True
    ),
    "auth": Command(
        "a2a_mcp.cli.auth:auth",
        "login|status|logout [NAME]",
        "Sign in to agents or out, or say where.",
    ),
    "migrate": Command(
        "a2a_mcp.cli.migrate:migrate",
        "to-database|to-folder",
        "Move the state folder's tasks into the database, or back.",
    ),
    "demo": Command("a2a_mcp.cli.demo:demo", "", "Start a demo agent and show what the tools do."),
    "demo-agent": Command(
        "a2a_mcp.cli.demo:demo_agent", "[--port N]", "Only serve the demo agent."
    ),
    "completion": Command(
        "a2a_mcp.cli.completion:completion", "SHELL", "Print the script that completes commands."
    ),
}


def overview(columns: int) -> str:
    """Return the commands as lines of at most so many columns: what to type, and what it does."""
    shown = {f"{name} {command.usage}".strip(): command.says for name, command in COMMANDS.items()}
    width = max(map(len, shown))
    margin = width + 4
    lines: list[str] = []
    for usage, says in shown.items():
        first, *more = wrap(says, max(columns - margin, LEAST_WORDS))
        lines += [f"  {usage:{width}}  {first}", *(" " * margin + line for line in more)]
    return "\n".join(lines)
