"""A host gives a call up: our side is freed at once, and `on_cancel` decides about the task."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from uuid import uuid4

import anyio
import pytest
from real_agents import Agent

from e2e.bridges import Home, until
from e2e.hosts import Host, http_host, stdio_host
from e2e.lines import LEGACY, MODERN, line_host, lines

pytestmark = pytest.mark.anyio

FREED_SECONDS: Final = 1.0
LATE: Final = 0.5  # of a busy machine


@asynccontextmanager
async def connected(home: Home, transport: str, mode: str) -> AsyncIterator[Host]:
    if transport == "stdio":
        with home.stderr.open("a") as stderr:
            async with stdio_host(home.stdio(), mode, stderr) as host:
                yield host
        return
    async with home.serving() as served, http_host(served.url, mode) as host:
        yield host


@pytest.mark.parametrize(
    ("transport", "mode", "kind"),
    [
        ("stdio", "legacy", "1.3-jsonrpc"),
        ("stdio", "auto", "0.3-jsonrpc"),
        ("http", "legacy", "0.3-rest"),
        ("http", "auto", "1.3-rest"),
    ],
)
async def test_a_call_that_is_given_up_ends_at_once_and_cancels_its_task_where_that_is_wanted(
    home: Home, every_agent: dict[str, Agent], transport: str, mode: str, kind: str
) -> None:
    agent = every_agent[kind]
    home.configure({kind: {"url": agent.url, "on_cancel": "cancel"}})
    words = f"slow 30.{uuid4().int}"

    async def begun() -> str | None:
        ids = (entry["task_id"] for entry in agent.log() if entry["text"] == words)
        return next(ids, None)

    async with connected(home, transport, mode) as host:
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: host.send(words, wait_seconds=10))
            task_id = await until(begun)
            await anyio.sleep(0.3)  # the bridge hears of the task a moment after the agent does
            group.cancel_scope.cancel()

        async def cancelled() -> bool:
            return any(entry["task_id"] == task_id for entry in agent.cancels())

        await until(cancelled, FREED_SECONDS + LATE)
        assert (await host.stopped(task_id or ""))["state"] == "canceled"
    assert sum(entry["text"] == words for entry in agent.log()) == 1


@pytest.mark.parametrize(("version", "ending"), [(LEGACY, "end of input"), (MODERN, "signal")])
async def test_a_host_that_goes_away_gives_nothing_up(
    home: Home, every_agent: dict[str, Agent], version: str, ending: str
) -> None:
    agent = every_agent["1.3-jsonrpc"]
    home.configure({"agent": {"url": agent.url, "on_cancel": "cancel"}})
    words = f"slow 30.{uuid4().int}"
    async with lines(home, version) as pipes:
        await pipes.ask("tools/call", name="send_task", arguments={"message": words})

        async def begun() -> str | None:
            ids = (entry["task_id"] for entry in agent.log() if entry["text"] == words)
            return next(ids, None)

        task_id = await until(begun)
        await anyio.sleep(0.3)  # the bridge hears of the task a moment after the agent does
        if ending == "signal":
            pipes.process.terminate()
        else:
            await pipes.end_of_input()
        await pipes.ended()
    assert task_id not in [entry["task_id"] for entry in agent.cancels()]
    async with line_host(home) as (host, _):
        assert (await host.call("get_task", task_id=task_id))["state"] == "working"
