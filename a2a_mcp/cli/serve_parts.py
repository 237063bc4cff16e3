"""What serving needs over stdio and over HTTP alike."""

from __future__ import annotations

import gc
import logging
import os
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

from a2a_mcp import __version__
from a2a_mcp.cli.startup import Started
from a2a_mcp.telemetry.metrics import VARIABLES

if TYPE_CHECKING:
    from a2a_mcp.server.transports.webhooks import Webhooks

log = logging.getLogger(__name__)


def webhooks(started: Started, *, over_http: bool) -> Webhooks | None:
    """Return what receives the posts of agents, if the configuration has a place for it."""
    server = started.config.server
    if server.push is None:
        return None
    if server.push.port is None and not over_http:
        log.warning("server.push.port: is missing, so nothing listens over stdio; tasks are polled")
        return None
    from a2a_mcp.server.transports.webhooks import open_webhooks

    return open_webhooks(server.push, started.state_folder, server.state_key)


def begin_telemetry(*, over_http: bool) -> None:
    """Load OpenTelemetry where it is wanted; it must be there before a server is made."""
    if over_http or any(map(os.environ.get, VARIABLES)):
        from a2a_mcp.telemetry.providers import start_telemetry

        start_telemetry(os.environ, __version__, over_http=over_http)


def event_loop() -> dict[str, bool]:
    """Return the options of the event loop: uvloop is used where the extra `speed` is installed."""
    return {"use_uvloop": sys.platform != "win32" and find_spec("uvloop") is not None}


def end_startup() -> None:
    """Collect garbage from now on, but never among the objects made so far."""
    gc.freeze()
    gc.enable()
