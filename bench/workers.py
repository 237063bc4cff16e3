"""Calls a second of one worker and of two, in turns.

    uv run python bench/workers.py


The tool needs no agent, so that the bridge alone uses the cores beside the callers of this process.
"""

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from http_load import Caller
from wire import MODERN, request

CALL: Final = {"name": "agent_info", "arguments": {}}
COUNTS: Final = (1, 2)
CALLERS: Final = 16
CALLS_EACH: Final = 60
ROUNDS: Final = 7
START_SECONDS: Final = 30


class Reader(Caller):
    """A caller that reads the list of agents, which is empty."""

    async def call(self) -> None:
        """Call `agent_info` once."""
        self._number += 1
        body = request(MODERN, self._number, "tools/call", CALL)
        answer = await self._exchange(self._post("tools/call", body, "agent_info"))
        assert b'"isError":true' not in answer, answer


def start(folder: Path, count: int, port: int) -> subprocess.Popen[bytes]:
    """Start a bridge with so many workers."""
    config = folder / "agents.toml"
    config.write_text('[server]\nsessions = "none"\n')
    options = ["--port", str(port), "--workers", str(count), "--state-dir", str(folder)]
    command = [sys.executable, "-m", "a2a_mcp", "--http", "--config", str(config), *options]
    return subprocess.Popen(command)


async def opened(port: int) -> list[Reader]:
    """Return callers that are connected, once the bridge listens."""
    callers = [Reader(MODERN, port) for _ in range(CALLERS)]
    async with asyncio.timeout(START_SECONDS):
        for caller in callers:
            while True:
                try:
                    await caller.open()
                except ConnectionRefusedError:
                    await asyncio.sleep(0.1)
                else:
                    break
        for caller in callers:  # the first call builds what all others share
            await caller.call()
    return callers


async def rate(port: int) -> float:
    """Return calls a second of callers that connect for this round."""
    callers = await opened(port)
    began = time.perf_counter()
    await asyncio.gather(*(caller.calls(CALLS_EACH) for caller in callers))
    seconds = time.perf_counter() - began
    for caller in callers:
        await caller.close()
    return CALLERS * CALLS_EACH / seconds


async def measured(ports: dict[int, int]) -> dict[int, list[float]]:
    """Return the rates by the number of workers, round by round."""
    found: dict[int, list[float]] = {count: [] for count in ports}
    for number in range(ROUNDS + 1):
        for count, port in ports.items():
            seen = await rate(port)
            if number:  # the first round is a rehearsal
                found[count].append(seen)
    return found


def main() -> None:
    """Measure, and print a line for each number of workers."""
    with tempfile.TemporaryDirectory() as root:
        ports = {count: 8700 + count for count in COUNTS}
        bridges = []
        for count, port in ports.items():
            folder = Path(root, str(count))
            folder.mkdir()
            bridges.append(start(folder, count, port))
        try:
            found = asyncio.run(measured(ports))
        finally:
            for bridge in bridges:
                bridge.terminate()
                bridge.wait()
    one = statistics.median(found[1])
    for count, rates in found.items():
        median = statistics.median(rates)
        shown = " ".join(f"{rate:.0f}" for rate in rates)
        print(f"{count} worker(s): {median:.0f} calls/s, {median / one:.2f} x ({shown})")


if __name__ == "__main__":
    main()
