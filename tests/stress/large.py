"""What large answers cost the process of the bridge: memory at its peak and afterwards, the loop.

    python tests/stress/large.py --json      # a text of 20 MB and a file of 50 MB, each three calls

One bridge over stdio, one agent, both real processes. Memory is read from /proc, so it needs Linux.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
ERA: Final = "2026-07-28"
ENVELOPE: Final = {
    "io.modelcontextprotocol/protocolVersion": ERA,
    "io.modelcontextprotocol/clientInfo": {"name": "large", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
SIZES: Final = {"text": 20, "file": 50}
MEGABYTE: Final = 1_000_000
PATIENCE: Final = 30.0
LOOK_SECONDS: Final = 0.1
SETTLED: Final = 0.3
"""The part of an answer's size that may still be there before waiting for its return ends."""


@dataclass(frozen=True)
class Cost:
    """What one call cost: memory above the idle process as multiples of the size, and the loop."""

    call: str
    peak: float
    stays: float
    block_ms: int


class Bridge:
    """A bridge that is called; `beats` is the file in which its loop's late beats are."""

    def __init__(self, process: subprocess.Popen[bytes], beats: Path) -> None:
        self._process = process
        self._beats = beats
        self._number = 0

    def call(self, tool: str, **arguments: Any) -> None:
        """Call a tool, and wait for its result."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._number += 1
        params = {"name": tool, "arguments": arguments, "_meta": ENVELOPE}
        request = {"jsonrpc": "2.0", "id": self._number, "method": "tools/call", "params": params}
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()
        while (answer := json.loads(self._process.stdout.readline())).get("id") != self._number:
            continue
        assert "isError" not in answer["result"] or not answer["result"]["isError"], answer

    def cost(self, name: str, megabytes: int, work: Callable[[], None]) -> Cost:
        """Return what some work costs, which is given time to be let go of afterwards."""
        size, idle, heard = megabytes * MEGABYTE, self._memory("VmRSS"), len(self._late())
        Path(f"/proc/{self._process.pid}/clear_refs").write_text("5")  # the peak begins again
        work()
        deadline = time.monotonic() + PATIENCE
        while self._memory("VmRSS") - idle > SETTLED * size and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)
        peak, stays = self._memory("VmHWM") - idle, self._memory("VmRSS") - idle
        late = self._late()[heard:]
        return Cost(name, peak / size, stays / size, max(late, default=0))

    def _memory(self, name: str) -> int:
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith(name))
        return int(line.split()[1]) * 1024

    def _late(self) -> list[int]:
        return [int(line) for line in self._beats.read_text().split()]


def free_port() -> int:
    """Return a loopback port that nothing listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def agent() -> Iterator[str]:
    """Run the agent; return its URL."""
    port = free_port()
    with subprocess.Popen([sys.executable, str(HERE / "large_agent.py"), str(port)]) as process:
        try:
            deadline = time.monotonic() + PATIENCE
            while time.monotonic() < deadline:
                with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                time.sleep(LOOK_SECONDS)
            yield f"http://127.0.0.1:{port}/"
        finally:
            process.kill()


@contextmanager
def bridge(folder: Path, url: str) -> Iterator[Bridge]:
    """Run the bridge in front of an agent, with room for large answers."""
    config, beats = folder / "agents.toml", folder / "beats"
    config.write_text(
        f'[agents.large]\nurl = "{url}"\n[agents.large.limits]\nbody_bytes = 200_000_000\n'
    )
    beats.touch()
    command = [sys.executable, str(HERE / "beating.py"), "--config", str(config)]
    env = {name: value for name, value in os.environ.items() if not name.startswith("A2A_")}
    with subprocess.Popen(
        [*command, "--state-dir", str(folder / "state")],
        env=env | {"BEATS": str(beats)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        try:
            yield Bridge(process, beats)
        finally:
            process.kill()


def measured(folder: Path, rounds: int = 1) -> list[Cost]:
    """Send, read and open each large thing; return what it costs, of several rounds as one.

    What came first pays for modules and threads that stay, so something small comes before.
    """
    with agent() as url, bridge(folder, url) as running:
        running.call("send_task", message="text 0 small")
        every = [list(_costs(running, SIZES, str(number))) for number in range(rounds)]
    return [_as_one(same) for same in zip(*every, strict=True)]


def _as_one(same: tuple[Cost, ...]) -> Cost:
    """Return the most of all rounds, but the shortest wait: a busy machine makes waits longer."""
    return Cost(
        same[0].call,
        max(cost.peak for cost in same),
        max(cost.stays for cost in same),
        min(cost.block_ms for cost in same),
    )


def _costs(running: Bridge, sizes: dict[str, int], mark: str) -> Iterator[Cost]:
    for kind, megabytes in sizes.items():
        task, size = f"{kind}-{megabytes}-{mark}", max(megabytes, 1)
        name = f"{kind} of {megabytes} MB"
        where = {"agent": "large", "task_id": task}
        calls: dict[str, dict[str, str]] = {
            "send_task": {"message": task.replace("-", " ")},
            "get_task": where,
            "get_artifact": where | {"artifact_id": "a1"},
        }
        for tool, arguments in calls.items():
            yield running.cost(f"{name}, {tool}", size, partial(running.call, tool, **arguments))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        costs = measured(Path(folder), rounds=3)
    if options.json:
        print(json.dumps([asdict(cost) for cost in costs]))
        return
    for cost in costs:
        memory = f"peak {cost.peak:.2f} x, stays {cost.stays:.2f} x"
        print(f"{cost.call:<36} {memory}, loop held up {cost.block_ms} ms")


if __name__ == "__main__":
    main()
