"""The bridge on uvloop, as the extra `speed` installs it: the same answers, and the same ends."""

import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import anyio.to_thread
import pytest
from mcp.types import INVALID_REQUEST
from real_agents import Agents
from real_agents.venvs import python_of

from e2e.bridges import END_SECONDS, PATIENT, Home
from e2e.hosts import http_host
from e2e.lines import LEGACY, MODERN, lines

pytestmark = pytest.mark.anyio

LARGE: Final = 8 << 20
SPEAKING: Final = """
import sys, uvloop
from a2a_mcp.cli.main import main

def made(make=uvloop.new_event_loop):
    print("on uvloop", file=sys.stderr)
    return make()

uvloop.new_event_loop = made
main(sys.argv[1:])
"""


@dataclass(frozen=True)
class WithUvloop(Home):
    """A home whose bridge finds uvloop, and says when it is used."""

    packages: str

    def program(self) -> list[str]:
        return [sys.executable, "-c", PATIENT + SPEAKING]

    def environment(self) -> dict[str, str]:
        search = [self.packages, *filter(None, [os.environ.get("PYTHONPATH")])]
        return super().environment() | {"PYTHONPATH": os.pathsep.join(search)}


@pytest.fixture
async def home(tmp_path: Path, running_agent: Agents) -> Home:
    python = await anyio.to_thread.run_sync(python_of, "uvloop")
    (packages,) = python.parents[1].glob("lib/python*/site-packages")
    home = WithUvloop(tmp_path, str(packages))
    return home.configure({"good": running_agent("1.3-jsonrpc").url})


@pytest.mark.parametrize("version", [LEGACY, MODERN])
@pytest.mark.parametrize("number", [None, signal.SIGTERM, signal.SIGINT])
async def test_over_pipes(home: Home, version: str, number: int | None) -> None:
    async with lines(home, version) as pipes:
        host = await pipes.host()
        assert (await host.call("send_task", message="stream 4 0 hello"))["state"] == "completed"
        refused = await pipes.request("tools/list", _meta={"half": "\ud83d"})
        assert refused["error"]["code"] == INVALID_REQUEST
        assert "result" in await pipes.request("tools/list", _meta={"large": "x" * LARGE})
        if number is None:
            await pipes.end_of_input()
        else:
            pipes.process.send_signal(number)
        assert await pipes.ended() == (128 + number if number else 0)
    assert home.stderr.read_text() == "on uvloop\n"


async def test_over_http(home: Home) -> None:
    async with home.serving() as served:
        async with http_host(served.url, "auto") as host:
            assert (await host.call("send_task", message="echo hello"))["text"] == "echo: hello"
        served.process.terminate()
        with anyio.fail_after(END_SECONDS):
            await served.process.wait()
    assert "on uvloop\n" in home.stderr.read_text()


async def test_a_host_that_does_not_read_is_not_listened_to(home: Home) -> None:
    async with lines(home) as pipes:
        await pipes.request("tools/list", _meta={"large": "x"})  # the SDK is imported by then
        sent, is_full = 0, False
        while sent < 1_000 and not is_full:
            with anyio.move_on_after(2 if sent > 20 else END_SECONDS) as waiting:
                await pipes.ask("tools/list", _meta={"large": "x" * 10_000})
                sent += 1
            is_full = waiting.cancelled_caught
        assert 20 < sent < 1_000
        await pipes.answer_to(sent + 2)  # two requests came before
        pipes.process.send_signal(signal.SIGTERM)
        assert await pipes.ended() == 143
