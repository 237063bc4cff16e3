"""A long session: many calls to one bridge over pipes, whose memory and descriptors stay flat.

    scripts/session 10000      # calls; prints figures, and ends with 1 if anything grew

One host, one call at a time, half of them in each era, to an agent that answers and one that
streams, and everything that a model does with a task afterwards. Memory is read from /proc: Linux.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import anyio
from e2e.bridges import Home
from e2e.hosts import Host
from e2e.lines import LEGACY, MODERN, line_host
from real_agents import Agents
from stress.soak import resident_mib

WORDS: Final = ("echo {id}", "task {id}", "stream 4 0 {id}", "fail {id}")
LOOKS: Final = 40  # how often the process is looked at
MOST_GROWTH_MIB: Final = 12
MOST_NEW_DESCRIPTORS: Final = 2


@dataclass
class Figures:
    """What was seen of one process."""

    version: str
    calls: int = 0
    seconds: float = 0
    memory_mib: list[float] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)

    def look(self, pid: int) -> None:
        """Note how the process is now."""
        self.memory_mib.append(resident_mib(pid))
        self.descriptors.append(len(os.listdir(f"/proc/{pid}/fd")))

    def faults(self) -> list[str]:
        """Return what grew from the second quarter of the session to its last."""
        return [
            f"{self.version}: {what} grew by {grown:.1f}"
            for what, figures, most in (
                ("memory (MiB)", self.memory_mib, MOST_GROWTH_MIB),
                ("descriptors", self.descriptors, MOST_NEW_DESCRIPTORS),
            )
            if (grown := _growth(figures)) > most
        ]

    def __str__(self) -> str:
        return (
            f"{self.version}: {self.calls} calls in {self.seconds:.0f} s; memory "
            f"{self.memory_mib[0]:.1f} to {self.memory_mib[-1]:.1f} MiB, second to last quarter "
            f"{_growth(self.memory_mib):+.1f}; descriptors {min(self.descriptors)} to "
            f"{max(self.descriptors)}"
        )


def _growth(figures: list[Any]) -> float:
    quarter = len(figures) // 4
    early, late = figures[quarter : 2 * quarter], figures[-quarter:]
    return statistics.median(late) - statistics.median(early)


async def session(folder: Path, url: str, calls: int, version: str) -> Figures:
    """Make `calls` calls in one session; return what was seen of the bridge."""
    home = Home(folder).configure({"good": url})
    figures = Figures(version)
    start = time.monotonic()
    async with line_host(home, version) as (host, pipes):
        for words in cycle(WORDS):
            figures.calls += await _task(host, words.format(id=uuid4().hex))
            pipes.written.clear()
            pipes.notifications.clear()
            if figures.calls * LOOKS >= calls * len(figures.memory_mib):
                figures.look(pipes.process.pid)
            if figures.calls >= calls:
                break
    figures.seconds = time.monotonic() - start
    return figures


async def _task(host: Host, words: str) -> int:
    """Send a message and read its task as a model might; return how many calls that took."""
    sent = await host.call("send_task", message=words)
    task_id = sent.get("task_id")
    if task_id is None:
        return 1
    await host.call("get_task", task_id=task_id)
    await host.call("list_tasks", limit=5)
    return 3


async def sessions(folder: Path, calls: int) -> list[Figures]:
    """Run half of the calls in each era."""
    agents = Agents()
    try:
        url = agents("1.3-jsonrpc").url
        found = []
        for version in (LEGACY, MODERN):
            (folder / version).mkdir()
            found.append(await session(folder / version, url, calls // 2, version))
        return found
    finally:
        agents.end()


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Make a long session and print what grew.")
    parser.add_argument("calls", type=int, nargs="?", default=10_000)
    with tempfile.TemporaryDirectory() as folder:
        found = anyio.run(sessions, Path(folder), parser.parse_args().calls)
    faults = [fault for figures in found for fault in figures.faults()]
    print(*found, *faults, sep="\n")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
