"""The first requests of a host: answered as the SDK answers them, to the byte, or not at all.

With A2A_MCP_UPDATE_GOLDEN=1 in the environment `greeting.json` is written again.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import mcp.types as t
import pytest
from mcp.shared.message import SessionMessage
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from staging import configured

from a2a_mcp.config.load import Config
from a2a_mcp.config.schema import ServerConfig
from a2a_mcp.server.instructions import instructions
from a2a_mcp.server.lifespan import create_server
from a2a_mcp.server.sdk_private import lowlevel_server
from a2a_mcp.server.transports.greeting import META, MODERN, RESULTS, Greeting, offers_the_usual
from a2a_mcp.server.transports.lines import read_message

pytestmark = pytest.mark.anyio

UPDATE = "A2A_MCP_UPDATE_GOLDEN"
SECONDS = 60
NEWEST = HANDSHAKE_PROTOCOL_VERSIONS[-1]
CLIENT = {"name": "host", "version": "1"}
ENVELOPE = {
    f"{META}protocolVersion": MODERN,
    f"{META}clientInfo": CLIENT,
    f"{META}clientCapabilities": {},
}
INITIALIZED = b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n'
AGENTS = configured(a={"url": "https://a.example", "description": 'Übersetzt "alles" \t\x7f'})


def request(method: str, params: Any = None, number: Any = 1, **more: Any) -> bytes:
    """Return the line of a request, without params where they are None."""
    given = {} if params is None else {"params": params}
    message = {"jsonrpc": "2.0", "id": number, "method": method, **given, **more}
    return json.dumps(message, ensure_ascii=False).encode() + b"\n"


def initialize(version: Any = NEWEST, number: Any = 0, **changed: Any) -> bytes:
    params = {"protocolVersion": version, "capabilities": {}, "clientInfo": CLIENT}
    return request("initialize", params | changed, number)


def modern(method: str, number: Any = 0, *, params: Any = None, **meta: Any) -> bytes:
    envelope = {key: value for key, value in (ENVELOPE | meta).items() if value is not None}
    return request(method, {"_meta": envelope, **(params or {})}, number)


class Sdk:
    """The SDK's own server on streams in memory."""

    def __init__(self, say: Any, answers: Any) -> None:
        self._say = say
        self._answers = answers

    async def answers(self, *lines: bytes) -> bytes:
        """Return what answers some lines, each before the next is said."""
        said = b""
        for line in lines:
            message = read_message(line)
            await self._say.send(message)
            if isinstance(message, SessionMessage) and isinstance(
                message.message, t.JSONRPCRequest
            ):
                answer = (await self._answers.receive()).message
                said += answer.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n"
        return said


@asynccontextmanager
async def sdk(config: Config) -> AsyncIterator[Sdk]:
    lowlevel = lowlevel_server(create_server(config, None, local=True))
    say, hear = anyio.create_memory_object_stream[Any](9)
    answer, answers = anyio.create_memory_object_stream[Any](9)
    with anyio.fail_after(SECONDS):
        async with anyio.create_task_group() as group, say, answers:
            options = lowlevel.create_initialization_options()
            group.start_soon(lowlevel.run, hear, answer, options)
            yield Sdk(say, answers)
            group.cancel_scope.cancel()


async def results() -> dict[str, Any]:
    """Return what `greeting.json` should hold: the SDK's answers, but no instructions."""
    async with sdk(configured()) as server:
        bare = [initialize(), INITIALIZED, request("ping"), request("tools/list")]
        said = await server.answers(*bare)
        shaken = [json.loads(line)["result"] for line in said.splitlines()]
    methods = ("server/discover", "tools/list")
    async with sdk(configured()) as server:
        said = await server.answers(*map(modern, methods))
        found = [json.loads(line)["result"] for line in said.splitlines()]
    for result in (shaken[0], found[0]):
        result["instructions"] = ""
    return {
        "versions": HANDSHAKE_PROTOCOL_VERSIONS,
        "handshake": dict(zip(("initialize", "ping", "tools/list"), shaken, strict=True)),
        MODERN: dict(zip(methods, found, strict=True)),
    }


async def test_the_file_holds_what_the_sdk_answers() -> None:
    """With A2A_MCP_UPDATE_GOLDEN=1 in the environment the file is written instead."""
    text = json.dumps(await results(), indent=1, ensure_ascii=False) + "\n"
    if os.environ.get(UPDATE):
        RESULTS.write_text(text, encoding="utf-8")
    assert text == RESULTS.read_text(encoding="utf-8")


@pytest.mark.parametrize("config", [configured(), AGENTS], ids=["no agent", "an agent"])
@pytest.mark.parametrize("version", [*HANDSHAKE_PROTOCOL_VERSIONS, "2026-07-28", "1999-01-01", ""])
async def test_a_handshake_is_answered_as_the_sdk_answers_it(config: Config, version: str) -> None:
    token = {"_meta": {"progressToken": 0}}
    lines = (
        initialize(version),
        request("tools/list", number="zwölf"),
        INITIALIZED,
        request("ping", {}, -5),
        request("tools/list", token, 1 << 70),
        request("ping", token, ""),
    )
    async with sdk(config) as server:
        expected = await server.answers(*lines)
    greeting = Greeting(instructions(config))
    assert greeting.hear(b"".join(lines)) == expected
    assert (greeting.opening, greeting.answered) == (lines[0] + INITIALIZED, 0)
    assert (greeting.rest, greeting.waits) == (b"", False)


@pytest.mark.parametrize("config", [configured(), AGENTS], ids=["no agent", "an agent"])
@pytest.mark.parametrize("first", ["server/discover", "tools/list"])
async def test_a_modern_host_is_answered_as_the_sdk_answers_it(config: Config, first: str) -> None:
    lines = (
        modern(first, "one"),
        modern("server/discover", 2, progressToken="t"),
        modern("tools/list", 3),
        modern("server/discover", 4),
    )
    async with sdk(config) as server:
        expected = await server.answers(*lines)
    greeting = Greeting(instructions(config))
    assert greeting.hear(b"".join(lines)) == expected
    assert (greeting.opening, greeting.answered) == (lines[0], "one")


# --- what hosts send ---

TASKS = {"list": {}, "cancel": {}, "requests": {"sampling": {"createMessage": {}}}}
UI = {"io.modelcontextprotocol/ui": {"mimeTypes": ["text/html;profile=mcp-app"]}}
CODEX = {"experimental": {"codex/auth-change": {}}, "elicitation": {"form": {}, "url": {}}}
CAPABILITIES: list[Any] = [
    CODEX,
    {"roots": {"listChanged": True}},
    {"roots": {"listChanged": False}, "sampling": {}, "tasks": TASKS, "extensions": UI},
    {"sampling": {"tools": {}, "context": {}}, "experimental": {"a": {"b": [1, None, "c"]}}},
    {"unknown": {"deeper": {"still": {}}}},
]


@pytest.mark.parametrize("capabilities", CAPABILITIES)
async def test_what_hosts_can_do_is_read_as_the_sdk_reads_it(capabilities: Any) -> None:
    clients: list[Any] = [CLIENT, CLIENT | {"title": "Höst", "websiteUrl": "x", "description": ""}]
    for client in clients:
        hello = initialize("2025-06-18", capabilities=capabilities, clientInfo=client)
        meta = {f"{META}clientCapabilities": capabilities, f"{META}clientInfo": client}
        for line in (hello, modern("server/discover", **meta)):
            async with sdk(AGENTS) as server:
                assert Greeting(instructions(AGENTS)).hear(line) == await server.answers(line)


# --- what waits for the SDK ---

FIRST: dict[str, bytes] = {
    "garbage": b"hello\n",
    "an empty line": b"\n",
    "a batch": b"[" + initialize().strip() + b"]\n",
    "an array": b"[]\n",
    "not UTF-8": initialize(clientInfo={"name": "?", "version": "1"}).replace(b"?", b"\xff"),
    "UTF-16": initialize().decode().encode("utf-16"),
    "half a surrogate pair": initialize(number="?").replace(b"?", b"\\ud83d"),
    "another JSON-RPC": initialize().replace(b'"2.0"', b'"1.0"'),
    "a notification of initialize": initialize().replace(b'"id": 0, ', b""),
    "an id that is null": initialize(number=None),
    "an id that is a flag": initialize(number=True),
    "an id that is a fraction": initialize(number=1.5),
    "an answer": b'{"jsonrpc":"2.0","id":1,"result":{}}\n',
    "initialized before all": INITIALIZED,
    "ping before all": request("ping"),
    "tools/list before all": request("tools/list"),
    "server/discover without an envelope": request("server/discover", {}),
    "a method that is none": request(["initialize"], {}),  # type: ignore[arg-type]
    "initialize without params": request("initialize"),
    "initialize with params that are none": request("initialize", []),
    "initialize with more": request("initialize", {**json.loads(initialize())["params"], "x": 1}),
    "initialize of a number": initialize(20250618),
    "initialize without a client": initialize(clientInfo=None),
    "initialize of a client without a version": initialize(clientInfo={"name": "host"}),
    "initialize of a client with a number": initialize(clientInfo=CLIENT | {"title": 1}),
    "initialize with an icon": initialize(clientInfo=CLIENT | {"icons": [{"src": "x"}]}),
    "initialize with a text for icons": initialize(clientInfo=CLIENT | {"icons": "x"}),
    "initialize with a list of capabilities": initialize(capabilities=[]),
    "initialize with a flag": initialize(capabilities={"sampling": True}),
    "initialize with an experimental flag": initialize(capabilities={"experimental": {"x": True}}),
    "initialize with a text for a flag": initialize(capabilities={"roots": {"listChanged": "x"}}),
    "initialize with a table for a flag": initialize(capabilities={"roots": {"listChanged": {}}}),
    "initialize with very deep tables": initialize(
        capabilities=json.loads('{"a":' * 250 + "{}" + "}" * 250)
    ),
    "discover of a version to come": modern(
        "server/discover", **{f"{META}protocolVersion": "3000"}
    ),
    "discover without a client": modern("server/discover", **{f"{META}clientInfo": None}),
    "discover without capabilities": modern(
        "server/discover", **{f"{META}clientCapabilities": None}
    ),
    "discover with bare names": request(
        "server/discover",
        {"_meta": {key.removeprefix(META): value for key, value in ENVELOPE.items()}},
    ),
    "discover with more": modern("server/discover", other=1),
    "discover with a cursor": modern("server/discover", params={"cursor": "x"}),
    "a modern call": modern("tools/call", params={"name": "agent_info"}),
    "a modern initialize": modern("initialize"),
}


@pytest.mark.parametrize("line", FIRST.values(), ids=FIRST)
def test_whatever_else_comes_first_waits_for_the_sdk(line: bytes) -> None:
    greeting = Greeting("")
    assert greeting.hear(line + initialize() + modern("tools/list")) == b""
    assert (greeting.waits, greeting.opening, greeting.answered) == (True, b"", None)
    assert greeting.rest == line + initialize() + modern("tools/list")


LATER: dict[str, bytes] = {
    "a call": request("tools/call", {"name": "agent_info", "arguments": {}}),
    "a second initialize": initialize(),
    "a second initialize that says nothing": request("initialize"),
    "a request with the modern envelope": modern("tools/list"),
    "server/discover": request("server/discover"),
    "another page": request("tools/list", {"cursor": "x"}),
    "params that are null": request("tools/list").replace(b"}\n", b',"params":null}\n'),
    "a token that is none": request("tools/list", {"_meta": {"progressToken": []}}),
    "more beside the token": request("tools/list", {"_meta": {"progressToken": 1, "trace": "x"}}),
    "more members": request("tools/list", more=1),
    "a cancellation": b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{}}\n',
    "initialized with params": INITIALIZED.replace(b"}\n", b',"params":{}}\n'),
}


@pytest.mark.parametrize("line", LATER.values(), ids=LATER)
def test_whatever_else_follows_waits_for_the_sdk_and_so_does_all_behind_it(line: bytes) -> None:
    greeting = Greeting("")
    assert greeting.hear(initialize() + INITIALIZED).count(b"\n") == 1
    assert greeting.hear(line + request("ping")) == b""
    assert (greeting.waits, greeting.rest) == (True, line + request("ping"))
    assert greeting.opening == initialize() + INITIALIZED


def test_a_handshake_on_a_modern_connection_waits_for_the_sdk() -> None:
    greeting = Greeting("")
    assert greeting.hear(modern("tools/list"))
    assert greeting.hear(initialize()) == b""
    assert (greeting.opening, greeting.rest) == (modern("tools/list"), initialize())


def test_a_line_may_come_in_pieces() -> None:
    whole, greeting = Greeting(""), Greeting("")
    lines = initialize() + INITIALIZED + request("tools/list")
    said = b"".join(greeting.hear(lines[at : at + 1]) for at in range(len(lines)))
    assert said == whole.hear(lines)
    assert (greeting.rest, greeting.waits) == (b"", False)


def test_a_line_that_does_not_end_is_left_to_the_sdk() -> None:
    greeting = Greeting("")
    line = request("tools/list", {"large": "x" * 70_000})
    assert greeting.hear(line[:40_000]) == b""
    assert not greeting.waits
    assert greeting.hear(line[40_000:-1]) == b""
    assert (greeting.waits, greeting.rest) == (True, line[:-1])


@pytest.mark.parametrize(
    ("settings", "usual"),
    [
        ({}, True),
        ({"read_only": True}, False),
        ({"toolsets": ["push"]}, False),
        ({"apps": True}, False),
        ({"tools": "both"}, False),
    ],
)
def test_only_the_usual_tools_are_told_before_the_sdk_is_there(
    settings: dict[str, Any], usual: bool
) -> None:
    assert offers_the_usual(ServerConfig(**settings)) == usual
