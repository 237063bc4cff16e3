"""`a2a-mcp demo` and `a2a-mcp demo-agent`: the demo agent, with a tour of the tools or alone."""

from __future__ import annotations

import sys
from typing import Annotated, TypeAlias

import anyio
from cyclopts import Parameter

from a2a_mcp.cli.exit_codes import DONE, USAGE_ERROR
from a2a_mcp.cli.hosts import installation

Host: TypeAlias = Annotated[str, Parameter(metavar="HOST", help="address to listen on")]
Port: TypeAlias = Annotated[int, Parameter(metavar="N", help="port; 0 = any")]


def demo() -> int:
    """Start the demo agent and the bridge, show every tool, and return the exit code."""
    try:
        from a2a_mcp.demo.tour import tour
    except ImportError as error:
        return _say_missing("demo", error)
    program, words = installation.command()
    return anyio.run(tour, sys.stdout, [program, *words])


def demo_agent(*, host: Host = "127.0.0.1", port: Port = 9999) -> int:
    """Serve the demo agent until a signal comes; return the exit code. Raises CannotListen."""
    try:
        from a2a_mcp.demo.agent import serve
    except ImportError as error:
        return _say_missing("demo-agent", error)
    anyio.run(serve, host, port, _print_url)
    return DONE


def _print_url(url: str) -> None:
    print(url, flush=True)


def _say_missing(command: str, error: ImportError) -> int:
    print(f"a2a-mcp {command}: {error}", file=sys.stderr)
    return USAGE_ERROR
