"""Speaking with a host before there is an event loop, while a module is being imported."""

from __future__ import annotations

import json
import os
import select
import socket
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from a2a_mcp.server.transports.first_words import greet
from a2a_mcp.server.transports.greeting import Greeting

SECONDS = 60
HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}}
CLIENT = {"clientInfo": {"name": "host", "version": "1"}}
INITIALIZED = b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n'
MODULE = "imported_when_the_test_says_so"

Ends = tuple[int, int]


def request(number: int, method: str, **params: Any) -> bytes:
    message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
    return json.dumps(message).encode() + b"\n"


OPENING = request(0, "initialize", **HELLO, **CLIENT) + INITIALIZED
CALL = request(9, "tools/call", name="agent_info", arguments={})


def socket_pair() -> Ends:
    reads, writes = socket.socketpair()
    return reads.detach(), writes.detach()


class Listening(Greeting):
    """A greeting that says when it has heard something."""

    def __init__(self) -> None:
        super().__init__("Be kind.")
        self.heard = Event()

    def hear(self, data: bytes) -> bytes:
        self.heard.set()
        return super().hear(data)


@dataclass
class Host:
    """The host's ends, and the greeting; the import ends when the test lets it."""

    stdin: int
    stdout: int
    greeting: Listening
    done: Future[None]
    _gate: int
    _unread: bytes = b""

    def let_import_end(self) -> None:
        os.write(self._gate, b"!")

    def read(self) -> Any:
        """Return the next answer."""
        while b"\n" not in self._unread:
            assert select.select([self.stdout], [], [], SECONDS)[0], "nothing is said"
            self._unread += os.read(self.stdout, 1 << 16)
        line, _, self._unread = self._unread.partition(b"\n")
        return json.loads(line)


@pytest.fixture(params=[os.pipe, socket_pair])
def ends(request: pytest.FixtureRequest) -> Callable[[], Ends]:
    make: Callable[[], Ends] = request.param
    return make


@pytest.fixture
def host(
    ends: Callable[[], Ends], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Host]:
    """Greet in a thread; at the end the import is let go."""
    (stdin, says), (hears, stdout), (gate, opens) = ends(), ends(), os.pipe()
    (tmp_path / f"{MODULE}.py").write_text(f"import os\nos.read({gate}, 1)\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, MODULE, raising=False)
    os.set_blocking(stdout, False)  # as where another process has it so
    greeting = Listening()
    with ThreadPoolExecutor() as pool:
        done = pool.submit(greet, greeting, [MODULE], stdin, stdout)
        given = Host(says, hears, greeting, done, opens)
        yield given
        given.let_import_end()
        done.result(SECONDS)
    for number in (stdin, given.stdin, given.stdout, stdout, gate, opens):
        if number >= 0:
            os.close(number)


@contextmanager
def closed(host: Host, name: str) -> Iterator[None]:
    os.close(getattr(host, name))
    setattr(host, name, -1)
    yield


def test_a_host_is_answered_while_the_import_goes_on(host: Host) -> None:
    os.write(host.stdin, OPENING[:30])
    os.write(host.stdin, OPENING[30:])
    assert host.read()["result"]["instructions"] == "Be kind."
    os.write(host.stdin, request(1, "tools/list"))
    assert len(host.read()["result"]["tools"]) > 1
    os.write(host.stdin, request(2, "ping"))
    assert host.read() == {"jsonrpc": "2.0", "id": 2, "result": {}}
    assert not host.done.done()
    assert host.greeting.opening == OPENING


def test_when_the_import_ends_nothing_more_is_read(host: Host) -> None:
    os.write(host.stdin, OPENING)
    host.read()
    host.let_import_end()
    host.done.result(SECONDS)
    os.write(host.stdin, request(1, "ping"))
    assert not select.select([host.stdout], [], [], 0)[0]
    assert host.greeting.rest == b""


def test_a_call_waits_for_the_import_and_what_follows_stays_in_the_pipe(host: Host) -> None:
    os.write(host.stdin, OPENING + request(1, "tools/list") + CALL)
    assert [host.read()["id"] for _ in range(2)] == [0, 1]
    os.write(host.stdin, request(2, "ping"))
    host.let_import_end()
    host.done.result(SECONDS)
    assert host.greeting.rest == CALL
    assert not select.select([host.stdout], [], [], 0)[0]


def test_the_end_of_stdin_is_left_to_the_transport(host: Host) -> None:
    os.write(host.stdin, OPENING + CALL[:-1])
    host.read()
    with closed(host, "stdin"):
        host.let_import_end()
        host.done.result(SECONDS)
    assert host.greeting.rest == CALL[:-1]


def test_a_host_that_reads_no_more_is_left_to_the_transport(host: Host) -> None:
    with closed(host, "stdout"):
        os.write(host.stdin, OPENING + CALL)
        assert host.greeting.heard.wait(SECONDS)
        host.let_import_end()
        host.done.result(SECONDS)
    assert host.greeting.opening == OPENING


def test_answers_that_do_not_fit_into_a_pipe_are_written_as_the_host_reads(host: Host) -> None:
    many = range(1, 60)
    os.write(host.stdin, OPENING + b"".join(request(number, "tools/list") for number in many))
    assert [host.read()["id"] for _ in (0, *many)] == [0, *many]
