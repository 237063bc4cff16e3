"""Many tasks of one agent at once: another call does not wait for them."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from real_agents import Agents
from staging import ME, Stage, configured, staged

pytestmark = pytest.mark.anyio

TASKS = 20
MOST_RISE = 0.1
NOISE = 0.2
"""Seconds by which a machine that does other things at the same time may be off."""


async def slow_calls(stage: Stage) -> float:
    """Call twenty times; gives the 95th percentile of the seconds that a call takes."""
    seconds = []
    for _ in range(TASKS):
        began = time.monotonic()
        await stage.send("echo hello")
        seconds.append(time.monotonic() - began)
    return sorted(seconds)[int(0.95 * len(seconds)) - 1]


async def test_calls_to_an_agent_of_which_twenty_tasks_are_followed_are_not_slowed_down(
    running_agent: Agents, tmp_path: Path
) -> None:
    agent = running_agent("1.3-jsonrpc")
    async with staged(configured(it=agent.url), tmp_path) as stage:
        await stage.send("echo the first contact costs more")
        alone = await slow_calls(stage)
        for _ in range(TASKS):
            await stage.send("stream 60 0.1", wait_seconds=0)
        followed = await slow_calls(stage)
    assert followed - alone < MOST_RISE + NOISE


async def test_more_running_tasks_than_connections_keep_nobody_from_calling(
    running_agent: Agents, tmp_path: Path
) -> None:
    agent, words = running_agent("1.3-jsonrpc"), "slow 5.1416"  # whose log others fill as well
    limits = {"concurrency": 8, "connect_seconds": 1}
    config = configured(it={"url": agent.url, "limits": limits})
    async with staged(config, tmp_path) as stage:
        running = [await stage.send(words, wait_seconds=0) for _ in range(TASKS)]
        assert (await stage.send("echo hello")).text == "echo: hello"
        assert (await stage.bridge.get(ME, running[-1].task_id or "", None)).state == "working"
        stopped = await stage.bridge.cancel(ME, running[0].task_id or "", None, None)
        assert stopped.state == "canceled"
        still = await stage.bridge.get(ME, running[1].task_id or "", None)
        assert still.state == "working"  # none of the calls has waited until a task ended
        for task in running[1:]:
            assert (await stage.follow(task_id=task.task_id, wait_seconds=20.0)).text == "slow done"
    assert sum(entry["text"] == words for entry in agent.log()) == TASKS
