"""The bridge over the pipes of a host: its ends are its own returns, and odd lines harm nothing."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import mcp.types as t
import pytest
from real_agents import Agents

from e2e.bridges import END_SECONDS, PATIENT, START_SECONDS, Home, free_port, until
from e2e.lines import CLIENT, LEGACY, META, MODERN, Lines, lines

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("version", [LEGACY, MODERN])]

RETURNS: Final = """
import atexit, sys
from a2a_mcp.cli.main import main
atexit.register(print, "returned", file=sys.stderr)
main(sys.argv[1:])
"""
FEWEST: Final = 100
"""So many are taken in any case, however busy the machine is."""
MANY: Final = 20_000
"""As many answers would be 200 MB."""
FULL_SECONDS: Final = 2
"""A pipe that takes nothing for so long is full, and its reader reads no more."""
PING: Final = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
MB: Final = 1 << 20
ENVELOPE: Final[dict[str, Any]] = {
    f"{META}protocolVersion": MODERN,
    f"{META}clientInfo": CLIENT,
    f"{META}clientCapabilities": {},
}


class Returning(Home):
    """A home whose bridge says on stderr that it returns."""

    def program(self) -> list[str]:
        return [sys.executable, "-c", PATIENT + RETURNS]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Returning(tmp_path).configure({"dead": f"http://127.0.0.1:{free_port()}"})


async def stdin_closed(pipes: Lines) -> None:
    await pipes.end_of_input()


async def half_a_line(pipes: Lines) -> None:
    assert pipes.process.stdin
    await pipes.process.stdin.send(b'{"jsonrpc": "2.0", "id": 99, "method": "tools/li')
    await pipes.end_of_input()


async def sigterm(pipes: Lines) -> None:
    pipes.process.send_signal(signal.SIGTERM)


async def sigint(pipes: Lines) -> None:
    pipes.process.send_signal(signal.SIGINT)


ENDS: Final = {stdin_closed: 0, half_a_line: 0, sigterm: 143, sigint: 130}


@pytest.mark.parametrize("end", ENDS)
async def test_every_end_is_a_return_though_a_call_is_open(
    home: Home, running_agent: Agents, version: str, end: Callable[[Lines], Awaitable[None]]
) -> None:
    agent = running_agent("1.3-jsonrpc")
    home.configure({"good": agent.url})
    words = f"silent 600 {home.folder.name} {version} {end.__name__}"

    async def begun() -> bool:
        return any(entry["text"] == words for entry in agent.log())

    async with lines(home, version) as pipes:
        await pipes.ask("tools/call", name="send_task", arguments={"message": words})
        await until(begun)
        await end(pipes)
        assert await pipes.ended() == ENDS[end]
    assert home.stderr.read_text() == "returned\n"


async def test_a_line_of_64_mb_is_answered(home: Home, version: str) -> None:
    async with lines(home, version) as pipes:
        answer = await pipes.request("tools/list", _meta={"large": "x" * (64 * MB)})
        assert len(answer["result"]["tools"]) > 1


async def test_lines_that_are_no_message_harm_no_other(home: Home, version: str) -> None:
    async with lines(home, version) as pipes:
        refused = await pipes.request(
            "tools/call", name="send_task", arguments={"message": "half \ud83d"}
        )
        assert refused["error"]["code"] == t.INVALID_REQUEST
        assert pipes.process.stdin
        for line in (b"", b"{", b"[]", b"\xff\xfe", b"\x00", b'{"jsonrpc": "2.0", "id": 99}'):
            await pipes.process.stdin.send(line + b"\n")
        assert "result" in await pipes.request("tools/list")
        assert pipes.notifications == []


Opened = tuple[int, int, int, int]


def two_pipes() -> Opened:
    return (*os.pipe(), *os.pipe())


def two_socket_pairs() -> Opened:
    (stdin, host_writes), (host_reads, stdout) = socket.socketpair(), socket.socketpair()
    return stdin.detach(), host_writes.detach(), host_reads.detach(), stdout.detach()


def one_socket_pair() -> Opened:
    ours, theirs = socket.socketpair()
    return os.dup(theirs.fileno()), os.dup(ours.fileno()), ours.detach(), theirs.detach()


@contextmanager
def connected(home: Home, opened: Opened) -> Iterator[tuple[int, int, subprocess.Popen[bytes]]]:
    """Start a bridge on descriptors; yield where the host writes and reads, and the process."""
    stdin, host_writes, host_reads, stdout = opened
    with home.stderr.open("ab") as stderr:
        process = subprocess.Popen(home.command(), stdin=stdin, stdout=stdout, stderr=stderr)
    os.close(stdin)
    os.close(stdout)
    try:
        yield host_writes, host_reads, process
    finally:
        process.kill()
        process.wait()


def answered(host_writes: int, host_reads: int, version: str, number: int) -> None:
    """Send a request, whose first one opens the connection, and read its answer."""
    os.write(host_writes, _request(version, number))
    line = b""
    while not line.endswith(b"\n"):
        line += os.read(host_reads, 1 << 16)
    assert json.loads(line)["id"] == number
    assert "result" in json.loads(line)


def _request(version: str, number: int) -> bytes:
    """Return the line of a request; the first one opens the connection as the version does."""
    method, params = "tools/list", {"_meta": ENVELOPE} if version == MODERN else {}
    if version == LEGACY and number == 1:
        hello = {"protocolVersion": version, "capabilities": {}, "clientInfo": CLIENT}
        method, params = "initialize", hello
    request = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
    return json.dumps(request).encode() + b"\n"


def test_a_host_that_does_not_read_costs_no_memory(home: Home, version: str) -> None:
    with connected(home, two_pipes()) as (host_writes, host_reads, process):
        answered(host_writes, host_reads, version, 1)
        os.set_blocking(host_writes, False)
        numbers = range(2, MANY)
        taken = next((it for it in numbers if not _taken(host_writes, version, it)), MANY)
        assert FEWEST < taken < MANY
        process.send_signal(signal.SIGTERM)
        assert process.wait(END_SECONDS) == 143
        os.close(host_writes)
        os.close(host_reads)
    assert home.stderr.read_text() == "returned\n"


def _taken(host_writes: int, version: str, number: int) -> bool:
    """Send a request; return whether the pipe has taken it within a moment."""
    seconds = FULL_SECONDS if number > FEWEST else START_SECONDS
    _, writable, _ = select.select([], [host_writes], [], seconds)
    if writable:
        os.write(host_writes, _request(version, number))
    return bool(writable)


@pytest.mark.parametrize("opened", [two_pipes, two_socket_pairs])
def test_a_host_that_closes_stdout_ends_the_bridge(
    home: Home, version: str, opened: Callable[[], Opened]
) -> None:
    with connected(home, opened()) as (host_writes, host_reads, process):
        answered(host_writes, host_reads, version, 1)
        os.close(host_reads)
        assert process.wait(END_SECONDS) == 0
        os.close(host_writes)
    assert home.stderr.read_text() == "returned\n"


@pytest.mark.parametrize("opened", [two_socket_pairs, one_socket_pair])
def test_a_host_may_talk_over_sockets(
    home: Home, version: str, opened: Callable[[], Opened]
) -> None:
    with connected(home, opened()) as (host_writes, host_reads, process):
        for number in (1, 2, 3):
            answered(host_writes, host_reads, version, number)
        with socket.socket(fileno=host_writes) as host:
            host.shutdown(socket.SHUT_WR)
            assert process.wait(END_SECONDS) == 0
        os.close(host_reads)
    assert home.stderr.read_text() == "returned\n"


def test_a_file_is_read_as_stdin_and_written_as_stdout(home: Home, version: str) -> None:
    del version
    requests, answers = home.folder / "in", home.folder / "out"
    requests.write_text(json.dumps(PING) + "\n", encoding="utf-8")
    with requests.open("rb") as stdin, answers.open("wb") as stdout:
        done = subprocess.run(
            home.command(), stdin=stdin, stdout=stdout, timeout=START_SECONDS, check=False
        )
    assert done.returncode == 0
    assert [json.loads(line)["id"] for line in answers.read_bytes().splitlines()] == [1]
