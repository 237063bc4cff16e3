"""Many tasks at once: is any wrong in the map, is any result lost, what does it cost others?

    scripts/many 800              # tasks that run at the same time, and then all end
    scripts/many 600 --chatty     # tasks that speak four times a second for two minutes

One bridge over stdio, one fast agent for the tasks and another for the unrelated calls. A second
bridge without tasks makes the same calls in turn with it, so that both meet the same load of the
machine. It prints figures, and ends with 1 if a limit is missed. Memory is read from /proc, so it
needs Linux.
"""

import argparse
import asyncio
import itertools
import json
import os
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

AGENT: Final = Path(__file__).with_name("many_agent.py")
ERA: Final = "2026-07-28"
ENVELOPE: Final = {
    "io.modelcontextprotocol/protocolVersion": ERA,
    "io.modelcontextprotocol/clientInfo": {"name": "many", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
REHEARSAL_SECONDS: Final = 3.0
CALL_PAUSE: Final = 0.02
AT_ONCE: Final = 32
SETTLE_SECONDS: Final = 60.0
MOST_SLOWER: Final = 1.5
MOST_P95_MS: Final = 50.0
MOST_GROWTH: Final = 100.0
MOST_MB: Final = 300.0
MOST_SHARE: Final = 10.0
QUIET_SECONDS: Final = 20.0
LINE_BYTES: Final = 1 << 24


class Host:
    """A host over pipes that makes many calls at the same time."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._numbers = itertools.count()
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._reading = asyncio.ensure_future(self._read())

    async def send(self, agent: str, message: str, wait: float) -> dict[str, Any]:
        """Call `send_task`; return the structure of its result."""
        arguments = {"agent": agent, "message": message, "wait_seconds": wait}
        params = {"name": "send_task", "arguments": arguments, "_meta": ENVELOPE}
        number = next(self._numbers)
        request = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}
        answered = self._waiting[number] = asyncio.get_running_loop().create_future()
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        result = (await answered)["result"]
        assert not result.get("isError"), result
        structured: dict[str, Any] = result["structuredContent"]
        return structured

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            answer = json.loads(line)
            waiting = self._waiting.pop(answer.get("id"), None)
            if waiting:
                waiting.set_result(answer)

    async def time(self) -> float:
        """Make an unrelated call; return its milliseconds."""
        began = time.perf_counter()
        await self.send("other", "echo hello", 10)
        return (time.perf_counter() - began) * 1e3


@dataclass
class Figures:
    """What was measured, and what is wrong with it."""

    as_json: bool = False
    values: dict[str, float | str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def show(self, name: str, value: float | str, *, fine: bool = True) -> None:
        """Keep one figure, and print it where people read."""
        self.values[name] = value
        shown = value if isinstance(value, str) else f"{value:.1f}"
        if not self.as_json:
            print(f"{name:<44} {shown}{'' if fine else '   MISSED'}", flush=True)
        if not fine:
            self.faults.append(name)


def free_port() -> int:
    """Return a loopback port that nothing listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def agent() -> Iterator[str]:
    """Run an agent; return its URL."""
    port = free_port()
    with subprocess.Popen([sys.executable, str(AGENT), str(port)]) as process:
        try:
            while True:
                with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}/"
        finally:
            process.kill()


def resident_mb(pid: int) -> float:
    """Return a process's resident memory now, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    kib = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(kib) * 1024 / 1e6


def peak_mb(pid: int) -> float:
    """Return the most resident memory that a process has had, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    kib = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(kib) * 1024 / 1e6


def processor_seconds(pid: int) -> float:
    """Return the processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def share_of_core(pid: int) -> float:
    """Return the percentage of one core that a process uses while nobody calls it."""
    before, began = processor_seconds(pid), time.monotonic()
    await asyncio.sleep(QUIET_SECONDS)
    return 100 * (processor_seconds(pid) - before) / (time.monotonic() - began)


def states(folder: Path) -> Counter[str]:
    """Count the tasks of the map by their state, without those of the unrelated calls."""
    with closing(sqlite3.connect(f"file:{folder / 'tasks.db'}?mode=ro", uri=True)) as opened:
        rows = opened.execute("SELECT state FROM tasks WHERE agent = 'many'").fetchall()
    return Counter(state for (state,) in rows)


def kept(folder: Path) -> int:
    """Count the kept results of tasks, without those of the unrelated calls."""
    files = (json.loads(path.read_bytes()) for path in (folder / "kept").iterdir())
    return sum(document["key"][1] == "many" for document in files)


async def begin(host: Host, count: int, words: str) -> None:
    """Begin tasks, some at the same time."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        async with gate:
            await host.send("many", f"{words} {number}", 0)

    await asyncio.gather(*map(one, range(count)))


async def settled(folder: Path, count: int, figures: Figures) -> None:
    """Wait until every task has ended in the map and is kept, a minute at most."""
    began = time.monotonic()
    while time.monotonic() - began < SETTLE_SECONDS:
        if states(folder) == {"completed": count} and kept(folder) == count:
            break
        await asyncio.sleep(0.5)
    figures.show("seconds until all were right", time.monotonic() - began)
    found = states(folder)
    figures.show("states in the map", str(dict(found)), fine=found == {"completed": count})
    figures.show("results kept", kept(folder), fine=kept(folder) == count)


async def times(idle: Host, busy: Host, seconds: float) -> tuple[list[float], list[float]]:
    """Call two bridges in turn for so long; return the milliseconds of the calls of each."""
    alone, beside = [], []
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        alone.append(await idle.time())
        beside.append(await busy.time())
        await asyncio.sleep(CALL_PAUSE)
    return alone, beside


def compare(alone: list[float], beside: list[float], figures: Figures, *, chatty: bool) -> None:
    """Show what unrelated calls cost alone and beside the tasks."""
    median, slower = statistics.median(alone), statistics.median(beside)
    p95, slow = (statistics.quantiles(each, n=20)[-1] for each in (alone, beside))
    figures.show("unrelated call alone, median ms", median)
    figures.show("unrelated call alone, p95 ms", p95)
    figures.show("beside the tasks, median ms", slower)
    ratio = slower / median
    figures.show("median, times alone", f"{ratio:.2f}", fine=chatty or ratio <= MOST_SLOWER)
    figures.show("beside the tasks, p95 ms", slow, fine=slow - p95 <= MOST_P95_MS)


def configuration(options: argparse.Namespace, url: str, other: str) -> str:
    """Return the text of agents.toml."""
    server = f"[server]\nmax_followed = {options.followed}\n" if options.followed else ""
    many = f'[agents.many]\nurl = "{url}"\nlimits = {{ concurrency = {options.concurrency} }}\n'
    return f'{many}[agents.other]\nurl = "{other}"\n{server}'


@asynccontextmanager
async def bridge(config: Path, state: Path) -> AsyncIterator[tuple[Host, int]]:
    """Run a bridge over pipes; yield its host and its process id."""
    command = ["-m", "a2a_mcp", "--config", str(config), "--state-dir", str(state)]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, stdin=pipe, stdout=pipe, limit=LINE_BYTES, env={**os.environ}
    )
    try:
        yield Host(process), process.pid
    finally:
        process.kill()
        await process.wait()


async def measure(options: argparse.Namespace, url: str, other: str, folder: Path) -> Figures:
    """Begin the tasks, call beside them, end them, and look what is known."""
    figures, config = Figures(options.json), folder / "agents.toml"
    config.write_text(configuration(options, url, other))
    async with bridge(config, folder / "state") as (busy, pid), bridge(config, folder) as (idle, _):
        await times(idle, busy, REHEARSAL_SECONDS)
        before = resident_mb(pid)
        began = time.monotonic()
        await begin(busy, options.tasks, "chat" if options.chatty else "work")
        figures.show("seconds to begin them", time.monotonic() - began)
        await show_cost(options, idle, busy, pid, figures)
        growth = resident_mb(pid) - before
        figures.show("memory grown by, MB", growth, fine=growth < MOST_GROWTH or not options.chatty)
        await asyncio.to_thread(urllib.request.urlopen, f"{url}end", b"{}")
        await settled(folder / "state", options.tasks, figures)
        most = peak_mb(pid)
        figures.show("most resident memory, MB", most, fine=most < MOST_MB)
    return figures


async def show_cost(
    options: argparse.Namespace, idle: Host, busy: Host, pid: int, figures: Figures
) -> None:
    """Show what the tasks cost while they run."""
    share = await share_of_core(pid)
    fine = options.chatty or share <= MOST_SHARE * max(1, options.tasks / 500)
    figures.show("share of a core while nobody calls, %", share, fine=fine)
    seconds = options.seconds or (120 if options.chatty else 35)
    compare(*await times(idle, busy, seconds), figures, chatty=options.chatty)


def main() -> None:
    """Run one load."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tasks", type=int, nargs="?", default=800)
    parser.add_argument("--chatty", action="store_true", help="each speaks four times a second")
    parser.add_argument("--seconds", type=float, help="how long they run (35, or 120 if chatty)")
    parser.add_argument("--concurrency", type=int, default=64, help="connections to their agent")
    parser.add_argument("--followed", type=int, help="max_followed (the default)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, agent() as url, agent() as other:
        figures = asyncio.run(measure(options, url, other, Path(folder)))
    if options.json:
        print(json.dumps(figures.values))
    sys.exit(1 if figures.faults else 0)


if __name__ == "__main__":
    main()
