"""`a2a-mcp`: serves MCP over stdio, or with --http over streamable HTTP."""

from __future__ import annotations

import argparse
import gc
import logging
import sys
from dataclasses import fields
from typing import Final

import anyio

from a2a_mcp.cli.serve_options import parser
from a2a_mcp.cli.serve_parts import begin_telemetry, end_startup, event_loop, webhooks
from a2a_mcp.cli.start_options import Options
from a2a_mcp.cli.startup import Started, start
from a2a_mcp.config.schema import ServerConfig
from a2a_mcp.server.instructions import instructions
from a2a_mcp.server.transports.first_words import can_wait_for, greet
from a2a_mcp.server.transports.greeting import Greeting, offers_the_usual
from a2a_mcp.server.transports.signals import end_at_signals

log = logging.getLogger(__name__)

IMPORTED_MEANWHILE: Final = (
    "a2a_mcp.server.lifespan",
    "a2a_mcp.server.transports.stdio",
    "a2a_mcp.server.transports.pipes",
)

# The SDK writes its log through rich where that can be imported, and httpx imports it for a command
# of its own. Commands need it; a server would only start later for it.
NOT_FOR_SERVING: Final = "rich"


def run(arguments: list[str]) -> int:
    """Serve MCP until the host leaves or a signal comes; return the exit code.

    Raises ConfigError and CannotListen.
    """
    # Objects made at start live as long as the process: collecting garbage finds nothing there.
    gc.disable()
    keep_out(NOT_FOR_SERVING)
    options = parser().parse_args(arguments)
    started = start(_shared(options), options.urls)
    if not options.http:
        return _run_stdio(started)
    from a2a_mcp.cli.serve_http import run_http

    return run_http(options, started)


def _shared(options: argparse.Namespace) -> Options:
    """Return the options that the commands have too."""
    names = (field.name for field in fields(Options))
    return Options(**{name: getattr(options, name) for name in names})


def keep_out(package: str) -> None:
    """Let an import of a package fail in this process from now on, as if it were not installed."""
    sys.modules[package] = None  # type: ignore[assignment]  # how the import system spells it


def _run_stdio(started: Started) -> int:
    if sys.stdin.isatty():
        print("a2a-mcp: waiting for an MCP host on standard input; see --help", file=sys.stderr)
    _say_what_stdio_leaves_out(started.config.server)
    return anyio.run(_serve_stdio, started, _greeted(started), backend_options=event_loop())


def _greeted(started: Started) -> Greeting:
    """Return what the host has said while the SDK was imported; nothing where it had to wait."""
    greeting = Greeting(instructions(started.config))
    config = started.config
    is_usual = offers_the_usual(config.server) and not config.agents.have_tenants()
    if is_usual and can_wait_for(0, 1):
        end_at_signals()
        greet(greeting, IMPORTED_MEANWHILE)
    return greeting


def _say_what_stdio_leaves_out(config: ServerConfig) -> None:
    if config.store is not None:
        log.warning("server.store: is used with --http only; tasks are kept in the state folder")


async def _serve_stdio(started: Started, greeting: Greeting) -> int:
    from a2a_mcp.server.lifespan import create_server
    from a2a_mcp.server.transports.stdio import serve_stdio

    begin_telemetry(over_http=False)
    closed, closing = anyio.Event(), anyio.Event()
    server = create_server(
        started.config,
        started.state_folder,
        reloader=started.reloader,
        closed=closed.set,
        closing=closing,
        local=True,
        webhooks=webhooks(started, over_http=False),
    )
    end_startup()
    return await serve_stdio(server, closed, closing, greeting)
