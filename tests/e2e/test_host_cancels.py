"""A host gives a call up: our side is freed at once, and `on_cancel` decides about the task."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final
from uuid import uuid4

import anyio
import pytest
from real_agents import Agent

from e2e.bridges import Home, until
from e2e.hosts import CALL_SECONDS, Host, http_host, stdio_host
from e2e.lines import LEGACY, MODERN, line_host

pytestmark = pytest.mark.anyio

FREED_SECONDS: Final = 20
"""Less than the wait of the call that was given up."""


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
    words = f"slow 600.{uuid4().int}"

    heard = anyio.Event()

    async def hear(_count: float, _total: float | None, told: str | None) -> None:
        if "still working" in (told or ""):
            heard.set()

    async with connected(home, transport, mode) as host:
        async with anyio.create_task_group() as group:
            call = partial(host.watch, hear, "send_task", message=words, wait_seconds=50)
            group.start_soon(call)
            with anyio.fail_after(CALL_SECONDS):
                await heard.wait()
            group.cancel_scope.cancel()
        (task_id,) = (entry["task_id"] for entry in agent.log() if entry["text"] == words)

        async def cancelled() -> bool:
            return any(entry["task_id"] == task_id for entry in agent.cancels())

        await until(cancelled, FREED_SECONDS)
        assert (await host.stopped(task_id))["state"] == "canceled"
    assert sum(entry["text"] == words for entry in agent.log()) == 1


@pytest.mark.parametrize(("version", "ending"), [(LEGACY, "end of input"), (MODERN, "signal")])
async def test_a_host_that_goes_away_gives_nothing_up(
    home: Home, every_agent: dict[str, Agent], version: str, ending: str
) -> None:
    agent = every_agent["1.3-jsonrpc"]
    home.configure({"agent": {"url": agent.url, "on_cancel": "cancel"}})
    words = f"slow 600.{uuid4().int}"
    async with line_host(home, version) as (host, pipes):
        await pipes.ask("tools/call", name="send_task", arguments={"message": words})

        async def is_known() -> str | None:
            ids = (row.get("task_id", "") for row in (await host.call("list_tasks"))["tasks"])
            return next((it for it in ids if it and not it.startswith("pending-")), None)

        task_id = await until(is_known)
        if ending == "signal":
            pipes.process.terminate()
        else:
            await pipes.end_of_input()
        await pipes.ended()
    assert task_id not in [entry["task_id"] for entry in agent.cancels()]
    async with line_host(home) as (host, _):
        assert (await host.call("get_task", task_id=task_id))["state"] == "working"
