"""The network breaks at any byte of any call: no message twice, no failure called a success.

Each row breaks one operation in one direction after so many bytes. The suite runs a
sample of the 480 rows, `scripts/cuts` runs all of them.
"""

from __future__ import annotations

import json
import os
from itertools import product
from pathlib import Path
from random import Random
from typing import Any, Final
from urllib.request import urlopen
from uuid import uuid4

import anyio
import pytest
from cutting import Cut, Kind, Relay, relayed
from mcp import Client
from mcp.types import CallToolResult
from real_agents import Agent, Agents
from staging import configured, hosted

pytestmark = pytest.mark.anyio

KINDS: Final[tuple[Kind, ...]] = ("drop", "reset", "stall", "half-close")
BYTES: Final = (0, 1, 50, 200, 1000)
OPERATIONS: Final = ("send", "stream", "get", "cancel", "subscribe", "download")
AGENTS: Final = ("1.3-jsonrpc", "0.3-rest")
ALL: Final = bool(os.environ.get("A2A_MCP_EVERY_CUT"))
SAMPLE: Final = 24
SEED: Final = 7
MOST_SECONDS: Final = 40.0
WAIT_SECONDS: Final = 3.0
LIMITS: Final = {"connect_seconds": 1, "call_seconds": 1, "idle_seconds": 1}
STREAM: Final = "chunk1 chunk2 chunk3 chunk4 "


def rows() -> list[Any]:
    """Return every combination, or a sample of them."""
    every = list(product(AGENTS, OPERATIONS, KINDS, (True, False), BYTES))
    chosen = every if ALL else Random(SEED).sample(every, SAMPLE)
    return [
        pytest.param(agent, operation, Cut(kind, to_agent, after), id=name)
        for agent, operation, kind, to_agent, after in chosen
        for way in ["to" if to_agent else "from"]
        for name in [f"{agent} {operation}: {kind} after {after} {way} the agent"]
    ]


@pytest.mark.parametrize(("kind", "operation", "cut"), rows())
async def test_a_cut_at_any_byte_doubles_nothing_and_is_never_told_as_success(
    kind: str, operation: str, cut: Cut, running_agent: Agents, tmp_path: Path
) -> None:
    agent = running_agent(kind)
    async with relayed(agent.url) as relay:
        card = leading_to(relay.url, agent)
        config = configured(it={"card": card, "limits": LIMITS, "fetch": True})
        async with hosted(config, tmp_path) as client:
            with anyio.fail_after(MOST_SECONDS):
                await OPERATION[operation](client, agent, relay, cut)


def leading_to(url: str, agent: Agent) -> dict[str, Any]:
    """Return the card of an agent, with the relay in the place of the agent."""
    with urlopen(f"{agent.url}/.well-known/agent-card.json", timeout=20) as answer:
        card: dict[str, Any] = json.loads(answer.read().replace(agent.url.encode(), url.encode()))
    return card


async def called(client: Client, tool: str, **arguments: Any) -> CallToolResult:
    return await client.call_tool(tool, arguments)


def facts(result: CallToolResult) -> dict[str, Any]:
    assert result.structured_content
    return result.structured_content


def executions(agent: Agent, words: str) -> int:
    return sum(entry["text"] == words for entry in agent.log())


async def warm(client: Client) -> None:
    """Let the bridge read the card, so that the cut meets the operation alone."""
    result = await called(client, "agent_info", agent="it", refresh=True)
    assert not result.is_error


async def begun(client: Client, words: str) -> str:
    result = await called(client, "send_task", message=words, agent="it", wait_seconds=0.3)
    task_id: str = facts(result).get("task_id") or pytest.fail(str(facts(result)))
    return task_id


async def ends_well(client: Client, task_id: str, text: str) -> None:
    """After the network has healed, the task is there with all it said."""
    with anyio.fail_after(MOST_SECONDS):
        while True:
            seen = facts(await called(client, "get_task", task_id=task_id))
            if seen.get("state") in ("completed", "canceled", "failed"):
                assert (seen["state"], seen["text"]) == ("completed", text)
                return
            await anyio.sleep(0.1)


async def breaks_send(client: Client, agent: Agent, relay: Relay, cut: Cut) -> None:
    await sends(client, agent, relay, cut, f"task {uuid4().hex}", None)


async def breaks_stream(client: Client, agent: Agent, relay: Relay, cut: Cut) -> None:
    await sends(client, agent, relay, cut, f"stream 4 0.05 {uuid4().hex}", STREAM)


async def sends(
    client: Client, agent: Agent, relay: Relay, cut: Cut, words: str, expected: str | None
) -> None:
    expected = expected or words.replace("task ", "task: ")
    await warm(client)
    relay.cut = cut
    result = await called(client, "send_task", message=words, agent="it", wait_seconds=WAIT_SECONDS)
    relay.cut = None
    seen = facts(result)
    assert executions(agent, words) <= 1
    if seen.get("state") == "completed":
        assert seen["text"] == expected
        assert executions(agent, words) == 1
    elif seen.get("error"):
        assert result.is_error
    else:
        assert seen["state"] in ("submitted", "working")
        await settles(client, seen["task_id"], expected)
    assert executions(agent, words) <= 1


async def settles(client: Client, task_id: str, expected: str) -> None:
    """Follow a task that ran when the network healed: it ends, or says what is not known."""
    seen = await called(client, "subscribe", task_id=task_id, wait_seconds=WAIT_SECONDS)
    found = facts(seen)
    if found.get("state") == "completed":
        assert found["text"] == expected
    elif found.get("error"):
        assert seen.is_error


async def breaks_get(client: Client, agent: Agent, relay: Relay, cut: Cut) -> None:
    words = f"after 0.5 task {uuid4().hex}"
    task_id = await begun(client, words)
    relay.cut = cut
    result = await called(client, "get_task", task_id=task_id)
    relay.cut = None
    assert facts(result).get("state") != "failed"
    await ends_well(
        client, facts(result).get("task_id", task_id), words[10:].replace("task ", "task: ")
    )
    assert executions(agent, words) == 1


async def breaks_cancel(client: Client, agent: Agent, relay: Relay, cut: Cut) -> None:
    words = "slow 1.5"
    task_id = await begun(client, words)
    relay.cut = cut
    result = await called(client, "cancel_task", task_id=task_id)
    relay.cut = None
    told = facts(result).get("state")
    after = facts(await called(client, "get_task", task_id=task_id))
    if told == "canceled":
        assert after["state"] == "canceled"


async def breaks_subscribe(client: Client, agent: Agent, relay: Relay, cut: Cut) -> None:
    words = f"stream 4 0.3 {uuid4().hex}"
    task_id = await begun(client, words)
    relay.cut = cut
    result = await called(client, "subscribe", task_id=task_id, wait_seconds=WAIT_SECONDS)
    relay.cut = None
    if facts(result).get("state") == "completed":
        assert facts(result)["text"] == STREAM
    await ends_well(client, task_id, STREAM)
    assert executions(agent, words) == 1


async def breaks_download(client: Client, agent: Agent, relay: Relay, cut: Cut) -> None:
    sent = await called(client, "send_task", message=f"link {relay.url}/log", agent="it")
    task_id = facts(sent)["task_id"]
    relay.cut = cut
    cutoff = await called(client, "get_artifact", task_id=task_id, artifact_id="link")
    relay.cut = None
    assert cutoff.content
    whole = await called(client, "get_artifact", task_id=task_id, artifact_id="link")
    assert not whole.is_error


OPERATION: Final = {
    "send": breaks_send,
    "stream": breaks_stream,
    "get": breaks_get,
    "cancel": breaks_cancel,
    "subscribe": breaks_subscribe,
    "download": breaks_download,
}
