"""The whole bridge over agents of the wild: host, bridge process, agent; and what each can do.

Most are real servers, in Python and in JavaScript (`agents`), five look-alikes of frameworks that
cannot run here (`lookalikes`). Where an agent cannot do a thing, the bridge's answer must say so.
Each message is carried out once, counted in the agent's own log.
"""

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import pytest
from e2e.bridges import Home, Table
from e2e.hosts import stdio_host
from lookalikes import ADK_CALL, AgentFramework, GoogleAdk, LangGraph, Mastra, Strands
from real_agents import WILD_KINDS, Agents
from scripted import scripted
from staging import ME, configured, staged, until
from targets import JAVASCRIPT, Can, Target, alike, javascript, real

from a2a_mcp.a2a.model import TaskState

pytestmark = pytest.mark.anyio

STACKS: Final = (LangGraph, GoogleAdk, Strands, Mastra, AgentFramework)
ADK_ANSWER: Final = {
    "data": {"id": ADK_CALL["id"], "name": "ask_colour", "response": {"colour": "blue"}},
    "metadata": {"adk_type": "function_response"},
}
RELAPSE: Final = "now reports this task as submitted, but it was seen to end: completed"
STRANDS_ANSWER: Final = {"data": {"interruptResponse": {"interruptId": "i-1", "response": "blue"}}}

TABLE: Final = {
    "python-a2a": Can("at once", "known here alone", cancel="refused"),
    "praisonai": Can("at once", "shown at its end", "never asks", "too late", RELAPSE),
    "fasta2a": Can(ask="answered in another task", cancel="too late"),
    "fasta2a-0.6": Can("at once", ask="answered in another task", cancel="too late"),
    "LangGraph": Can(),
    "GoogleAdk": Can(answer={"message": "", "data": [ADK_ANSWER]}),
    "Strands": Can(answer={"message": "", "data": [STRANDS_ANSWER]}),
    "Mastra": Can(),
    "AgentFramework": Can(),
    "js-0.2": Can(cancel="canceled later"),
    "js-0.2-polled": Can("at once", cancel="canceled later"),
    "js-0.3": Can(),
    "js-0.3-polled": Can("at once"),
    "js-0.3-rest": Can(),
    "js-1.3": Can(),
    "js-1.3-polled": Can("at once"),
    "js-1.3-rest": Can(),
    "js-1.3-as-0.3": Can(ask="drops the answer"),
    "js-1.3-rest-as-0.3": Can(ask="drops the answer"),
}
by_name = pytest.mark.parametrize("name", TABLE)


@pytest.fixture(scope="module")
async def targets(
    running_agent: Agents, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[str, Target]]:
    """All of the table, behind one bridge."""
    kinds = dict.fromkeys(WILD_KINDS) | dict.fromkeys(kind for kind, *_ in JAVASCRIPT.values())
    with ThreadPoolExecutor() as pool:
        running = dict(zip(kinds, pool.map(running_agent, kinds), strict=True))
    agents = {kind: running[kind] for kind in WILD_KINDS}
    places: dict[str, str | Table] = {kind: agent.url for kind, agent in agents.items()}
    for name, (kind, *_) in JAVASCRIPT.items():
        agents[name] = running[kind]
        places[name] = javascript(name, running[kind])
    home = Home(tmp_path_factory.mktemp("wild"))
    async with AsyncExitStack() as exits:
        stacks = [kind(await exits.enter_async_context(scripted())) for kind in STACKS]
        home.configure(places | {type(stack).__name__: stack.configured for stack in stacks})
        stderr = exits.enter_context(home.stderr.open("a"))
        host = await exits.enter_async_context(stdio_host(home.stdio(), "auto", stderr))
        found = [real(name, host, agent, TABLE[name]) for name, agent in agents.items()]
        found += [alike(host, stack, TABLE[type(stack).__name__]) for stack in stacks]
        yield {target.name: target for target in found}


@pytest.fixture
def target(name: str, targets: dict[str, Target]) -> Target:
    targets[name].begin()
    return targets[name]


@by_name
async def test_an_answer_comes_with_the_first_reply_and_stays(target: Target) -> None:
    before = len(target.ran())
    answer = await target.send("echo")
    assert (answer["state"], answer["text"]) == ("completed", target.answers["echo"])
    again = await target.get(answer)
    assert (again["state"], again["text"]) == ("completed", target.answers["echo"])
    assert target.ran()[before:] == [target.words["echo"]]


@by_name
async def test_a_stream_is_whole_and_its_task_stays_completed(target: Target) -> None:
    before = len(target.ran())
    came = await target.host.call("subscribe", message=target.words["stream"], agent=target.name)
    said = [update["text"] for update in came.get("updates") or [] if update["text"].strip()]
    assert ("in pieces" if len(said) > 1 else "at once") == target.can.stream
    assert (came["state"], came["text"].strip()) == ("completed", target.answers["stream"])
    assert target.ran()[before:] == [target.words["stream"]]
    again = await target.get(came)
    assert (again["state"], again["text"].strip()) == ("completed", target.answers["stream"])
    assert target.can.then in (again.get("note") or "")
    ended = await target.host.call("cancel_task", task_id=came["task_id"])
    assert (ended["state"], ended.failed) == ("completed", False)
    assert "already ended" in ended["note"]


@by_name
async def test_slow_work_is_handed_back_in_time_and_followed_to_its_end(target: Target) -> None:
    before = len(target.ran())
    begun = await target.send("slow", wait_seconds=0.2)
    assert begun["state"] in ("submitted", "working")
    assert "do not send" in begun["next_step"]
    seen = await target.get(begun)
    assert not seen.failed
    if target.can.slow == "known here alone":
        assert "does not show this task while it works" in seen["note"]
    elif target.can.slow == "shown while it runs":
        assert seen["state"] in ("submitted", "working")
    target.finish()
    ended = await target.host.call("subscribe", task_id=begun["task_id"])
    assert (ended["state"], ended["text"]) == ("completed", target.answers["slow"])
    later = await target.get(begun)
    assert (later["state"], later["text"]) == ("completed", target.answers["slow"])
    assert target.ran()[before:] == [target.words["slow"]]


@by_name
async def test_a_question_is_put_and_answered_as_far_as_the_agent_asks(target: Target) -> None:
    before = len(target.ran())
    asked = await target.send("ask")
    if target.can.ask == "never asks":
        assert (asked["state"], asked["text"]) == ("completed", target.answers["ask"])
        return
    assert asked["state"] == "input-required"
    assert target.answers["ask"] in asked["text"]
    answered = await target.host.call("send_task", task_id=asked["task_id"], **target.can.answer)
    assert len(target.ran()) == before + 2
    if target.can.ask == "drops the answer":
        assert answered.failed
        assert "answered this message with an error" in answered["note"]
        assert "carried the message out is not known" in answered["next_step"]
        return
    assert (answered["state"], answered["text"]) == ("completed", "got: blue")
    now = await target.get(asked)
    if target.can.ask == "answered in its task":
        assert answered["task_id"] == asked["task_id"]
        assert now["text"] == "got: blue"
        return
    assert answered["task_id"] != asked["task_id"]
    assert f"in a new task, {answered['task_id']}" in answered["note"]
    assert f"went on with the task {answered['task_id']}" in now["note"]
    after = await target.host.send("task more", context_id=asked["context_id"])
    assert "still waits" not in (after.get("note") or "")


@by_name
async def test_a_cancel_is_told_by_what_became_of_the_task(target: Target) -> None:
    begun = await target.send("slow", wait_seconds=0.2)
    told = await target.host.call("cancel_task", task_id=begun["task_id"])
    last = await target.host.stopped(begun["task_id"])
    if target.can.cancel.startswith("canceled"):
        assert last["state"] == "canceled"
        assert told["state"] == "canceled" or target.can.cancel == "canceled later"
        return
    if target.can.cancel == "refused":
        assert told.failed
        assert "did not cancel" in told["note"]
    else:
        assert "confirms" not in told["note"]
        assert told["state"] != "canceled"
    assert (last["state"], last["text"]) == ("completed", target.answers["slow"])


async def test_after_a_restart_running_work_that_its_agent_hides_is_not_called_lost(
    running_agent: Agents, tmp_path: Path
) -> None:
    agent = running_agent("python-a2a")
    config = configured(it=agent.url)
    before = len(agent.log())
    async with staged(config, tmp_path) as stage:
        task_id = (await stage.send("slow 2.5", wait_seconds=0.3)).task_id or ""
    async with staged(config, tmp_path) as stage:  # in process: a new one would start too slowly
        seen = await stage.bridge.get(ME, task_id, None)
        assert (seen.state, seen.failed) == (TaskState.SUBMITTED, False)
        assert "only when its work is done" in (seen.note or "")
        assert "do not send" in (seen.next_step or "")

        async def over() -> bool:
            return (await stage.bridge.get(ME, task_id, None)).text == "slow done"

        await until(over)
    assert len(agent.log()) == before + 1
