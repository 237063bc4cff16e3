"""The entry point: chooses the command, and turns errors into an exit code.

It is the outermost boundary: an expected error becomes lines on stderr. Over stdio nothing but
protocol may reach stdout, so nothing is printed there unless a command was asked for. A command's
module is imported when that command runs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Final

from a2a_mcp.cli.commands import COMMANDS, COMPLETE
from a2a_mcp.cli.exit_codes import DONE, FAILED, INTERRUPTED, USAGE_ERROR
from a2a_mcp.errors import ConfigError

HELP: Final = ("--help", "-h", "help")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and end the process with its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(_exit_code(given))


def _exit_code(given: list[str]) -> int:
    try:
        return _run(given)
    except ConfigError as error:
        print("\n".join(error.faults), file=sys.stderr)
        return USAGE_ERROR
    except BrokenPipeError:  # the reader of the output has seen enough, as `head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except OSError as error:  # a port in use, a folder that cannot be read
        print(f"a2a-mcp: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


def _run(given: list[str]) -> int:
    name = given[0] if given else ""
    if name in HELP:
        return show_help()
    if name == COMPLETE:
        return parse(given)
    if name not in COMMANDS:
        return serve(given)
    code = COMMANDS[name].load()(given[1:]) if COMMANDS[name].own_parser else parse(given)
    sys.stdout.flush()  # a reader who has left is met here, and not at the exit of Python
    return code


def show_help() -> int:
    """Print what the server takes and which commands there are."""
    from a2a_mcp.cli.serve_options import parser

    parser().print_help()
    return DONE


def serve(arguments: list[str]) -> int:
    """Serve MCP: what runs when no command is named."""
    from a2a_mcp.cli.serve import run

    return run(arguments)


def parse(given: list[str]) -> int:
    """Run the command that the words name."""
    from a2a_mcp.cli.frame import run

    return run(given)
