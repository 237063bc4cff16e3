"""A header with `{ context = true }`: one value for each conversation, kept with its tasks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from scripted import CARD, GET, SEND, ScriptedAgent, card, document, done, error, result, scripted
from scripted import task as shown
from staging import ME, configured, staged

pytestmark = pytest.mark.anyio

HEADER = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"
SHORTEST = 33


@pytest.fixture
async def agent() -> AsyncIterator[ScriptedAgent]:
    async with scripted() as running:
        yield running


def with_header(agent: ScriptedAgent) -> Any:
    return configured(it={"url": agent.url, "headers": {HEADER: {"context": True}}})


def values(agent: ScriptedAgent, *calls: str) -> list[str]:
    return [request.headers[HEADER.lower()] for request in agent.calls(*calls)]


async def test_all_calls_of_a_conversation_carry_one_value_also_after_a_restart(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    agent.on(SEND, result({"task": shown("input-required", "Which?")}), result({"task": done("x")}))
    agent.on(GET, result(shown("input-required", "Which?")))
    async with staged(with_header(agent), tmp_path) as stage:
        first = await stage.send("one")
    async with staged(with_header(agent), tmp_path) as stage:
        await stage.send("two", task_id=first.task_id)
        await stage.send("three", context_id=first.context_id)
    sent = values(agent, SEND, GET)
    assert len(agent.calls(SEND)) == 3
    assert len(set(sent)) == 1
    assert len(sent[0]) >= SHORTEST


async def test_another_conversation_has_another_value(agent: ScriptedAgent, tmp_path: Path) -> None:
    agent.on(SEND, result({"task": done("x")}), result({"task": done("y", task_id="t2")}))
    async with staged(with_header(agent), tmp_path) as stage:
        await stage.send("one")
        await stage.send("two")
    assert len(set(values(agent, SEND))) == 2


async def test_a_message_that_goes_over_another_interface_stays_in_its_conversation(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    agent.on(SEND, error(-32601, "Method not found"))
    agent.on("message/send", result({"kind": "task", **done("x")}))
    async with staged(with_header(agent), tmp_path) as stage:
        await stage.send("one")
    assert len(values(agent, SEND, "message/send")) >= 2
    assert len(set(values(agent, SEND, "message/send"))) == 1


async def test_a_call_outside_a_conversation_has_a_value_too(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    agent.on(CARD, document(card(agent.url)))
    async with staged(with_header(agent), tmp_path) as stage:
        await stage.registry.connection("it", ME).choice()
    assert len(values(agent, CARD)[0]) >= SHORTEST
