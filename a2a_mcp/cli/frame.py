"""What every command stands in: its words are parsed, its errors become lines and an exit code.

The parser, and rich with it, is imported only here and below: never where the server runs.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import Final

from cyclopts import App, CycloptsError, Parameter

from a2a_mcp import __version__
from a2a_mcp.cli.commands import COMMANDS, COMPLETE, Command
from a2a_mcp.cli.exit_codes import DONE, USAGE_ERROR

MISSING: Final = re.compile(r'Command "(.+?)" parameter "?(\S+?)"? requires an argument\.')
OTHER_WORDS: Final[tuple[tuple[str, str], ...]] = (
    (r"Unused Tokens: \['(.*?)'.*\]", r"'\1' is not known here"),
    (r'unable to convert "(.*)" into (?:float|int)', r'"\1" is no number'),
)
"""What the parser says in words of its code, and what a person reads."""

HELP: Final = frozenset({"--help", "-h"})


def run(words: Sequence[str]) -> int:
    """Run the command that `words` begin with; return its exit code. Raises ConfigError."""
    if words[0] == COMPLETE or not {*words}.isdisjoint(HELP):
        return _parsed(words)
    from a2a_mcp.cli.failures import run_told

    return run_told(lambda: _parsed(words), as_json="--json" in words)


def _parsed(words: Sequence[str]) -> int:
    try:
        code = application()(
            words, exit_on_error=False, print_error=False, result_action="return_value"
        )
    except CycloptsError as error:
        return _refuse(words[0], error)
    return code if isinstance(code, int) else DONE


def application() -> App:
    """Return the parser of all commands; each command is imported when it is named."""
    app = App(
        name="a2a-mcp",
        version=__version__,
        help="An MCP server through which any LLM host uses any remote A2A agent.",
        help_format="plaintext",
        default_parameter=Parameter(negative=(), show_default=_shown_default),
        suppress_keyboard_interrupt=False,
    )
    for name, command in COMMANDS.items():
        app.command(_place(command), name=name, help=command.says)
    return app


def _shown_default(value: object) -> str | None:
    """Return a default as help shows it; None where it is that nothing is given."""
    if value is None or value is False or value in ("", ()):
        return None
    return f"{value:g}" if isinstance(value, float) else str(value)


def _place(command: Command) -> str:
    return "a2a_mcp.cli.frame:_own_parser" if command.own_parser else command.place


def _own_parser() -> int:
    """Stand for a command that parses its words itself."""
    return USAGE_ERROR


def _refuse(name: str, error: CycloptsError) -> int:
    what = " ".join(str(error).split())
    if missing := MISSING.match(what):
        name, word = missing[1], missing[2]
        what = f"{word} needs a value." if word.startswith("-") else f"{word} is missing."
    for words, told in OTHER_WORDS:
        what = re.sub(words, told, what)
    print(f"a2a-mcp {name}: {what} See a2a-mcp {name} --help", file=sys.stderr)
    return USAGE_ERROR
