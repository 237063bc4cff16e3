"""Progress: updates while a call waits, at most five a second, the last never lost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from pydantic import SecretStr
from scripted import (
    CARD,
    STREAM,
    ScriptedAgent,
    card,
    document,
    moved,
    piece,
    scripted,
    stream,
    task,
)
from staging import agents, configured, hosted

from a2a_mcp.a2a.auth.static import Bearer
from a2a_mcp.agents.registry import Registry
from a2a_mcp.config.load import Config
from a2a_mcp.config.secrets import SecretRegister
from a2a_mcp.presentation.task_view import UpdateView
from a2a_mcp.server import progress
from a2a_mcp.server.app import OutputMask
from a2a_mcp.server.progress import INTERVAL

pytestmark = pytest.mark.anyio

# In process, the SDK's newer dispatcher shows no token, so whether one was sent cannot be seen.
WIRE: Any = "legacy"
SECRET = "token-of-the-test"


@pytest.fixture
async def agent() -> AsyncIterator[ScriptedAgent]:
    async with scripted() as running:
        running.on(CARD, document(card(running.url, streaming=True)))
        yield running


class Heard:
    """What a host hears, and when."""

    def __init__(self) -> None:
        self.told: list[tuple[float, str | None]] = []
        self.times: list[float] = []
        self._news = anyio.Event()

    async def __call__(self, progress: float, total: float | None, message: str | None) -> None:
        assert total is None
        self.told.append((progress, message))
        self.times.append(anyio.current_time())
        self._news.set()
        self._news = anyio.Event()

    async def words(self, wanted: str, seconds: float = 20.0) -> None:
        with anyio.fail_after(seconds):
            while wanted not in [message for _, message in self.told]:
                await self._news.wait()


async def told(client: Client, heard: Heard, tool: str = "send_task", **more: Any) -> None:
    with anyio.fail_after(20):
        answer = await client.call_tool(tool, {"message": "go", **more}, progress_callback=heard)
        assert not answer.is_error


@pytest.mark.parametrize("tool", ["send_task", "subscribe"])
async def test_updates_arrive_in_order_while_the_call_waits(
    tool: str, agent: ScriptedAgent, tmp_path: Path
) -> None:
    steps = [anyio.Event() for _ in range(3)]
    agent.on(
        STREAM,
        stream(
            moved("working", "first"),
            steps[0],
            moved("working", "second"),
            steps[1],
            piece("third"),
            steps[2],
            moved("completed"),
        ),
    )
    heard = Heard()
    async with (
        hosted(configured(it=agent.url), tmp_path, mode=WIRE) as client,
        anyio.create_task_group() as group,
    ):
        group.start_soon(told, client, heard, tool)
        for step, words in zip(steps, ("first", "second", "third"), strict=True):
            await heard.words(words)
            step.set()
    counts = [count for count, _ in heard.told]
    assert counts == sorted(set(counts))


async def test_a_flood_is_thinned_and_the_last_update_is_sent(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    flood = [moved("working", f"step {n}") for n in range(200)]
    finish = anyio.Event()
    agent.on(STREAM, stream(*flood, finish, moved("completed")))
    heard = Heard()
    async with (
        hosted(configured(it=agent.url), tmp_path, mode=WIRE) as client,
        anyio.create_task_group() as group,
    ):
        group.start_soon(told, client, heard)
        await heard.words("step 199")  # while the call still waits
        finish.set()
    assert len(heard.told) <= 5
    gaps = [later - earlier for earlier, later in zip(heard.times, heard.times[1:], strict=False)]
    assert all(gap > INTERVAL * 0.5 for gap in gaps[:-1])


async def test_an_update_just_before_the_end_arrives_before_the_result(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    agent.on(
        STREAM, stream(moved("working", "one"), moved("working", "two"), moved("completed", "done"))
    )
    heard = Heard()
    async with hosted(configured(it=agent.url), tmp_path, mode=WIRE) as client:
        await told(client, heard)
    assert heard.told[-1][1] == "done"


async def test_a_host_that_did_not_ask_gets_none(agent: ScriptedAgent, tmp_path: Path) -> None:
    agent.on(STREAM, stream(moved("working", "one"), moved("completed")))
    async with hosted(configured(it=agent.url), tmp_path, mode=WIRE) as client:
        with anyio.fail_after(20):
            answer = await client.call_tool("send_task", {"message": "go"})
    assert not answer.is_error


async def test_a_secret_in_the_agents_words_is_masked(agent: ScriptedAgent, tmp_path: Path) -> None:
    agent.on(STREAM, stream(moved("working", f"I have {SECRET}"), moved("completed")))
    register = SecretRegister()
    register.add(SECRET)
    table = {"url": agent.url, "auth": Bearer(SecretStr(SECRET))}
    heard = Heard()
    async with hosted(
        Config(agents=agents(it=table), secrets=register), tmp_path, mode=WIRE
    ) as client:
        await told(client, heard)
    assert heard.told
    assert SECRET not in str(heard.told)


async def test_a_secret_split_over_updates_is_masked_in_each(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    steps = [anyio.Event(), anyio.Event()]
    agent.on(
        STREAM,
        stream(
            {"task": task("working")},
            piece("I have toke"),
            steps[0],
            piece("n-of-the-test!", append=True),
            steps[1],
            moved("completed"),
        ),
    )
    register = SecretRegister()
    register.add(SECRET)
    heard = Heard()
    config = Config(agents=agents(it=agent.url), secrets=register)
    async with (
        hosted(config, tmp_path, mode=WIRE) as client,
        anyio.create_task_group() as group,
    ):
        group.start_soon(told, client, heard)
        for step, words in zip(steps, ("I have ***", "!"), strict=True):
            await heard.words(words, 5)
            step.set()
    assert "toke" not in str(heard.told)
    assert "n-of-the-test" not in str(heard.told)


async def test_hostile_and_long_words_are_scrubbed_and_cut(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    agent.on(STREAM, stream(moved("working", "\x1b[2J\u202e" + "x" * 100_000), moved("completed")))
    heard = Heard()
    async with hosted(configured(it=agent.url), tmp_path, mode=WIRE) as client:
        await told(client, heard)
    words = heard.told[0][1] or ""
    assert not {"\x1b", "\u202e"} & set(words)
    assert len(words.encode()) <= 500


async def test_a_state_without_words_is_shown_as_the_state(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    agent.on(STREAM, stream(moved("working"), moved("completed")))
    heard = Heard()
    async with hosted(configured(it=agent.url), tmp_path, mode=WIRE) as client:
        await told(client, heard)
    assert heard.told[0][1] == "working"


class SlowHost:
    """The context of a call whose host takes nothing from the second update until told to."""

    def __init__(self) -> None:
        self.takes = anyio.Event()
        self.was_sent_second = anyio.Event()
        self.words: list[str] = []

    async def report_progress(self, count: float, total: float | None, words: str) -> None:
        if count == 2:
            self.was_sent_second.set()
            await self.takes.wait()
        self.words.append(words)


async def test_updates_for_a_slow_host_go_out_one_after_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(progress, "INTERVAL", 0.0)
    host: Any = SlowHost()
    mask: Any = OutputMask(Registry(configured()), local=False)
    async with anyio.create_task_group() as group, progress.Progress(host, mask) as told_host:
        await told_host(UpdateView("working", "first"))
        group.start_soon(told_host, UpdateView("working", "second"))
        await host.was_sent_second.wait()
        for words in ("third", "fourth"):
            await told_host(UpdateView("working", words))
        await anyio.wait_all_tasks_blocked()
        assert host.words == ["first"]
        host.takes.set()
    assert host.words == ["first", "second", "fourth"]
