"""Hosts that are faster than the import of the SDK: answered at once, and nothing twice or wrongly.

The import waits for the test, so that a host is always faster.
"""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from e2e.bridges import END_SECONDS, PATIENT, Home, free_port
from e2e.lines import CLIENT, LEGACY, META, MODERN, OLD

GATED: Final = """
import atexit, os, sys
from a2a_mcp.cli.main import main

class Gate:
    def find_spec(self, name, *_):
        if name == "mcp":
            sys.meta_path.remove(self)
            if os.read(int(sys.argv[1]), 1) == b"0":
                sys.exit()  # of the thread

sys.meta_path.insert(0, Gate())
atexit.register(print, "returned", file=sys.stderr)
main(sys.argv[2:])
"""
SECONDS: Final = 60
NEVER_SEEN: Final = "2031-01-01"
VERSIONS: Final = (LEGACY, MODERN)

Message = dict[str, Any]


@dataclass
class Bridge:
    """A bridge whose import waits; `said` are all its messages so far."""

    process: "subprocess.Popen[bytes]"
    gate: int
    said: list[Message]
    unread: bytes = b""

    def write(self, data: bytes) -> None:
        assert self.process.stdin
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def open_gate(self) -> None:
        os.write(self.gate, b"1")

    def end_import(self) -> None:
        """Let the import end without anything imported."""
        os.write(self.gate, b"0")

    def read(self) -> Message:
        """Return the next message."""
        assert self.process.stdout
        while b"\n" not in self.unread:
            assert select.select([self.process.stdout], [], [], SECONDS)[0], "nothing is said"
            more = os.read(self.process.stdout.fileno(), 1 << 16)
            assert more, "the bridge has ended"
            self.unread += more
        line, _, self.unread = self.unread.partition(b"\n")
        self.said.append(json.loads(line))
        return self.said[-1]

    def answers(self, *numbers: int) -> list[Message]:
        """Return the next answers, which are to these requests, in any order."""
        found = {message["id"]: message for message in (self.read() for _ in numbers)}
        assert sorted(found) == sorted(numbers)
        return [found[number] for number in numbers]

    def end(self) -> bytes:
        """Close stdin, let the import end; return what else was said, once it has ended well."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        rest = self.unread + self.process.stdout.read()
        assert self.process.wait(END_SECONDS) == 0
        return rest


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path).configure({"dead": f"http://127.0.0.1:{free_port()}"})


@contextmanager
def started(home: Home, before: str = PATIENT) -> Iterator[Bridge]:
    """Start a bridge that imports the SDK when the test opens the gate."""
    gate, opens = os.pipe()
    places = ["--config", str(home.config), "--state-dir", str(home.folder)]
    command = [sys.executable, "-c", before + GATED, str(gate), *places]
    pipe, env = subprocess.PIPE, home.environment()
    with (
        home.stderr.open("ab") as stderr,
        subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=stderr, env=env, pass_fds=[gate]
        ) as process,
    ):
        try:
            yield Bridge(process, opens, [])
        finally:
            process.kill()
            os.close(gate)
            os.close(opens)


def request(version: str, number: int, method: str, **params: Any) -> bytes:
    """Return the line of a request, with its envelope where the version has one."""
    if version == MODERN:
        params["_meta"] = {
            f"{META}protocolVersion": MODERN,
            f"{META}clientInfo": CLIENT,
            f"{META}clientCapabilities": {},
        }
    message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
    return json.dumps(message).encode() + b"\n"


def opening(version: str) -> bytes:
    """Return what a host says first; its request has the number 0."""
    if version == MODERN:
        return request(version, 0, "server/discover")
    hello = {"protocolVersion": version, "capabilities": {}, "clientInfo": CLIENT}
    initialized = b'{"jsonrpc": "2.0", "method": "notifications/initialized"}\n'
    return request(version, 0, "initialize", **hello) + initialized


def call(version: str, number: int) -> bytes:
    return request(version, number, "tools/call", name="agent_info", arguments={})


@pytest.mark.parametrize("version", VERSIONS)
def test_a_host_has_the_tools_before_the_sdk_is_imported_and_the_same_ones_after(
    home: Home, version: str
) -> None:
    with started(home) as bridge:
        bridge.write(opening(version))
        assert "- dead" in bridge.read()["result"]["instructions"]
        bridge.write(request(version, 1, "tools/list"))
        before = bridge.read()["result"]
        bridge.open_gate()
        bridge.write(call(version, 2))
        assert "dead" in str(bridge.read()["result"])
        bridge.write(request(version, 3, "tools/list"))
        assert bridge.read()["result"] == before
        assert bridge.end() == b""
    assert [message["id"] for message in bridge.said] == [0, 1, 2, 3]
    assert home.stderr.read_text() == "returned\n"


@pytest.mark.parametrize("version", [*OLD, LEGACY, MODERN])
def test_what_is_said_in_one_write_is_answered_in_two(home: Home, version: str) -> None:
    with started(home) as bridge:
        lines = opening(version), request(version, 1, "tools/list"), call(version, 2)
        bridge.write(b"".join(lines) + request(version, 3, "tools/list"))
        hello, before = bridge.answers(0, 1)
        assert hello["result"].get("protocolVersion", version) == version
        bridge.open_gate()
        called, after = bridge.answers(2, 3)
        assert "dead" in str(called["result"])
        assert before["result"] == after["result"]
        assert bridge.end() == b""


@pytest.mark.parametrize("version", VERSIONS)
def test_a_line_is_whole_whichever_side_of_the_import_its_pieces_come(
    home: Home, version: str
) -> None:
    lines = opening(version) + call(version, 1)
    with started(home) as bridge:
        bridge.write(lines[:40])
        bridge.write(lines[40:-20])
        bridge.answers(0)
        bridge.open_gate()
        bridge.write(lines[-20:])
        assert "dead" in str(bridge.answers(1))
        assert bridge.end() == b""


@pytest.mark.parametrize(
    "first", [b"hello\n", b"\n", b"[" + request(LEGACY, 7, "ping").strip() + b"]\n"]
)
@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_no_request_waits_for_the_sdk_and_harms_nothing(
    home: Home, version: str, first: bytes
) -> None:
    with started(home) as bridge:
        bridge.write(first + opening(version) + request(version, 1, "tools/list"))
        bridge.open_gate()
        hello, listed = bridge.answers(0, 1)
        assert "- dead" in hello["result"]["instructions"]
        assert len(listed["result"]["tools"]) > 1
        assert bridge.end() == b""


def test_a_version_to_come_is_answered_with_the_newest_one(home: Home) -> None:
    with started(home) as bridge:
        bridge.write(opening(NEVER_SEEN))
        assert bridge.read()["result"]["protocolVersion"] == LEGACY
        bridge.open_gate()
        bridge.write(call(LEGACY, 1))
        assert "dead" in str(bridge.answers(1))
        assert bridge.end() == b""


def test_discovering_twice_is_answered_twice(home: Home) -> None:
    with started(home) as bridge:
        bridge.write(opening(MODERN) + request(MODERN, 1, "server/discover"))
        first, second = bridge.answers(0, 1)
        bridge.open_gate()
        bridge.write(request(MODERN, 2, "server/discover"))
        third = bridge.read()
        assert first["result"] == second["result"] == third["result"]
        assert bridge.end() == b""


def test_a_handshake_after_discovery_is_refused_by_the_sdk(home: Home) -> None:
    with started(home) as bridge:
        bridge.write(opening(MODERN) + request(LEGACY, 1, "initialize", protocolVersion=LEGACY))
        bridge.answers(0)
        bridge.open_gate()
        assert "error" in bridge.read()
        assert bridge.end() == b""


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("said", [0, 1])
def test_a_host_that_leaves_during_the_import_ends_the_bridge(
    home: Home, version: str, said: int
) -> None:
    with started(home) as bridge:
        bridge.write(opening(version) * said)
        for number in range(said):
            bridge.answers(number)
        assert bridge.process.stdin
        bridge.process.stdin.close()
        bridge.open_gate()
        assert bridge.end() == b""
    assert home.stderr.read_text() == "returned\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_during_the_import_is_a_return_when_it_ends(
    home: Home, number: signal.Signals
) -> None:
    with started(home) as bridge:
        bridge.write(opening(LEGACY))
        bridge.answers(0)
        bridge.process.send_signal(number)
        bridge.end_import()
        assert bridge.process.wait(END_SECONDS) == 128 + number
    assert home.stderr.read_text() == "returned\n"


def test_a_signal_ends_also_an_import_that_does_not_end(home: Home) -> None:
    with started(home, before="") as bridge:
        bridge.write(opening(LEGACY))
        bridge.answers(0)
        bridge.process.send_signal(signal.SIGTERM)
        assert bridge.process.wait(END_SECONDS) == -signal.SIGTERM


@pytest.mark.parametrize("settings", [{"read_only": True}, {"toolsets": ["push"]}])
def test_other_tools_than_the_usual_are_told_by_the_sdk(
    home: Home, settings: dict[str, Any]
) -> None:
    home.configure({"dead": "http://127.0.0.1:1"}, **settings)
    with started(home) as bridge:
        bridge.write(opening(LEGACY) + request(LEGACY, 1, "tools/list"))
        bridge.open_gate()
        _, listed = bridge.answers(0, 1)
        names = [tool["name"] for tool in listed["result"]["tools"]]
        assert ("send_task" in names) == ("toolsets" in settings)
        assert bridge.end() == b""
