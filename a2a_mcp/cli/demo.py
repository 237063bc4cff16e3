"""`a2a-mcp demo` and `a2a-mcp demo-agent`: the demo agent, with a tour of the tools or alone."""

from __future__ import annotations

import argparse
import sys

import anyio

from a2a_mcp.cli.exit_codes import DONE, USAGE_ERROR


def run_tour(arguments: list[str]) -> int:
    """Start the demo agent and the bridge, show every tool, and return the exit code."""
    argparse.ArgumentParser(prog="a2a-mcp demo").parse_args(arguments)
    try:
        from a2a_mcp.demo.tour import tour
    except ImportError as error:
        return _say_missing("demo", error)
    return anyio.run(tour, sys.stdout)


def run_agent(arguments: list[str]) -> int:
    """Serve the demo agent until a signal comes; return the exit code. Raises CannotListen."""
    parser = argparse.ArgumentParser(prog="a2a-mcp demo-agent")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=9999, help="port; 0 = any (%(default)s)")
    options = parser.parse_args(arguments)
    try:
        from a2a_mcp.demo.agent import serve
    except ImportError as error:
        return _say_missing("demo-agent", error)
    anyio.run(serve, options.host, options.port, _print_url)
    return DONE


def _print_url(url: str) -> None:
    print(url, flush=True)


def _say_missing(command: str, error: ImportError) -> int:
    print(f"a2a-mcp {command}: {error}", file=sys.stderr)
    return USAGE_ERROR
