"""Three bridges on one database: one is killed, one frozen and one told to end, while tasks run.

    scripts/replicas 300 120      # tasks, seconds of each

It prints figures, and ends with 1 if a task is missing, has no result or was sent twice.

A third of the tasks is begun through each bridge. The time of a takeover is that from the signal
until no running task is noted as read by the bridge that got it. The next bridge is started
before the next signal; the frozen one goes on afterwards.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import anyio
import postgres
import psycopg
from e2e.bridges import Home, Served, until
from e2e.hosts import Host, http_host
from real_agents import Agent, start_agent

from a2a_mcp.store.base import PENDING

KEY: Final = "a key that is as long as it must be, 32 bytes"
AT_ONCE: Final = 8
FROZEN_SECONDS: Final = 3.0
MARGIN_SECONDS: Final = 60.0
SIGNALS: Final = (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM)
RUNNING: Final = "state IN ('submitted', 'working')"
READERS: Final = f"SELECT DISTINCT reader FROM tasks WHERE {RUNNING} AND reader IS NOT NULL"


@dataclass(frozen=True)
class Replica:
    """A bridge, and a host that is connected to it."""

    served: Served
    host: Host


@dataclass
class Figures:
    """What one run has seen; `findings` are the promises that were broken, in words."""

    takeovers: dict[str, float] = field(default_factory=dict)
    begun: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    findings: list[str] = field(default_factory=list)

    def report(self) -> str:
        """Return the figures, a line each."""
        lines = [f"{len(self.begun)} tasks, {self.seconds:.0f} s in all"]
        lines += [f"taken over after {name}: {s:.1f} s" for name, s in self.takeovers.items()]
        return "\n".join([*lines, *self.findings, f"{len(self.findings)} finding(s)"])


class Cluster:
    """Bridges on one database and one agent."""

    def __init__(self, folder: Path, agent: Agent, heartbeat: float, stack: AsyncExitStack) -> None:
        self.url = postgres.database(folder)
        self._folder = folder
        self._agent = agent
        self._heartbeat = heartbeat
        self._stack = stack
        self._names = iter(range(100))

    async def replica(self) -> Replica:
        """Start one more bridge, with a state folder of its own; it reads tasks from now on."""
        home = Home(self._folder / f"bridge-{next(self._names)}")
        home.folder.mkdir()
        store = {"url": self.url, "heartbeat_seconds": self._heartbeat}
        home.configure({"good": self._agent.url}, state_key=KEY, store=store)
        served = await self._stack.enter_async_context(home.serving())
        host = await self._stack.enter_async_context(http_host(served.url, "auto"))
        await host.call("list_tasks")
        return Replica(served, host)

    async def asked(self, statement: str) -> list[tuple[Any, ...]]:
        """Return the rows of a statement."""
        async with await psycopg.AsyncConnection.connect(self.url, autocommit=True) as connection:
            cursor = await connection.execute(statement.encode())
            return await cursor.fetchall()

    async def readers(self) -> set[str]:
        """Return the names of those that read running tasks, as the database has them."""
        return {reader for (reader,) in await self.asked(READERS)}


@asynccontextmanager
async def cluster(folder: Path, heartbeat: float) -> AsyncIterator[tuple[Cluster, Agent]]:
    """Yield bridges to be started, and their agent."""
    with start_agent("1.3-jsonrpc") as agent:
        async with AsyncExitStack() as stack:
            yield Cluster(folder, agent, heartbeat, stack), agent


async def begin(replica: Replica, words: list[str], figures: Figures) -> None:
    """Begin a task for each of the words through one bridge, some at a time."""
    places = anyio.Semaphore(AT_ONCE)

    async def one(message: str) -> None:
        async with places:
            answer = await replica.host.send(message, wait_seconds=0)
        figures.begun[message] = answer["task_id"]

    async with anyio.create_task_group() as group:
        for each in words:
            group.start_soon(one, each)


async def run(tasks: int, seconds: float, heartbeat: float, folder: Path) -> Figures:
    """Let the three faults happen while tasks run, and see how they end."""
    figures, start = Figures(), time.monotonic()
    async with cluster(folder, heartbeat) as (bridges, agent):
        spare = await bridges.replica()
        for number, fault in enumerate(SIGNALS):
            replica = await bridges.replica()
            known = await bridges.readers()
            words = [f"slow {seconds + i / 1000}" for i in range(number, tasks, len(SIGNALS))]
            await begin(replica, words, figures)
            reader = await until(lambda known=known: new_reader(bridges, known))  # type: ignore[misc]
            await happens(bridges, replica, fault, reader, figures)
        with anyio.move_on_after(seconds + MARGIN_SECONDS):
            await until(lambda: all_ended(bridges), seconds + MARGIN_SECONDS * 2)
        figures.findings += await broken(bridges, spare.host, agent, figures)
    figures.seconds = time.monotonic() - start
    return figures


async def new_reader(bridges: Cluster, known: set[str]) -> str:
    """Return the name of the bridge that has just begun to read tasks, once it has said so."""
    return next(iter(await bridges.readers() - known), "")


async def happens(
    bridges: Cluster, replica: Replica, fault: signal.Signals, reader: str, figures: Figures
) -> None:
    """Send a signal to a bridge, and measure how long its tasks are noted as its own."""
    replica.served.process.send_signal(fault)
    start = time.monotonic()

    async def is_taken() -> bool:
        return reader not in await bridges.readers()

    await until(is_taken, MARGIN_SECONDS)
    figures.takeovers[fault.name] = time.monotonic() - start
    if fault is signal.SIGSTOP:
        await anyio.sleep(FROZEN_SECONDS)
        replica.served.process.send_signal(signal.SIGCONT)


async def all_ended(bridges: Cluster) -> bool:
    """Return whether the map knows of no running task."""
    return not await bridges.asked(f"SELECT 1 FROM tasks WHERE {RUNNING} LIMIT 1")


async def broken(bridges: Cluster, host: Host, agent: Agent, figures: Figures) -> list[str]:
    """Return what was lost, is wrong in the map, cannot be read or was sent more than once."""
    found = []
    states = await states_by_id(bridges)
    sent = Counter(entry["text"] for entry in agent.log())
    for words, task_id in figures.begun.items():
        if states.get(task_id) != "completed":
            found.append(f"{words} is {states.get(task_id)} in the map")
        if sent[words] != 1:
            found.append(f"{words} was sent {sent[words]} times")
        if "slow done" not in (await host.call("get_task", task_id=task_id)).text:
            found.append(f"{words} has no result")
    return found


async def states_by_id(bridges: Cluster) -> dict[str | None, str]:
    """Return the state of each task in the map, by every id that a call may have been told.

    A call that does not wait may end before the agent has named the task.
    """
    rows = await bridges.asked("SELECT state, task_id, handle, message_id FROM tasks")
    return {
        each: state
        for state, task_id, handle, message_id in rows
        for each in (task_id, handle, PENDING + message_id)
    }


def main() -> int:
    """Run as told on the command line, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("tasks", type=int, nargs="?", default=300)
    parser.add_argument("seconds", type=float, nargs="?", default=120.0)
    parser.add_argument("--heartbeat", type=float, default=5.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = anyio.run(run, given.tasks, given.seconds, given.heartbeat, Path(folder))
    print(figures.report())
    return bool(figures.findings)


if __name__ == "__main__":
    sys.exit(main())
