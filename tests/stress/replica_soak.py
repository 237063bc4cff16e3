"""A soak of three bridges on one database: one of them is killed every 20 seconds.

    scripts/soak-replicas 60      # minutes; prints figures, and ends with 1 if anything was found

Each bridge has a caller that sends messages, reads tasks of all callers and cancels some. A killed
bridge is started again at once. At the end, by the agent's own log: no message arrived twice, each
task that was acknowledged is in the map as it must have ended, and its result can be read.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import uuid4

import anyio
import httpx
from anyio.abc import Process
from e2e.bridges import Home, until
from e2e.hosts import Answer, Host
from real_agents import Agent
from stress.raw_host import raw_host
from stress.replicas import KEY, RUNNING, Cluster, cluster, states_by_id

REPLICAS: Final = 3
KILL_SECONDS: Final = 20.0
HEARTBEAT_SECONDS: Final = 5.0
SETTLE_SECONDS: Final = 90.0
RESTART_SECONDS: Final = 1.0
WAITS: Final = (0, 0.5, 3)
WORDS: Final = {
    "echo {id}": (),
    "silent 1 {id}": (),
    "task {id}": ("completed",),
    "stream 4 0.2 {id}": ("completed", "canceled"),
    "stream 6 5 {id}": ("completed", "canceled"),
    "stream 4 15 {id}": ("completed", "canceled"),
    "after 2 task {id}": ("completed", "canceled"),
    "fail {id}": ("failed",),
    "input {id}": ("input-required", "canceled"),
}
"""What is sent, and the states in which its task may be at the end; none where it makes no task."""


@dataclass
class Ledger:
    """What was called and acknowledged, and what went wrong."""

    calls: Counter[str] = field(default_factory=Counter)
    sent: dict[str, str] = field(default_factory=dict)
    """The form of each message."""
    acknowledged: dict[str, str] = field(default_factory=dict)
    """The words of each acknowledged task, by the id that the caller was told."""
    errors: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    cut: int = 0
    never_left: int = 0
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def report(self, seconds: float) -> str:
        """Return the figures for a person."""
        tools = ", ".join(f"{tool} {count}" for tool, count in self.calls.most_common())
        lines = [
            f"{sum(self.calls.values())} calls in {seconds:.0f} s ({tools})",
            f"{self.kills} kills, {self.cut} calls cut by them",
            f"{len(self.sent)} messages, {len(self.acknowledged)} of them acknowledged as tasks; "
            f"{self.never_left} acknowledged before they left, and never sent",
            *(f"{count} x {error}" for error, count in self.errors.most_common()),
            *self.lost,
            *self.twice,
            *self.wrong,
            f"{len(self.lost)} lost, {len(self.twice)} twice, {len(self.wrong)} wrong in the map",
        ]
        return "\n".join(lines)

    @property
    def is_clean(self) -> bool:
        """Return whether nothing was found."""
        return not (self.lost or self.twice or self.wrong)


class Soak:
    """One run; the same seed makes the same choices."""

    def __init__(self, bridges: Cluster, agent: Agent, folder: Path, seed: int) -> None:
        self.ledger = Ledger()
        self._bridges = bridges
        self._agent = agent
        self._folder = folder
        self._random = random.Random(seed)
        self._running: dict[int, Process] = {}

    async def run(self, seconds: float) -> None:
        """Call and kill for so long."""
        with anyio.move_on_after(seconds):
            async with anyio.create_task_group() as group:
                for number in range(REPLICAS):
                    group.start_soon(self._live, number)
                group.start_soon(self._kill)

    def home(self, number: int) -> Home:
        """Return the folder of one bridge, with its configuration."""
        home = Home(self._folder / f"soaked-{number}")
        home.folder.mkdir(exist_ok=True)
        store = {"url": self._bridges.url, "heartbeat_seconds": HEARTBEAT_SECONDS}
        return home.configure({"good": self._agent.url}, state_key=KEY, store=store)

    async def _live(self, number: int) -> None:
        """Call through one bridge; after each kill start it again."""
        home = self.home(number)
        while True:
            try:
                async with home.serving() as served:
                    self._running[number] = served.process
                    await self._call_until_cut(served.url)
            except (AssertionError, TimeoutError) as error:
                self.ledger.wrong.append(f"bridge {number}: {error}"[:600])
                await anyio.sleep(RESTART_SECONDS)

    async def _call_until_cut(self, url: str) -> None:
        with suppress(httpx.HTTPError):
            async with raw_host(url) as host:
                await self._call_on(host)
        self.ledger.cut += 1

    async def _call_on(self, host: Host) -> None:
        while True:
            await self._call(host)
            await anyio.sleep(self._random.uniform(0.3, 1.2))

    async def _call(self, host: Host) -> None:
        known = list(self.ledger.acknowledged)
        task_id = self._random.choice(known[-200:]) if known else ""
        chance = self._random.random()
        if chance < 0.6 or not task_id:
            await self._send(host)
        elif chance < 0.75:
            await self._called(host, "get_task", task_id=task_id)
        elif chance < 0.85:
            await self._called(host, "subscribe", task_id=task_id, wait_seconds=2)
        elif chance < 0.9:
            await self._called(host, "list_tasks", limit=20)
        else:
            await self._cancel(host, task_id)

    async def _send(self, host: Host) -> None:
        form = self._random.choice(list(WORDS))
        words = form.format(id=uuid4().hex)
        self.ledger.sent[words] = form
        wait = self._random.choice(WAITS)
        answer = await self._called(host, "send_task", message=words, wait_seconds=wait)
        if answer.get("task_id"):
            self.ledger.acknowledged[answer["task_id"]] = words

    async def _cancel(self, host: Host, task_id: str) -> None:
        if "canceled" in WORDS[self.ledger.sent[self.ledger.acknowledged[task_id]]]:
            await self._called(host, "cancel_task", task_id=task_id)

    async def _called(self, host: Host, tool: str, **arguments: object) -> Answer:
        self.ledger.calls[tool] += 1
        answer = await host.call(tool, **arguments)
        if answer.get("error"):
            self.ledger.errors[f"{tool}: {answer['error']}"[:150]] += 1
        return answer

    async def _kill(self) -> None:
        while True:
            await anyio.sleep(KILL_SECONDS)
            if self._running:
                number = self._random.choice(list(self._running))
                with suppress(ProcessLookupError):
                    self._running.pop(number).kill()
                    self.ledger.kills += 1


async def judge(soak: Soak, bridges: Cluster, agent: Agent) -> None:
    """Add to the findings what is lost, was sent twice, or is wrong in the map."""

    async def all_ended() -> bool:
        named = f"SELECT 1 FROM tasks WHERE {RUNNING} AND task_id IS NOT NULL LIMIT 1"
        return not await bridges.asked(named)

    async with soak.home(0).serving() as served, raw_host(served.url) as host:
        await host.call("list_tasks")  # a bridge reads tasks from its first call on
        with suppress(TimeoutError):
            await until(all_ended, SETTLE_SECONDS)
        arrived = Counter(entry["text"] for entry in agent.log())
        states = await states_by_id(bridges)
        for task_id, words in soak.ledger.acknowledged.items():
            await judge_task(soak.ledger, host, task_id, states.get(task_id), arrived[words])
    ledger = soak.ledger
    ledger.twice += [f"arrived {n} times: {w}" for w, n in arrived.items() if n > 1]


async def judge_task(
    ledger: Ledger, host: Host, task_id: str, state: str | None, arrived: int
) -> None:
    """Compare one acknowledged task with what must have become of it."""
    words = ledger.acknowledged[task_id]
    right = WORDS[ledger.sent[words]]
    answer = await host.call("get_task", task_id=task_id)
    if state is None or "No task" in answer.text:
        ledger.lost.append(f"not found: {task_id}, {words}: {answer.text[:200]}")
    elif not arrived:
        ledger.never_left += 1
    elif right and state not in right:
        ledger.wrong.append(f"{state} in the map: {task_id}, {words}: {answer.text[:200]}")
    elif state == "completed" and right and not answer.get("text"):
        ledger.lost.append(f"without its result: {task_id}, {words}: {answer.text[:200]}")


async def soaked(seconds: float, folder: Path, seed: int) -> Ledger:
    """Run the soak and judge it."""
    async with cluster(folder, HEARTBEAT_SECONDS) as (bridges, agent):
        soak = Soak(bridges, agent, folder, seed)
        await soak.run(seconds)
        await judge(soak, bridges, agent)
        return soak.ledger


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("minutes", type=float, nargs="?", default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    seconds = given.minutes * 60
    print(f"seed {given.seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        ledger = anyio.run(soaked, seconds, Path(folder), given.seed)
    print(ledger.report(seconds))
    return not ledger.is_clean


if __name__ == "__main__":
    sys.exit(main())
