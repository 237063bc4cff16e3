"""Bridges that keep large results in object storage: nothing is lost while that is away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio.to_thread
import object_storage
import pytest
from cutting import Cut, Relay, relayed
from real_agents import Agent

from e2e.bridges import until
from e2e.replicas import Cluster

pytestmark = pytest.mark.anyio


@pytest.fixture
async def relay(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Relay]:
    """A way to the object storage that can be cut; bridges that start now take it."""
    async with relayed(object_storage.server()) as relay:
        for name, value in object_storage.environment(relay.url).items():
            monkeypatch.setenv(name, value)
        yield relay


async def test_results_in_object_storage_are_read_through_another_and_none_is_lost_without_it(
    relay: Relay, own_agent: Any, tmp_path: Path
) -> None:
    agent: Agent = own_agent("1.3-jsonrpc")
    async with Cluster(tmp_path, agent) as cluster:
        await _lose_nothing(relay, cluster, agent)


async def _lose_nothing(relay: Relay, cluster: Cluster, agent: Agent) -> None:
    bucket = object_storage.bucket()
    files = {"files": f"s3://{bucket}/a/prefix", "inline_bytes": 0}
    one, two = [await cluster.replica(name, store=files) for name in ("one", "two")]
    first = await one.host.call("send_task", message="task first")
    await until(lambda: _are_objects(bucket), 20)
    relay.cut = Cut("reset", to_agent=True, after=0)
    second = await one.host.call("send_task", message="task second")
    assert "task: second" in second.text
    agent.kill()

    async def is_shown() -> bool:
        return "task: second" in (await two.host.call("get_task", task_id=second["task_id"])).text

    await until(is_shown, 20)
    failed = await two.host.call("get_task", task_id=first["task_id"])
    assert failed.failed
    assert "object storage cannot be reached" in failed.text
    relay.cut = None
    assert "task: first" in (await two.host.call("get_task", task_id=first["task_id"])).text


async def _are_objects(bucket: str) -> bool:
    return bool(await anyio.to_thread.run_sync(object_storage.names, bucket))
