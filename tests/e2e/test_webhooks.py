"""Real agents that do not stream and post when a task moves, and the bridge that they post to."""

import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

import anyio
import pytest
from real_agents import Agent, Agents

from e2e.bridges import Home, free_port, until
from e2e.hosts import Host, http_host, stdio_host

pytestmark = pytest.mark.anyio

KINDS: Final = ("1.3-jsonrpc", "1.3-rest", "0.3-jsonrpc", "0.3-rest")
WORK: Final = "burst 3.5"
"""Longer than the three reads after which an agent is asked to post, and again as long."""
SOON: Final = 10


@pytest.fixture
def posting(running_agent: Agents) -> dict[str, Agent]:
    with ThreadPoolExecutor() as pool:
        options = ("--push", "--no-streaming")
        started = pool.map(lambda kind: running_agent(kind, *options), KINDS)
        return dict(zip(KINDS, started, strict=True))


@asynccontextmanager
async def over_stdio(home: Home, agents: dict[str, Agent], port: int) -> AsyncIterator[Host]:
    """A host over stdio, whose bridge listens at a port of its own."""
    url = f"http://127.0.0.1:{port}/some/proxy/keeps/this"
    configure(home, agents, {"url": url, "port": port})
    with home.stderr.open("a") as stderr:
        async with stdio_host(home.stdio(), "auto", stderr) as host:
            yield host


@asynccontextmanager
async def over_http(home: Home, agents: dict[str, Agent], port: int) -> AsyncIterator[Host]:
    """A host over HTTP, whose bridge is posted to where it serves."""
    configure(home, agents, {"url": f"http://127.0.0.1:{port}/a2a/push"})
    async with home.serving(port=port) as served, http_host(served.url, "auto") as host:
        yield host


def configure(home: Home, agents: dict[str, Agent], push: dict[str, Any]) -> None:
    home.configure({name: agent.url for name, agent in agents.items()}, push=push)


@pytest.mark.parametrize("bridge", [over_stdio, over_http])
async def test_a_burst_of_posts_ends_the_wait_soon_and_costs_two_reads(
    bridge: Any, home: Home, posting: dict[str, Agent]
) -> None:
    async with bridge(home, posting, free_port()) as host, anyio.create_task_group() as group:
        for kind, agent in posting.items():
            group.start_soon(partial(worked, host, kind, agent))
    assert "error" not in home.stderr.read_text()


async def worked(host: Host, kind: str, agent: Agent) -> None:
    """Wait for a task that ends with ten posts, and check when that is known and what it costs."""
    known = len(agent.requests())
    began = await host.send(WORK, agent=kind, wait_seconds=0)
    ended = await host.call("subscribe", task_id=began["task_id"], agent=kind, wait_seconds=30)
    returned = time.time()
    assert ended["state"] == "completed"
    burst = float(ended["text"].split()[-1])
    assert returned - burst < SOON
    await until(lambda: asked(agent, known, "delete"))
    reads = [it for it in agent.requests()[known:] if it["at"] > burst and is_read(it)]
    assert 1 <= len(reads) <= 2


def is_read(request: dict[str, Any]) -> bool:
    """Return whether a task is read: GetTask or tasks/get, or GET …/tasks/{id}."""
    if rpc := request.get("rpc"):
        return rpc in ("GetTask", "tasks/get")
    return request["method"] == "GET" and "/tasks/" in request["path"]


async def asked(agent: Agent, known: int, what: str) -> bool:
    """Return whether the agent was asked to do something with an address to post to."""
    asked = (
        f"{it.get('rpc', it['method'])} {it['path']}".lower() for it in agent.requests()[known:]
    )
    return any("pushnotificationconfig" in call and what in call for call in asked)


async def test_a_post_that_reaches_another_process_is_told_to_the_one_that_follows(
    home: Home, posting: dict[str, Agent]
) -> None:
    port = free_port()
    async with over_stdio(home, posting, port) as listens:
        await listens.call("list_tasks")
        await until(partial(is_open, port))
        async with over_stdio(home, posting, port) as follows:
            await worked(follows, "1.3-rest", posting["1.3-rest"])
    assert "this port is in use" in home.stderr.read_text()


async def is_open(port: int) -> bool:
    try:
        async with await anyio.connect_tcp("127.0.0.1", port):
            return True
    except OSError:
        return False


async def test_a_task_that_is_taken_up_after_a_restart_is_told_of_again(
    home: Home, posting: dict[str, Agent]
) -> None:
    port, agent = free_port(), posting["1.3-rest"]
    async with over_stdio(home, posting, port) as host:
        began = await host.send("burst 6", agent="1.3-rest", wait_seconds=0)
        known = len(agent.requests())
        await until(lambda: asked(agent, known, "post"))
    async with over_stdio(home, posting, port) as host:
        task = {"task_id": began["task_id"], "agent": "1.3-rest"}
        ended = await host.call("subscribe", wait_seconds=30, **task)
        assert ended["state"] == "completed"
