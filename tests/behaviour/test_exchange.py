"""Agents that take callers' own tokens: who gets whose, and what waits for its owner."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from pydantic import SecretStr
from scripted import CARD, GET, SEND, ScriptedAgent, card, document, done, result, scripted
from scripted import task as a_task
from staging import Stage, configured, staged, until
from token_server import TOKEN, exchanging

from a2a_mcp.a2a.auth.oauth.settings import OAuth
from a2a_mcp.agents.registry import Registry
from a2a_mcp.agents.subject import Subject
from a2a_mcp.bridge.describe_agents import describe_agent
from a2a_mcp.bridge.recover_tasks import TaskRecoverer
from a2a_mcp.errors import CallerTokenNeeded, CredentialUnavailable, UnknownTask
from a2a_mcp.store.sqlite import readers

pytestmark = pytest.mark.anyio

ALICE, BOB = "corp:alice", "corp:bob"


class Callers:
    """Who is calling now, with which token."""

    def __init__(self) -> None:
        self.shown: dict[str, str] = {ALICE: "of-alice", BOB: "of-bob"}

    def __call__(self, owner: str) -> Subject | None:
        token = self.shown.get(owner)
        return Subject(token) if token else None


@pytest.fixture
async def agent() -> AsyncIterator[ScriptedAgent]:
    async with scripted() as agent:
        agent.on(CARD, document(card(agent.url)))
        agent.on(TOKEN, exchanging(600))
        agent.on(SEND, result({"task": done("it is done")}))
        yield agent


def exchanges(agent: ScriptedAgent) -> Any:
    auth = OAuth(
        "bridge",
        client_secret=SecretStr("s"),
        token_url=f"{agent.url}/token",
        exchange="token-exchange",
    )
    return configured(it={"url": agent.url, "auth": auth})


async def leave_after_sending(agent: ScriptedAgent, callers: Callers) -> None:
    await agent.called(SEND)
    del callers.shown[ALICE]


def shown_to(agent: ScriptedAgent, *calls: str) -> list[str]:
    return [request.headers.get("authorization", "") for request in agent.calls(*calls)]


async def test_each_owner_is_known_to_the_agent_by_a_token_of_his_own(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    config, callers = exchanges(agent), Callers()
    registry = Registry(config, subject=callers, caller=lambda: ALICE)
    async with staged(config, tmp_path, registry=registry) as stage:
        async with anyio.create_task_group() as group:
            for owner in (ALICE, BOB) * 5:
                group.start_soon(send_as, stage, owner)
        told = describe_agent(stage.registry, "it").prose()
    assert len(agent.calls(TOKEN)) == 2
    shown = shown_to(agent, SEND)
    assert len(shown) == 10
    assert sorted(each.rpartition("-")[0] for each in set(shown)) == [
        "Bearer of-alice",
        "Bearer of-bob",
    ]
    assert "exchange of the caller's own token: configured" in told


async def send_as(stage: Any, owner: str) -> None:
    assert (await stage.send(owner=owner)).state == "completed"


async def test_a_caller_who_has_shown_nothing_gets_nothing_of_another(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    config, callers = exchanges(agent), Callers()
    async with staged(config, tmp_path, registry=Registry(config, subject=callers)) as stage:
        await stage.send(owner=ALICE)
        with pytest.raises(CredentialUnavailable) as caught:
            await stage.send(owner="token:robot")
    assert caught.value.agent == "it"
    assert len(agent.calls(SEND)) == 1


@asynccontextmanager
async def left(agent: ScriptedAgent, callers: Callers, folder: Path) -> AsyncIterator[Stage]:
    """Give a stage where Alice's task t1 runs, her token has ended, and she shows no other."""
    agent.on(TOKEN, exchanging(1))
    agent.on(SEND, result({"task": a_task("working")}))
    agent.on(GET, result(a_task("working")))
    config = exchanges(agent)
    registry = Registry(config, subject=callers)
    async with staged(config, folder, registry=registry) as stage:
        async with anyio.create_task_group() as group:
            group.start_soon(leave_after_sending, agent, callers)
            begun = await stage.send(owner=ALICE, wait_seconds=10)
        assert (begun.state, begun.task_id) == ("working", "t1")
        assert "none is at hand" in begun.prose()
        assert stage.tracker.records() == []
        agent.on(TOKEN, exchanging(600))
        yield stage


async def test_a_follow_whose_token_has_ended_goes_on_at_its_owners_next_call(
    agent: ScriptedAgent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "ALIVE_SECONDS", 0.2)
    callers = Callers()
    async with left(agent, callers, tmp_path) as stage:
        callers.shown[ALICE] = "of-alice-again"
        seen = await stage.bridge.get(ALICE, "t1", "it")
        assert (seen.state, seen.note) == ("working", None)
        del callers.shown[ALICE]
        agent.on(GET, result(done("it is done at last")))
        recoverer = TaskRecoverer(
            stage.bridge, stage.tasks, stage.tracker, first_search_seconds=0, search_seconds=0.1
        )
        recoverer.wake()
        async with anyio.create_task_group() as group:
            group.start_soon(recoverer.run)
            await until(lambda: has_ended(stage))
            group.cancel_scope.cancel()
        seen = await stage.bridge.get(ALICE, "t1", "it")
        assert seen.text == "it is done at last"
    assert len(agent.calls(SEND)) == 1
    assert all(each.startswith("Bearer of-alice") for each in shown_to(agent, GET))


async def has_ended(stage: Stage) -> bool:
    (record,) = await stage.tasks.find(ALICE, "t1")
    return record.state.terminal


REFUSED = document({"error": "invalid_grant"}, 400)
WITHOUT = [
    (None, "and none is at hand", "[server.issuers]"),
    ("ended", "gave no token for the caller's own (invalid_grant)", "sign in to this bridge again"),
]


@pytest.mark.parametrize(("shown", "reason", "step"), WITHOUT)
async def test_without_a_valid_token_its_owner_sees_a_task_as_it_was_last_seen(
    agent: ScriptedAgent, tmp_path: Path, shown: str | None, reason: str, step: str
) -> None:
    callers = Callers()
    async with left(agent, callers, tmp_path) as stage:
        asked = len(agent.calls(GET))
        if shown:
            callers.shown[ALICE] = shown
            agent.on(TOKEN, REFUSED)
        seen = await stage.bridge.get(ALICE, "t1", None)
        assert (seen.state, seen.failed, seen.error) == ("working", False, None)
        assert (seen.note or "").startswith("This state is as last seen; the agent could not be")
        assert reason in (seen.note or "")
        assert step in (seen.next_step or "")
        for owner, task_id in ((BOB, "t1"), (ALICE, "t2")):
            with pytest.raises(UnknownTask):
                await stage.bridge.get(owner, task_id, None)
        with pytest.raises(CallerTokenNeeded):  # nothing is known here of such a task
            await stage.bridge.get(ALICE, "t2", "it")
        assert len(agent.calls(GET)) == asked
