"""Several bridges on one database: each knows what another one did, and nothing is lost."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import anyio
import httpx
import postgres
import pytest
from real_agents import Agent
from real_agents.gate import Gate
from scripted import CARD, GET, SEND, card, document, done, result, scripted, task

from e2e.bridges import Home, ran, until
from e2e.hosts import Host
from e2e.replicas import KEY, Cluster

pytestmark = pytest.mark.anyio

SOON: Final = 2.5
"""Half of the pause between two reads of a task for which a call waits."""
READS_BEFORE_A_LONG_PAUSE: Final = 9
"""Two replicas poll; after five reads each, a pause lasts more than two seconds."""


@pytest.fixture
def agent(own_agent: Any) -> Agent:
    found: Agent = own_agent("1.3-jsonrpc")
    return found


@pytest.fixture
async def cluster(tmp_path: Path, agent: Agent) -> AsyncIterator[Cluster]:
    async with Cluster(tmp_path, agent) as cluster:
        yield cluster


async def begin(host: Host, agent: Agent, words: str) -> str:
    """Begin a task; return its id once the database has the one that the agent gave it."""
    known = len(agent.log())
    await host.call("send_task", message=words, wait_seconds=0)

    async def named() -> str | None:
        listed = (await host.call("list_tasks")).text
        ids = [str(entry["task_id"]) for entry in agent.log()[known:]]
        return next((it for it in ids if it in listed), None)

    return await until(named) or ""


async def test_what_one_replica_sent_another_lists_reads_follows_up_and_cancels(
    cluster: Cluster, agent: Agent
) -> None:
    one, two = await cluster.replica("one"), await cluster.replica("two")
    asked = await one.host.call("send_task", message="input")
    listed = await two.host.call("list_tasks")
    assert asked["task_id"] in listed.text
    assert (await two.host.call("get_task", task_id=asked["task_id"]))["state"] == "input-required"
    answered = await two.host.call("send_task", message="Paris", task_id=asked["task_id"])
    assert answered["state"] == "completed"
    assert "got: Paris" in (await one.host.call("get_task", task_id=asked["task_id"])).text
    slow = await begin(one.host, agent, "slow 600")
    assert (await two.host.call("cancel_task", task_id=slow))["state"] == "canceled"
    assert [entry["text"] for entry in agent.log()] == ["input", "Paris", "slow 600"]


async def test_a_result_that_one_replica_has_kept_is_read_through_another_without_the_agent(
    cluster: Cluster, agent: Agent
) -> None:
    one, two = await cluster.replica("one"), await cluster.replica("two")
    done = await one.host.call("send_task", message="task kept")
    agent.kill()

    async def is_shown() -> bool:
        shown = await two.host.call("get_task", task_id=done["task_id"])
        return "task: kept" in shown.text

    await until(is_shown)


async def test_a_stop_that_one_replica_reads_ends_at_once_a_call_that_waits_at_another(
    tmp_path: Path,
) -> None:
    async with scripted() as polled, Cluster(tmp_path, polled) as cluster:
        polled.on(CARD, document(card(polled.url)))
        polled.on(SEND, result({"task": task("working")}))
        polled.on(GET, result(task("working")))
        one, two = await cluster.replica("one"), await cluster.replica("two")
        sent = await one.host.call("send_task", message="work", wait_seconds=0)
        ends: dict[str, float] = {}

        async def call(name: str, host: Host, tool: str) -> None:
            seen = await host.call(tool, task_id=sent["task_id"])
            assert seen["state"] == "completed"
            ends[name] = anyio.current_time()

        async with anyio.create_task_group() as group:
            group.start_soon(call, "two", two.host, "subscribe")
            await polled.called(GET, READS_BEFORE_A_LONG_PAUSE)
            polled.on(GET, result(done("at last")))
            await call("one", one.host, "get_task")
    assert ends["two"] - ends["one"] < SOON


async def test_an_agent_that_a_caller_adds_at_one_replica_is_there_at_every_other_until_removed(
    cluster: Cluster, agent: Agent
) -> None:
    allowed = {"toolsets": ["registry"], "registrable": [agent.url]}
    one, two = await cluster.replica("one", **allowed), await cluster.replica("two", **allowed)
    await two.host.call("list_tasks")
    assert not (await one.host.call("register_agent", url=agent.url, name="hers")).failed
    sent = await two.host.call("send_task", agent="hers", message="task hello")
    assert sent["state"] == "completed"
    assert (await one.host.call("get_task", task_id=sent["task_id"]))["agent"] == "hers"
    taken = await two.host.call("register_agent", url=agent.url, name="HERS")
    assert taken.failed
    assert not (await two.host.call("unregister_agent", name="hers")).failed
    assert "hers" not in (await one.host.call("agent_info")).text


async def test_a_caller_has_one_limit_whichever_replica_its_calls_reach(cluster: Cluster) -> None:
    limits = {"calls_a_minute": 1, "burst_seconds": 240.0, "running_tasks": 1}
    one, two = [await cluster.replica(name, limits=limits) for name in ("one", "two")]
    slow = await one.host.call("send_task", message="slow 600", wait_seconds=0)
    more = await two.host.call("send_task", message="slow 600", wait_seconds=0)
    assert more.failed
    assert "waits for 1 tasks of this caller already" in more.text
    assert not (await two.host.call("cancel_task", task_id=slow["task_id"])).failed
    assert not (await two.host.call("send_task", message="echo now")).failed
    assert not (await one.host.call("list_tasks")).failed
    refused = await one.host.call("list_tasks")
    assert "1 calls a minute" in refused.text


async def test_the_audit_of_all_replicas_is_in_the_database_whether_they_end_or_it_was_away(
    cluster: Cluster,
) -> None:
    one, two = [await cluster.replica(name, store={"audit_days": 1}) for name in ("one", "two")]
    await one.host.call("send_task", message="task secret")
    async with away(cluster.database):
        await two.host.call("list_tasks")

    async def are_written() -> bool:
        return len(cluster.database.rows("SELECT FROM audit")) == 2

    await until(are_written)
    await one.host.call("list_tasks")
    one.process.send_signal(signal.SIGTERM)
    await one.process.wait()
    rows = cluster.database.rows("SELECT action, agent, outcome, line FROM audit ORDER BY at")
    assert [row[:3] for row in rows] == [
        ("send_task", "good", "completed"),
        ("list_tasks", None, "error"),
        ("list_tasks", None, "ok"),
    ]
    assert "secret" not in str(rows)


async def test_a_replica_with_another_state_key_does_not_start(
    cluster: Cluster, tmp_path: Path
) -> None:
    await cluster.replica("one")
    home = Home(tmp_path)
    home.configure({}, state_key=KEY[::-1], store={"url": cluster.database.url})
    ended = await anyio.to_thread.run_sync(ran, home.command("--http", "--port", "0"))
    assert ended.returncode == 2
    assert "set state_key of [server] to the key of the other servers" in ended.stderr
    assert KEY[::-1] not in ended.stderr


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM])
async def test_the_tasks_of_a_replica_that_ends_or_hangs_are_followed_by_another(
    cluster: Cluster, agent: Agent, end: signal.Signals, gate: Gate
) -> None:
    one, two = await cluster.replica("one"), await cluster.replica("two")
    await two.host.call("list_tasks")
    words = f"slow {gate}"
    begun = [await begin(one.host, agent, words) for _ in range(3)]
    one.process.send_signal(end)
    gate.open()

    async def all_ended() -> bool:
        # list_tasks shows what the database knows; it asks no agent.
        listed = await two.host.call("list_tasks", state="completed")
        return all(task_id in listed.text for task_id in begun)

    await until(all_ended)
    assert [entry["text"] for entry in agent.log()] == [words] * 3


async def test_without_the_database_nothing_is_sent_and_afterwards_all_is_as_it_was(
    cluster: Cluster, agent: Agent, gate: Gate
) -> None:
    one = await cluster.replica("one")
    slow = await begin(one.host, agent, f"slow {gate}")
    async with away(cluster.database):
        refused = await one.host.call("send_task", message="echo lost")
        assert refused.failed
        assert "database cannot be reached; nothing was sent" in refused.text
        unread = await one.host.call("get_task", task_id=slow)
        assert "database cannot be reached" in unread.text
        gate.open()
        await until(lambda: has_ended(agent, slow))

    async def is_back() -> bool:
        return not (await one.host.call("send_task", message="echo found")).failed

    async def is_written() -> bool:
        return slow in (await one.host.call("list_tasks", state="completed")).text

    await until(is_back)
    await until(is_written)
    assert [entry["text"] for entry in agent.log()] == [f"slow {gate}", "echo found"]


async def has_ended(agent: Agent, task_id: str) -> bool:
    """Return whether a task has ended, by the agent's own account."""
    request = {"jsonrpc": "2.0", "id": 1, "method": "GetTask", "params": {"id": task_id}}
    async with httpx.AsyncClient() as client:
        answer = await client.post(agent.url, json=request, headers={"A2A-Version": "1.0"})
    return bool(answer.json()["result"]["status"]["state"] == "TASK_STATE_COMPLETED")


@asynccontextmanager
async def away(database: postgres.Away) -> AsyncIterator[None]:
    database.leave()
    try:
        yield
    finally:
        database.come_back()
