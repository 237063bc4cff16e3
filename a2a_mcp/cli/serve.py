"""`a2a-mcp`: serves MCP over stdio, or with --http over streamable HTTP."""

from __future__ import annotations

import argparse
import gc
import logging
import sys
from dataclasses import fields
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

import anyio

from a2a_mcp.cli.exit_codes import DONE
from a2a_mcp.cli.serve_options import parser
from a2a_mcp.cli.startup import Options, Started, start
from a2a_mcp.config import load
from a2a_mcp.config.schema import ServerConfig
from a2a_mcp.server.instructions import instructions
from a2a_mcp.server.transports.first_words import can_wait_for, greet
from a2a_mcp.server.transports.greeting import Greeting, offers_the_usual
from a2a_mcp.server.transports.signals import end_at_signals

if TYPE_CHECKING:
    from a2a_mcp.server.transports.webhooks import Webhooks

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
    _run_http(options, started)
    return DONE


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
    return anyio.run(_serve_stdio, started, _greeted(started), backend_options=_event_loop())


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

    closed, closing = anyio.Event(), anyio.Event()
    server = create_server(
        started.config,
        started.state_folder,
        reloader=started.reloader,
        closed=closed.set,
        closing=closing,
        local=True,
        webhooks=_webhooks(started, over_http=False),
    )
    _end_startup()
    return await serve_stdio(server, closed, closing, greeting)


def _run_http(options: argparse.Namespace, started: Started) -> None:
    from a2a_mcp.server.transports.http import check_exposure

    settings = _http_settings(options, started.config.server)
    check_exposure(settings, allow_unauthenticated=options.allow_unauthenticated)
    any_host = options.allow_unauthenticated
    anyio.run(_serve_http, started, settings, any_host, backend_options=_event_loop())


def _http_settings(options: argparse.Namespace, configured: ServerConfig) -> ServerConfig:
    """Return the configured settings with those of the command line in their place."""
    given = {name: getattr(options, name) for name in ("host", "port", "path")}
    return load.server_with(
        configured, {name: value for name, value in given.items() if value is not None}
    )


async def _serve_http(started: Started, settings: ServerConfig, any_host: bool) -> None:
    from a2a_mcp.a2a.auth.static import reveal
    from a2a_mcp.server.auth.entrance import entrance
    from a2a_mcp.server.lifespan import create_server
    from a2a_mcp.server.readiness import Readiness
    from a2a_mcp.server.transports.admin import admin
    from a2a_mcp.server.transports.http import Ending, serve_http

    webhooks = _webhooks(started, over_http=True)
    tokens = {name: await reveal(token) for name, token in settings.tokens.items()}
    door = entrance(settings, tokens)
    readiness = Readiness(door.providers)
    ending = Ending(anyio.Event(), readiness, settings.drain_seconds)
    server = create_server(
        started.config,
        started.state_folder,
        reloader=started.reloader,
        closing=ending.closing,
        webhooks=webhooks,
        began=readiness.begin,
        **door.options,
    )
    if webhooks:
        webhooks.mount(server)
    _end_startup()
    async with admin(settings.admin, readiness):
        await serve_http(
            server, settings, _print_url, ending, any_host=any_host, before=door.before
        )


def _webhooks(started: Started, *, over_http: bool) -> Webhooks | None:
    """Return what receives the posts of agents, if the configuration has a place for it."""
    server = started.config.server
    if server.push is None:
        return None
    if server.push.port is None and not over_http:
        log.warning("server.push.port: is missing, so nothing listens over stdio; tasks are polled")
        return None
    from a2a_mcp.server.transports.webhooks import open_webhooks

    return open_webhooks(server.push, started.state_folder, server.state_key)


def _print_url(url: str) -> None:
    print(f"a2a-mcp: {url}", file=sys.stderr, flush=True)


def _event_loop() -> dict[str, bool]:
    """Return the options of the event loop: uvloop is used where the extra `speed` is installed."""
    return {"use_uvloop": sys.platform != "win32" and find_spec("uvloop") is not None}


def _end_startup() -> None:
    """Collect garbage from now on, but never among the objects made so far."""
    gc.freeze()
    gc.enable()
