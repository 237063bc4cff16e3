"""What every command stands in: its words are parsed, its errors become lines and an exit code.

The parser, and rich with it, is imported only here and below: never where the server runs.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError, Parameter

from a2a_mcp import __version__
from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.cli.advice import advice
from a2a_mcp.cli.commands import COMMANDS, Command
from a2a_mcp.cli.exit_codes import DONE, FAILED, USAGE_ERROR
from a2a_mcp.errors import BridgeError


def run(words: Sequence[str]) -> int:
    """Run the command that `words` begin with; return its exit code. Raises ConfigError."""
    try:
        code = application()(
            words, exit_on_error=False, print_error=False, result_action="return_value"
        )
    except CycloptsError as error:
        return _refuse(words[0], error)
    except (A2AError, BridgeError) as error:
        return _fail(error, as_json="--json" in words)
    return code if isinstance(code, int) else DONE


def application() -> App:
    """Return the parser of all commands; each command is imported when it is named."""
    app = App(
        name="a2a-mcp",
        version=__version__,
        help="An MCP server through which any LLM host uses any remote A2A agent.",
        help_format="plaintext",
        default_parameter=Parameter(negative=()),
        suppress_keyboard_interrupt=False,
    )
    for name, command in COMMANDS.items():
        app.command(_place(command), name=name, help=command.says)
    return app


def _place(command: Command) -> str:
    return "a2a_mcp.cli.frame:_own_parser" if command.own_parser else command.place


def _own_parser() -> int:
    """Stand for a command that parses its words itself."""
    return USAGE_ERROR


def _refuse(name: str, error: CycloptsError) -> int:
    what = " ".join(str(error).split())
    print(f"a2a-mcp {name}: {what} See a2a-mcp {name} --help", file=sys.stderr)
    return USAGE_ERROR


def _fail(error: A2AError | BridgeError, *, as_json: bool) -> int:
    """Say what happened and what to do, on stderr; for a script on stdout."""
    step = advice(error) or (error.next_step if isinstance(error, BridgeError) else None)
    if as_json:
        print(json.dumps({"error": error.message, "next_step": step}))
        return FAILED
    print(f"a2a-mcp: {error.message}", file=sys.stderr)
    if step:
        print(f"What to do: {step}", file=sys.stderr)
    return FAILED
