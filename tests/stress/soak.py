"""A soak: four bridges on one state folder, real agents behind a faulty network, processes killed.

    scripts/soak 10      # minutes; prints figures, and ends with 1 if anything was found

Four bridge processes share one state folder. Each makes mixed calls to agents of three generations
through a proxy that cuts, swallows and delays. Every few seconds one process gets a kill -9. Once
the disk fills up and is freed again (on Linux as root, where a small file system can be mounted).
The clock of one process is an hour ahead. At the end every acknowledged task must be found, the
database must be sound, and no message may have been executed twice, by the agents' own logs.
"""

import argparse
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import uuid4

import anyio
from anyio.abc import Process
from e2e.bridges import Home
from e2e.hosts import Answer, Host
from e2e.lines import LEGACY, MODERN, line_host
from proxy import GONE, Fault, Passage, Proxy, proxied
from real_agents import Agent, Agents

KINDS: Final = ("1.3-jsonrpc", "0.3-jsonrpc", "0.2-jsonrpc")
PROCESSES: Final = 4
SPARED: Final = 0  # never killed, so that its memory can be watched
AHEAD: Final = 3  # its clock is wrong
CLOCK_SECONDS: Final = 3600
KILL_SECONDS: Final = 3.0
FULL_SECONDS: Final = 5.0
LOOK_SECONDS: Final = 1.0
DISK: Final = "24m"
MOST_GROWTH_MIB: Final = 20
MOST_NEW_DESCRIPTORS: Final = 20
IN_MEMORY: Final = "in memory only"  # the result says that a restart forgets this task
DIED: Final = (*GONE, anyio.IncompleteRead)
WRONG_CLOCK: Final = (
    "import time; real = time.time; time.time = lambda: real() + {seconds}; "
    "from a2a_mcp.cli.main import main; main()"
)
WORDS: Final = (
    "echo {id}",
    "task {id}",
    "task {id}",
    "stream 12 0.05 {id}",
    "stream 4 0.4 {id}",
    "after 0.5 task {id}",
    "silent 0.3 {id}",
    "input {id}",
    "fail {id}",
    "crash {id}",
    "letter {id}",
    "data {id}",
    "files {id}",
)


@dataclass(frozen=True)
class SharedHome(Home):
    """A home whose state lies in a folder of its own, for processes with different clocks."""

    state: Path
    clock_seconds: float = 0

    def command(self, *options: str) -> list[str]:
        places = ["--config", str(self.config), "--state-dir", str(self.state), *options]
        if not self.clock_seconds:
            return [sys.executable, "-m", "a2a_mcp", *places]
        return [sys.executable, "-c", WRONG_CLOCK.format(seconds=self.clock_seconds), *places]


@dataclass
class Ledger:
    """What was called, what was acknowledged, and what went wrong."""

    calls: Counter[str] = field(default_factory=Counter)
    acknowledged: dict[str, str] = field(default_factory=dict)
    """The id of each acknowledged task, and its agent."""
    asking: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    kills: int = 0
    in_memory: int = 0
    slowest: float = 0
    findings: list[str] = field(default_factory=list)
    memory_mib: list[float] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)

    def take(self, agent: str, answer: Answer) -> None:
        """Note what a send was answered with."""
        task_id = answer.get("task_id")
        if not task_id:
            return
        if IN_MEMORY in answer.text:
            self.in_memory += 1
            return
        self.acknowledged[task_id] = agent
        if answer.get("state") == "input-required":
            self.asking.append(task_id)


class Soak:
    """One run; `seed` makes the choice of calls and faults repeatable."""

    def __init__(self, home: SharedHome, seed: int) -> None:
        self._home = home
        self._random = random.Random(seed)
        self._processes: dict[int, Process] = {}
        self.ledger = Ledger()

    async def run(self, seconds: float, *, fills_disk: bool) -> None:
        """Call, kill and fill for `seconds`."""
        with anyio.move_on_after(seconds):
            async with anyio.create_task_group() as group:
                for number in range(PROCESSES):
                    group.start_soon(self._live, number)
                group.start_soon(self._kill)
                group.start_soon(self._watch)
                if fills_disk:
                    group.start_soon(self._fill_disk, seconds * 0.6)

    async def _live(self, number: int) -> None:
        """Call until killed, then start again."""
        home = self._home
        if number == AHEAD:
            home = SharedHome(home.folder, home.state, CLOCK_SECONDS)
        while True:
            with suppress(*DIED):
                async with line_host(home, self._random.choice((LEGACY, MODERN))) as (host, pipes):
                    self._processes[number] = pipes.process
                    while True:
                        await self._call(host)

    async def _call(self, host: Host) -> None:
        known = list(self.ledger.acknowledged)
        task_id = self._random.choice(known) if known else ""
        chance = self._random.random()
        if chance < 0.5 or not task_id:
            await self._send(host)
        elif chance < 0.55 and self.ledger.asking:
            asking = self.ledger.asking.pop(self._random.randrange(len(self.ledger.asking)))
            answer = {"message": self._text("{id}"), "task_id": asking, "wait_seconds": 2}
            await self._called(host, "send_task", **answer)
        elif chance < 0.7:
            await self._called(host, "get_task", task_id=task_id)
        elif chance < 0.8:
            await self._called(host, "subscribe", task_id=task_id, wait_seconds=1)
        elif chance < 0.86:
            await self._called(host, "cancel_task", task_id=task_id)
        elif chance < 0.93:
            await self._called(host, "list_tasks", limit=20)
        else:
            await self._called(host, "get_artifact", task_id=task_id, artifact_id="answer")

    async def _send(self, host: Host) -> None:
        agent, words = self._random.choice(KINDS), self._text(self._random.choice(WORDS))
        wait = self._random.choice((0, 0.5, 2))
        answer = await self._called(
            host, "send_task", message=words, agent=agent, wait_seconds=wait
        )
        self.ledger.take(agent, answer)

    def _text(self, words: str) -> str:
        text = words.format(id=uuid4().hex)
        self.ledger.texts.append(text)
        return text

    async def _called(self, host: Host, tool: str, **arguments: object) -> Answer:
        self.ledger.calls[tool] += 1
        try:
            answer = await host.call(tool, **arguments)
        except (AssertionError, TimeoutError) as error:
            self.ledger.findings.append(f"{tool} {arguments}: {error!r}"[:600])
            raise anyio.EndOfStream from None  # go on with a fresh process
        self.ledger.slowest = max(self.ledger.slowest, answer.seconds)
        return answer

    async def _kill(self) -> None:
        while True:
            await anyio.sleep(KILL_SECONDS)
            victims = [n for n in self._processes if n != SPARED]
            if victims:
                with suppress(ProcessLookupError):  # it is being started again
                    self._processes.pop(self._random.choice(victims)).kill()
                    self.ledger.kills += 1

    async def _watch(self) -> None:
        """Measure the process that is never killed."""
        while True:
            await anyio.sleep(LOOK_SECONDS)
            process = self._processes.get(SPARED)
            if process:
                with suppress(FileNotFoundError, ValueError):  # without /proc nothing is measured
                    self.ledger.memory_mib.append(resident_mib(process.pid))
                    self.ledger.descriptors.append(len(os.listdir(f"/proc/{process.pid}/fd")))

    async def _fill_disk(self, after: float) -> None:
        await anyio.sleep(after)
        filler = self._home.state / "filler"
        with suppress(OSError), filler.open("wb") as file:
            while True:
                file.write(bytes(1 << 16))
                file.flush()
        await anyio.sleep(FULL_SECONDS)
        filler.unlink()


def resident_mib(pid: int) -> float:
    """Return the resident memory of a process in MiB."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def faulty(chooser: random.Random) -> Fault:
    """Return a fault that strikes three in ten requests, each time differently."""

    def strike(passage: Passage) -> None:
        chance = chooser.random()
        if chance < 0.2:
            passage.events = chooser.choice((0, 1, 2, 5))
        elif chance < 0.3:
            passage.swallowed = passage.sends

    return strike


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """Mount a small file system on `folder` where that can be done; yields whether it was."""
    if sys.platform != "linux" or os.geteuid() != 0:
        yield False
        return
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=700", "tmpfs", str(folder)]
    mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


@asynccontextmanager
async def faulty_agents(chooser: random.Random) -> AsyncIterator[dict[str, tuple[Agent, Proxy]]]:
    """Start the agents, each behind a proxy that breaks what passes."""
    agents = Agents()
    try:
        async with AsyncExitStack() as stack:
            found = {}
            for kind in KINDS:
                agent = agents(kind)
                proxy = await stack.enter_async_context(proxied(agent.url))
                proxy.fault = faulty(chooser)
                found[kind] = agent, proxy
            yield found
    finally:
        agents.end()


async def judge(home: SharedHome, ledger: Ledger, agents: list[Agent]) -> None:
    """Add to the findings what is lost, damaged, executed twice or grown."""
    async with line_host(home) as (host, _):
        for task_id, agent in ledger.acknowledged.items():
            answer = await host.call("get_task", task_id=task_id)
            if "No task" in answer.text:
                ledger.findings.append(f"lost: {task_id} at {agent}: {answer.text}")
    with closing(sqlite3.connect(home.state / "tasks.db")) as base:
        (sound,) = base.execute("PRAGMA integrity_check").fetchone()
    if sound != "ok":
        ledger.findings.append(f"the database is damaged: {sound}")
    ours = set(ledger.texts)
    executed = Counter(entry["text"] for agent in agents for entry in agent.log())
    twice = [text for text, times in executed.items() if times > 1 and text in ours]
    ledger.findings += [f"executed twice: {text}" for text in twice]
    _judge_growth(ledger)


def _judge_growth(ledger: Ledger) -> None:
    quarter = len(ledger.memory_mib) // 4
    if not quarter:
        return
    for what, figures, most in (
        ("MiB of memory", ledger.memory_mib, MOST_GROWTH_MIB),
        ("descriptors", ledger.descriptors, MOST_NEW_DESCRIPTORS),
    ):
        early, late = figures[quarter : 2 * quarter], figures[-quarter:]
        grown = statistics.median(late) - statistics.median(early)
        if grown > most:
            ledger.findings.append(f"grew by {grown:.0f} {what}")


async def soak(seconds: float, folder: Path, seed: int) -> Ledger:
    """Run the soak and judge it; returns the ledger with its findings."""
    state = folder / "state"
    state.mkdir()
    home = SharedHome(folder, state)
    with small_disk(state) as mounted:
        async with faulty_agents(random.Random(seed)) as agents:
            home.configure({kind: proxy.url for kind, (_, proxy) in agents.items()})
            run = Soak(home, seed)
            await run.run(seconds, fills_disk=mounted)
            for _, proxy in agents.values():
                proxy.fault = lambda _: None
            await judge(home, run.ledger, [agent for agent, _ in agents.values()])
            return run.ledger


def report(ledger: Ledger, seconds: float) -> str:
    """Return the figures of a run for a person."""
    memory, descriptors = ledger.memory_mib or [0], ledger.descriptors or [0]
    tools = ", ".join(f"{tool} {count}" for tool, count in ledger.calls.most_common())
    lines = [
        f"{sum(ledger.calls.values())} calls in {seconds:.0f} s ({tools})",
        f"{ledger.kills} kills; {len(ledger.acknowledged)} tasks acknowledged, "
        f"{ledger.in_memory} more while the disk was full; slowest call {ledger.slowest:.1f} s",
        f"memory of the spared process {min(memory):.0f} to {max(memory):.0f} MiB, "
        f"descriptors {min(descriptors)} to {max(descriptors)}",
        f"{len(ledger.findings)} findings",
        *ledger.findings,
    ]
    return "\n".join(lines)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Soak the bridge and print what was found.")
    parser.add_argument("minutes", type=float, nargs="?", default=10)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f"seed {options.seed}")
    with tempfile.TemporaryDirectory() as folder:
        seconds = options.minutes * 60
        ledger = anyio.run(soak, seconds, Path(folder), options.seed)
    print(report(ledger, seconds))
    sys.exit(bool(ledger.findings))


if __name__ == "__main__":
    main()
