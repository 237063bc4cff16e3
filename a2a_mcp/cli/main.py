"""The entry point: chooses the command, and turns errors into an exit code.

It is the outermost boundary: an expected error becomes lines on stderr. Over stdio nothing but
protocol may reach stdout, so nothing is printed there unless a command was asked for. A command's
module is imported when that command runs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Final

from a2a_mcp.cli.exit_codes import FAILED, INTERRUPTED, USAGE_ERROR
from a2a_mcp.errors import ConfigError


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
    except OSError as error:  # a port in use, a folder that cannot be read
        print(f"a2a-mcp: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


def _run(given: list[str]) -> int:
    if given and given[0] in COMMANDS:
        return COMMANDS[given[0]](given[1:])
    return serve(given)


def serve(arguments: list[str]) -> int:
    """Serve MCP: what runs when no command is named."""
    from a2a_mcp.cli.serve import run

    return run(arguments)


def check(arguments: list[str]) -> int:
    """Contact every agent and report its state."""
    from a2a_mcp.cli.check import run

    return run(arguments)


def demo(arguments: list[str]) -> int:
    """Start the demo agent and show the tools."""
    from a2a_mcp.cli.demo import run_tour

    return run_tour(arguments)


def demo_agent(arguments: list[str]) -> int:
    """Serve the demo agent."""
    from a2a_mcp.cli.demo import run_agent

    return run_agent(arguments)


def install(arguments: list[str]) -> int:
    """Add the bridge to a host."""
    from a2a_mcp.cli.install import install

    return install(arguments)


def uninstall(arguments: list[str]) -> int:
    """Take the bridge out of a host."""
    from a2a_mcp.cli.install import uninstall

    return uninstall(arguments)


COMMANDS: Final[dict[str, Callable[[list[str]], int]]] = {
    "check": check,
    "demo": demo,
    "demo-agent": demo_agent,
    "install": install,
    "uninstall": uninstall,
}
