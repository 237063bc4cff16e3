"""The command line: serve over stdio or HTTP, check the configuration, run the demo.

The outermost boundary: it turns errors into one line on stderr and an exit code. Over stdio nothing
but protocol may reach stdout, so nothing is printed there unless a command was asked for.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final

import anyio

from a2a_mcp import __version__
from a2a_mcp.config import load
from a2a_mcp.config.reload import Reloader
from a2a_mcp.errors import ConfigError

log = logging.getLogger(__name__)

FAILED: Final = 1
USAGE_ERROR: Final = 2
INTERRUPTED: Final = 130
COMMANDS: Final = ("check", "demo", "demo-agent")
EPILOG: Final = """\
commands:
  a2a-mcp check [URL ...]          read the configuration, contact every agent, say how it is
  a2a-mcp demo                     start a demo agent and show what the tools do
  a2a-mcp demo-agent [--port N]    only serve the demo agent

Agents come from agents.toml, from $A2A_AGENTS (name=url,name=url) and from what is given here.
"""


@dataclass(frozen=True, slots=True)
class Started:
    """The configuration of a run, read once."""

    reloader: Reloader
    state_folder: Path

    @property
    def config(self) -> load.Config:
        """The configuration as it was read."""
        return self.reloader.config


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and end the process with its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    command = given[0] if given and given[0] in COMMANDS else None
    run = RUNNERS[command]
    try:
        code = run(given[1:] if command else given)
    except ConfigError as error:
        print("\n".join(error.faults), file=sys.stderr)
        code = USAGE_ERROR
    except ImportError as error:
        if command not in ("demo", "demo-agent"):
            raise
        print(f"a2a-mcp {command}: {error}", file=sys.stderr)
        code = USAGE_ERROR
    except OSError as error:  # a port that is taken, a folder that cannot be read
        print(f"a2a-mcp: {error}", file=sys.stderr)
        code = FAILED
    except KeyboardInterrupt:
        code = INTERRUPTED
    sys.exit(code)


def serve(arguments: list[str]) -> int:
    """Serve MCP over stdio, or with --http over streamable HTTP."""
    # Start-up makes many objects that live as long as the process: not worth looking through.
    gc.disable()
    options = _parser().parse_args(arguments)
    started = _start(options)
    if options.http:
        return _serve_http(options, started)
    if sys.stdin.isatty():
        print("a2a-mcp: waiting for an MCP host on standard input; see --help", file=sys.stderr)
    anyio.run(_serve_stdio, started)
    return 0


def _refuse_slips(given: list[str]) -> None:
    """Say what is meant where a command is misspelt or too late, or a URL lacks its beginning."""
    for word in given:
        near = get_close_matches(word, COMMANDS, n=1)
        name, mark, url = word.rpartition("=")
        if word in COMMANDS:
            said = f"the command {word} comes first: a2a-mcp {word} …"
        elif near:
            said = f"there is no command {word!r}; did you mean {near[0]}?"
        elif "://" in word:
            continue
        elif url == "localhost" or set(url) & set(".:"):
            scheme = "http" if ":" in url or url == "localhost" else "https"
            said = f"{word!r} is no URL; did you mean {name}{mark}{scheme}://{url}?"
        else:
            said = f"{word!r} is neither a URL nor a command; see a2a-mcp --help"
        raise ConfigError([f"a2a-mcp: {said}"])


async def _serve_stdio(started: Started) -> None:
    from a2a_mcp.server.lifespan import create_server
    from a2a_mcp.server.transports.stdio import serve_stdio

    closed, closing = anyio.Event(), anyio.Event()
    server = create_server(
        started.config,
        started.state_folder,
        reloader=started.reloader,
        closed=closed.set,
        closing=closing,
        local=True,
    )
    _settle()
    await serve_stdio(server, closed, closing)


def _serve_http(options: argparse.Namespace, started: Started) -> int:
    from a2a_mcp.a2a.auth.static import reveal
    from a2a_mcp.server.auth.static_tokens import auth_options
    from a2a_mcp.server.lifespan import create_server
    from a2a_mcp.server.transports.http import check_exposure, serve_http

    wanted = {
        name: value
        for name in ("host", "port", "path")
        if (value := getattr(options, name)) is not None
    }
    settings = load.server_with(started.config.server, wanted)
    check_exposure(settings, allow_unauthenticated=options.allow_unauthenticated)

    async def run() -> None:
        tokens = {name: await reveal(token) for name, token in settings.tokens.items()}
        closing = anyio.Event()
        server = create_server(
            started.config,
            started.state_folder,
            reloader=started.reloader,
            closing=closing,
            **auth_options(tokens),
        )

        def ready(url: str) -> None:
            print(f"a2a-mcp: {url}", file=sys.stderr, flush=True)

        _settle()
        any_host = options.allow_unauthenticated
        await serve_http(server, settings, ready, closing, any_host=any_host)

    anyio.run(run)
    return 0


def _settle() -> None:
    """End start-up: what was made so far is never garbage."""
    gc.freeze()
    gc.enable()


def check(arguments: list[str]) -> int:
    """Contact every agent and say how it is; 1 when one cannot be used."""
    parser = argparse.ArgumentParser(prog="a2a-mcp check")
    _add_config(parser)
    started = _start(parser.parse_args(arguments), quiet=True)
    from a2a_mcp.cli.check import report

    return anyio.run(report, started.config, sys.stdout)


def demo(arguments: list[str]) -> int:
    """Start the demo agent and the bridge, and walk through the tools."""
    argparse.ArgumentParser(prog="a2a-mcp demo").parse_args(arguments)
    from a2a_mcp.demo.tour import tour

    return anyio.run(tour, sys.stdout)


def demo_agent(arguments: list[str]) -> int:
    """Serve the demo agent until stopped."""
    parser = argparse.ArgumentParser(prog="a2a-mcp demo-agent")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=9999, help="port; 0 = any (%(default)s)")
    options = parser.parse_args(arguments)
    from a2a_mcp.demo.agent import serve as serve_agent

    def ready(url: str) -> None:
        print(url, flush=True)

    anyio.run(serve_agent, options.host, options.port, ready)
    return 0


RUNNERS: Final[dict[str | None, Callable[[list[str]], int]]] = {
    None: serve,
    "check": check,
    "demo": demo,
    "demo-agent": demo_agent,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="a2a-mcp",
        description="An MCP server through which any LLM host uses any remote A2A agent.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"a2a-mcp {__version__}")
    _add_config(parser)
    add = parser.add_argument
    add("--state-dir", type=Path, help="folder of the task map ($A2A_MCP_STATE_DIR)")
    add("--http", action="store_true", help="serve streamable HTTP instead of stdio")
    add("--host", help="address for --http (127.0.0.1)")
    add("--port", type=int, help="port for --http (8000)")
    add("--path", help="path for --http (/mcp)")
    add(
        "--allow-unauthenticated",
        action="store_true",
        help="with --http: listen beyond this machine without tokens; anyone who can connect may "
        "use every agent",
    )
    return parser


def _add_config(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("urls", nargs="*", metavar="URL", help="an agent's URL or its card's, or NAME=URL")
    add("--config", type=Path, help="agents.toml ($A2A_MCP_CONFIG, else the user's)")
    add("--strict", action="store_true", help="treat a mistake in one agent as fatal")
    add("--log-level", help="debug, info, warning (the default) or error ($A2A_MCP_LOG)")
    add("--log-json", action="store_true", help="write the log as JSON lines")


def _start(options: argparse.Namespace, *, quiet: bool = False) -> Started:
    """Read the configuration and set up the log, before the SDK sets up its own."""
    from a2a_mcp.telemetry.logs import configure

    _refuse_slips(options.urls)
    reloader = Reloader(
        path=load.config_path(options.config), urls=options.urls, strict=options.strict
    )
    found = reloader.config
    level = load.log_level(options.log_level)
    configure(level, options.log_json, redact=found.secrets.mask)
    if not quiet:
        for note in found.notes:
            log.warning("%s", note)
        for name, reason in found.faults.items():
            log.warning("agent %s is disabled: %s", name, reason)
    state = load.state_folder(getattr(options, "state_dir", None), found, os.environ)
    return Started(reloader, state)
