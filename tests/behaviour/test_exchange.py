"""Agents that take callers' own tokens: who gets whose, and what waits for its owner."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from pydantic import SecretStr
from scripted import CARD, GET, SEND, ScriptedAgent, card, document, done, result, scripted
from scripted import task as a_task
from staging import configured, staged
from token_server import TOKEN, exchanging

from a2a_mcp.a2a.auth.oauth.settings import OAuth
from a2a_mcp.agents.registry import Registry
from a2a_mcp.agents.subject import Subject
from a2a_mcp.bridge.describe_agents import describe_agent
from a2a_mcp.errors import CredentialUnavailable

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


async def test_a_follow_whose_token_has_ended_waits_for_its_owners_next_call(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    agent.on(TOKEN, exchanging(1))
    agent.on(SEND, result({"task": a_task("working")}))
    agent.on(GET, result(a_task("working")))
    config, callers = exchanges(agent), Callers()
    async with staged(config, tmp_path, registry=Registry(config, subject=callers)) as stage:
        async with anyio.create_task_group() as group:
            group.start_soon(leave_after_sending, agent, callers)
            begun = await stage.send(owner=ALICE, wait_seconds=10)
        assert begun.state == "working"
        assert "none is at hand" in begun.prose()
        assert stage.tracker.records() == []
        assert await stage.tasks.find(ALICE, "t1")
        agent.on(GET, result(done("it is done at last")))
        callers.shown[ALICE] = "of-alice-again"
        seen = await stage.bridge.get(ALICE, str(begun.task_id), "it")
        assert seen.text == "it is done at last"
    assert len(agent.calls(SEND)) == 1
    assert all(each.startswith("Bearer of-alice") for each in shown_to(agent, GET))
