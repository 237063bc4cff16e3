"""What `a2a-mcp` takes when it serves, and its `--help`.

It imports nothing of the configuration, so that `--help` answers at once.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from shutil import get_terminal_size
from textwrap import fill
from typing import Final

from a2a_mcp import __version__
from a2a_mcp.cli.commands import overview

EPILOG: Final = """\
commands (what each takes: a2a-mcp COMMAND --help):
{commands}

{sources}
"""
SOURCES: Final = (
    "Agents come from agents.toml, from $A2A_AGENTS (name=url,name=url) and from the URLs that are "
    "given here."
)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the arguments of `a2a-mcp` without a command."""
    columns = get_terminal_size().columns - 2  # as argparse itself leaves a margin
    commands, sources = overview(columns), fill(SOURCES, columns)
    made = argparse.ArgumentParser(
        prog="a2a-mcp",
        description="An MCP server through which any LLM host uses any remote A2A agent.",
        epilog=EPILOG.format(commands=commands, sources=sources),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--version", action="version", version=f"a2a-mcp {__version__}")
    _add_configuration(made)
    _add_serving(made)
    return made


def _add_configuration(made: argparse.ArgumentParser) -> None:
    add = made.add_argument
    add("urls", nargs="*", metavar="URL", help="an agent's URL or its card's, or NAME=URL")
    add(
        "--config", type=Path, metavar="FILE", help="agents.toml ($A2A_MCP_CONFIG, else the user's)"
    )
    add("--strict", action="store_true", help="treat a mistake in one agent as fatal")
    add(
        "--log-level",
        metavar="LEVEL",
        help="debug, info, warning (the default) or error ($A2A_MCP_LOG)",
    )
    add("--log-json", action="store_true", help="write the log as JSON lines")


def _add_serving(made: argparse.ArgumentParser) -> None:
    add = made.add_argument
    add(
        "--state-dir",
        type=Path,
        metavar="FOLDER",
        help="where tasks and results are kept ($A2A_MCP_STATE_DIR)",
    )
    add("--http", action="store_true", help="serve streamable HTTP instead of stdio")
    add("--host", help="address for --http (127.0.0.1)")
    add("--port", type=int, metavar="N", help="port for --http (8000)")
    add("--path", help="path for --http (/mcp)")
    add("--workers", type=int, metavar="N", help="processes that serve the port of --http (1)")
    add(
        "--allow-unauthenticated",
        action="store_true",
        help="with --http: listen beyond this machine without tokens; anyone who can connect may "
        "use every agent",
    )
