"""Calls a second of one worker and of two, in turns.

    uv run python bench/workers.py

The tool needs no agent, so that the bridge alone uses the cores beside the callers of this process.
What the callers use, two workers cannot: the processor time of a call, the callers' part of it too,
says how many times as many calls the cores allow.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from http_load import Caller
from servers import cpu_seconds
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


@dataclass(frozen=True)
class Round:
    """Calls a second, and the processor milliseconds of one call in the bridge and its callers."""

    rate: float
    bridge_ms: float
    callers_ms: float


def used(bridge: int) -> float:
    """Return the CPU seconds of a bridge and its workers so far."""
    children = Path(f"/proc/{bridge}/task/{bridge}/children").read_text().split()
    return sum(map(cpu_seconds, (bridge, *map(int, children))))


async def measure(port: int, bridge: int) -> Round:
    """Measure callers that connect for this round."""
    callers, calls = await opened(port), CALLERS * CALLS_EACH
    began, by_bridge, by_callers = time.perf_counter(), used(bridge), time.process_time()
    await asyncio.gather(*(caller.calls(CALLS_EACH) for caller in callers))
    seconds = time.perf_counter() - began
    by_bridge, by_callers = used(bridge) - by_bridge, time.process_time() - by_callers
    for caller in callers:
        await caller.close()
    return Round(calls / seconds, 1e3 * by_bridge / calls, 1e3 * by_callers / calls)


async def measured(bridges: dict[int, tuple[int, int]]) -> dict[int, list[Round]]:
    """Return the rounds by the number of workers; the bridges are ports and process ids."""
    found: dict[int, list[Round]] = {count: [] for count in bridges}
    for number in range(ROUNDS + 1):
        for count, (port, process) in bridges.items():
            seen = await measure(port, process)
            if number:  # the first round is a rehearsal
                found[count].append(seen)
    return found


def show(count: int, rounds: list[Round], one: float) -> None:
    """Print the line of a number of workers; `one` is the rate of one."""
    rate = median(each.rate for each in rounds)
    bridge = median(each.bridge_ms for each in rounds)
    callers = median(each.callers_ms for each in rounds)
    rates = " ".join(f"{each.rate:.0f}" for each in rounds)
    cost = f"CPU of a call {bridge:.2f} ms, of its caller {callers:.2f} ms"
    print(f"{count} worker(s): {rate:.0f} calls/s, {rate / one:.2f} x, {cost} ({rates})")


def main() -> None:
    """Measure, and print a line for each number of workers."""
    with tempfile.TemporaryDirectory() as root:
        bridges = {}
        for count in COUNTS:
            folder = Path(root, str(count))
            folder.mkdir()
            bridges[count] = start(folder, count, 8700 + count)
        try:
            places = {count: (8700 + count, bridge.pid) for count, bridge in bridges.items()}
            found = asyncio.run(measured(places))
        finally:
            for bridge in bridges.values():
                bridge.terminate()
                bridge.wait()
    one = median(each.rate for each in found[1])
    for count, rounds in found.items():
        show(count, rounds, one)


if __name__ == "__main__":
    main()
