"""The private attributes of the mcp SDK: that they exist, and that the version is bounded."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, cast

import pytest
from mcp.server import MCPServer
from mcp.server._otel import OpenTelemetryMiddleware
from mcp.server.connection import Connection
from mcp.server.lowlevel import Server
from mcp.server.session import ServerSession

import a2a_mcp
from a2a_mcp.server.sdk_private import (
    connection_state,
    lowlevel_server,
    on_disconnect,
    promise_tool_changes,
)

pytestmark = pytest.mark.anyio

PACKAGE = Path(a2a_mcp.__file__).parent
PRIVATE = {"_lowlevel_server", "_connection", "_otel"}
FOREIGN_ATTRIBUTE = re.compile(r"(?<!\bself)(?<!\bcls)(?<!\bos)\.(_[a-z]\w*)")


def test_the_sdk_is_bounded_to_the_minor_version_whose_attributes_are_known() -> None:
    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8"))
    assert "mcp>=2.3,<2.4" in project["project"]["dependencies"]


def test_private_attributes_are_reached_in_one_module_only() -> None:
    found: dict[str, set[str]] = {}
    for room in ("server", "cli", "demo"):
        for path in (PACKAGE / room).rglob("*.py"):
            names = set(FOREIGN_ATTRIBUTE.findall(path.read_text(encoding="utf-8")))
            if names:
                found[path.relative_to(PACKAGE).as_posix()] = names
    assert found == {"server/sdk_private.py": PRIVATE}


def test_lowlevel_server_of_mcpserver() -> None:
    assert isinstance(lowlevel_server(MCPServer[Any]("it")), Server)


def test_changes_of_tools_are_promised_at_the_handshake_only_where_they_come() -> None:
    server = MCPServer[Any]("it")
    lowlevel = lowlevel_server(server)
    before = lowlevel.create_initialization_options().capabilities
    promise_tool_changes(server)
    after = lowlevel.create_initialization_options().capabilities
    assert before.tools is not None
    assert after.tools is not None
    assert (before.tools.list_changed, after.tools.list_changed) == (False, True)


TRACED = """
from mcp.server import MCPServer
from opentelemetry import trace
from a2a_mcp.server.sdk_private import trace_messages, lowlevel_server

def middleware():
    server = MCPServer("it")
    trace_messages(server)
    return [type(each).__name__ for each in lowlevel_server(server).middleware]

print("OpenTelemetryMiddleware" in middleware())
trace.set_tracer_provider(trace.NoOpTracerProvider())
print("OpenTelemetryMiddleware" in middleware())
"""


def test_middleware_of_opentelemetry_is_dropped_only_where_no_provider_is_set() -> None:
    assert OpenTelemetryMiddleware in map(type, lowlevel_server(MCPServer[Any]("it")).middleware)
    done = subprocess.run(
        [sys.executable, "-c", TRACED], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == ["False", "True"]


async def test_connection_of_serversession() -> None:
    connection = Connection.from_envelope("2026-07-28", None, None)
    session = ServerSession(cast(Any, connection.outbound), connection)
    ended: list[str] = []
    async with connection.exit_stack:
        connection_state(session)["key"] = "value"
        on_disconnect(session, lambda: ended.append("ended"))
        assert connection.state == {"key": "value"}
        assert ended == []
    assert ended == ["ended"]
