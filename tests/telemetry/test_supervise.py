"""A crash in background work: it is logged, and ends nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
from pydantic import SecretStr
from scripted import (
    CARD,
    GET,
    SEND,
    STREAM,
    ScriptedAgent,
    card,
    document,
    done,
    moved,
    piece,
    result,
    scripted,
    stream,
    task,
)
from staging import configured, hosted, staged, until

from a2a_mcp.a2a.auth.static import Bearer
from a2a_mcp.a2a.model import TaskState
from a2a_mcp.presentation import resource_uris

pytestmark = pytest.mark.anyio

FAULT = "a mistake in this bridge"


class Breaks:
    """A source of a credential that is good until the test says otherwise."""

    def __init__(self) -> None:
        self.broken = False

    async def __call__(self) -> SecretStr:
        if self.broken:
            raise RuntimeError(FAULT)
        return SecretStr("good until then")


@pytest.fixture
async def agent() -> AsyncIterator[ScriptedAgent]:
    async with scripted() as running:
        yield running


async def test_a_crash_in_polling_leaves_the_stream_and_the_bridge_running(
    agent: ScriptedAgent, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source, finish = Breaks(), anyio.Event()
    ending = (piece("unharmed"), moved("completed"))
    agent.on(GET, result(done("unharmed")))
    agent.on(CARD, document(card(agent.url, streaming=True)))
    agent.on(STREAM, stream({"task": task("working")}, finish, *ending))
    own = {"url": agent.url, "auth": Bearer(source), "limits": {"idle_seconds": 0.1}}
    async with staged(configured(it=own), tmp_path) as stage:
        await stage.send(wait_seconds=0)
        await agent.called(STREAM)
        source.broken = True

        async def failed() -> bool:
            return FAULT in caplog.text

        await until(failed)
        source.broken = False
        finish.set()
        view = await stage.follow(task_id="t1")
        assert (view.state, view.text) == (TaskState.COMPLETED, "unharmed")


async def test_a_crash_in_following_a_task_ends_no_session(
    agent: ScriptedAgent, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = Breaks()
    agent.on(CARD, document(card(agent.url)))
    agent.on(SEND, result({"task": task("working")}))
    agent.on(GET, result(task("working")))
    config = configured(it={"url": agent.url, "auth": Bearer(source)})
    async with hosted(config, tmp_path) as client:
        await client.call_tool("send_task", {"message": "go", "wait_seconds": 0})

        async def named() -> bool:
            return "t1" in str((await client.call_tool("list_tasks", {})).content)

        await until(named)
    source.broken = True
    address = resource_uris.of_task("it", "t1")
    async with (
        hosted(config, tmp_path) as client,
        client.listen(resource_subscriptions=[address]) as listener,
    ):
        assert listener.honored.resource_subscriptions == [address]

        async def failed() -> bool:
            return FAULT in caplog.text

        await until(failed)
        source.broken = False
        shown = await client.call_tool("get_task", {"task_id": "t1"})
        assert shown.structured_content
        assert shown.structured_content["state"] == "working"
