"""Agents that say nothing and hosts that do not wait: nothing is lost, and nobody else waits."""

from collections.abc import Callable
from typing import Final
from uuid import uuid4

import pytest
from real_agents import Agent, Agents, start_agent
from real_agents.gate import Gate

from e2e.bridges import Home, until
from e2e.hosts import Host
from e2e.lines import LEGACY, MODERN, line_host
from e2e.scripted import silence

pytestmark = pytest.mark.anyio

BUDGET: Final = 4.0
MOST_SECONDS: Final = 10
"""What a call takes at most that waits for no silent agent: its card is waited for longer."""


async def test_silence_after_a_send_is_working_with_a_handle_that_resolves(
    host: Host, every_agent: dict[str, Agent], gate: Gate
) -> None:
    good, words = every_agent["1.3-jsonrpc"], str(uuid4())
    answer = await host.send(f"silent {gate} {words}", agent=good.kind, wait_seconds=0.5)
    assert not answer.failed
    assert answer["state"] == "working"
    assert answer["task_id"].startswith("pending-")
    assert "do not send" in answer["next_step"].lower()
    now = await host.call("get_task", task_id=answer["task_id"])
    assert (now["state"], now["task_id"]) == ("working", answer["task_id"])
    stop = await host.call("cancel_task", task_id=answer["task_id"])
    assert stop.failed
    assert good.kind in stop.text
    more = await host.send("more", task_id=answer["task_id"])
    assert more.failed
    gate.open()
    done = await host.stopped(answer["task_id"])
    assert done["state"] == "completed"
    assert done["text"] == f"echo: {words}"
    assert sum(entry["text"].endswith(words) for entry in good.log()) == 1


async def test_a_handle_becomes_the_agents_own_id_and_both_work(
    home: Home, running_agent: Agents, gate: Gate
) -> None:
    # a2a-sdk 0.2 blocks until the work is done, whatever one asks, when it cannot stream.
    blocking = running_agent("0.2-jsonrpc", "--no-streaming")
    home.configure({"blocking": blocking.url})
    async with line_host(home) as (host, _):
        words = f"slow {gate}"
        answer = await host.send(words, wait_seconds=0.5)
        handle = answer["task_id"]
        assert handle.startswith("pending-")
        gate.open()
        done = await host.call("subscribe", task_id=handle, wait_seconds=30)
        assert done["state"] == "completed"
        (told,) = (entry for entry in blocking.log() if entry["text"] == words)
        assert done["task_id"] == told["task_id"]
        for task_id in (handle, told["task_id"]):
            seen = await host.call("get_task", task_id=task_id)
            assert (seen["task_id"], seen["state"]) == (told["task_id"], "completed")
        rows = (await host.call("list_tasks"))["tasks"]
        assert [row["task_id"] for row in rows] == [told["task_id"]]
        more = await host.send("task two", task_id=handle)
        assert more["context_id"] == done["context_id"]


async def test_a_dead_agent_delays_nobody_and_works_again_when_it_is_back(
    home: Home, running_agent: Agents, own_agent: Callable[..., Agent]
) -> None:
    mortal = own_agent("1.3-jsonrpc")
    good = running_agent("1.3-rest")
    with silence() as mute:
        home.configure({"mortal": mortal.url, "good": good.url, "mute": mute})
        async with line_host(home) as (host, pipes):
            asked = await host.send("input", agent="mortal")
            assert asked["state"] == "input-required"
            mortal.kill()
            await pipes.ask(
                "tools/call", name="send_task", arguments={"message": "x", "agent": "mute"}
            )
            dead = await host.send("echo hello", agent="mortal", wait_seconds=BUDGET)
            assert dead.failed
            assert "mortal" in dead.text
            assert "not delivered" in dead["error"]
            assert dead.seconds < MOST_SECONDS
            fast = await host.send("echo hello", agent="good")
            assert fast["text"] == "echo: hello"
            assert fast.seconds < MOST_SECONDS
            with start_agent("1.3-jsonrpc", "--port", str(mortal.port)) as back:
                again = await host.send("echo hello", agent="mortal")
                assert not again.failed
                assert again["text"] == "echo: hello"
                assert [entry["text"] for entry in back.log()] == ["echo hello"]
                info = await host.call("agent_info", agent="mortal")
                assert info["agents"][0]["state"] == "ready"


async def test_waiting_for_one_call_does_not_hold_up_another(
    home: Home, running_agent: Agents, gate: Gate
) -> None:
    home.configure({"good": running_agent("1.3-jsonrpc").url})
    async with line_host(home) as (host, pipes):
        arguments = {"message": f"slow {gate}"}
        number = await pipes.ask("tools/call", name="send_task", arguments=arguments)
        assert (await host.send("echo hello"))["text"] == "echo: hello"
        gate.open()
        late = await pipes.answer_to(number)
        assert late["result"]["structuredContent"]["state"] == "completed"


@pytest.mark.parametrize(("kind", "version"), [("1.3-jsonrpc", MODERN), ("0.2-jsonrpc", LEGACY)])
async def test_a_call_that_the_host_gives_up_leaves_its_task_running_and_listed(
    home: Home, every_agent: dict[str, Agent], kind: str, version: str
) -> None:
    agent = every_agent[kind]
    home.configure({kind: agent.url})
    words = f"slow 0.{uuid4().int}"

    async def begun() -> bool:
        return any(entry["text"] == words for entry in agent.log())

    async with line_host(home, version) as (host, pipes):
        number = await pipes.ask("tools/call", name="send_task", arguments={"message": words})
        await until(begun)
        await pipes.write({"method": "notifications/cancelled", "params": {"requestId": number}})

        async def is_known() -> str | None:
            (row,) = (await host.call("list_tasks"))["tasks"]
            found: str | None = row.get("task_id")
            return found

        task_id = await until(is_known)
        assert task_id
        assert (await host.stopped(task_id))["state"] == "completed"
        assert [entry for entry in agent.cancels() if entry["task_id"] == task_id] == []
        assert sum(entry["text"] == words for entry in agent.log()) == 1
