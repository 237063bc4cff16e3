"""The whole bridge over agents of the wild: host, bridge process, agent; and what each can do.

Four are real servers (`agents`), five look-alikes of frameworks that cannot run here
(`lookalikes`). Where an agent cannot do a thing, the bridge's answer must say so. Each message is
carried out once, counted in the agent's own log.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import anyio
import pytest
from agents import WILD_KINDS, Agent, Agents
from e2e.bridges import Home
from e2e.hosts import Answer, Host, stdio_host
from lookalikes import ADK_CALL, AgentFramework, GoogleAdk, LangGraph, Mastra, Strands
from scripted import scripted
from stacks import QUESTION, Stack
from staging import ME, configured, staged, until

from a2a_mcp.a2a.types import TaskState

pytestmark = pytest.mark.anyio

STACKS: Final = (LangGraph, GoogleAdk, Strands, Mastra, AgentFramework)
ADK_ANSWER: Final = {
    "data": {"id": ADK_CALL["id"], "name": "ask_colour", "response": {"colour": "blue"}},
    "metadata": {"adk_type": "function_response"},
}
RELAPSE: Final = "now reports this task as submitted, but it was seen to end: completed"
STRANDS_ANSWER: Final = {"data": {"interruptResponse": {"interruptId": "i-1", "response": "blue"}}}


@dataclass(frozen=True)
class Can:
    """What comes of things at an agent, in the words of the scenes below."""

    stream: str = "in pieces"
    slow: str = "shown while it runs"
    ask: str = "answered in its task"
    cancel: str = "canceled"
    then: str = ""
    """What a note says of a task that is read after its stream."""
    answer: Mapping[str, Any] = field(default_factory=lambda: {"message": "blue"})


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
}
by_name = pytest.mark.parametrize("name", TABLE)


@dataclass(frozen=True)
class Target:
    """An agent, what to say to it, and what it has done."""

    name: str
    host: Host
    can: Can
    words: Mapping[str, str]
    answers: Mapping[str, str]
    ran: Callable[[], list[str]]
    begin: Callable[[], None]
    finish: Callable[[], None]

    async def send(self, scene: str, **arguments: Any) -> Answer:
        return await self.host.send(self.words[scene], agent=self.name, **arguments)

    async def get(self, task: Answer) -> Answer:
        return await self.host.call("get_task", task_id=task["task_id"])


def real(host: Host, agent: Agent) -> Target:
    words = {"echo": f"echo {uuid4()}", "stream": "stream 3", "slow": "slow 0.9", "ask": "input"}
    answers = {
        "echo": f"echo: {words['echo'].removeprefix('echo ')}",
        "stream": "chunk1 chunk2 chunk3",
        "slow": "slow done",
        "ask": "Which city?",
    }

    def nothing() -> None:
        """The work begins and ends by itself."""

    def ran() -> list[str]:
        return [entry["text"] for entry in agent.log()]

    return Target(agent.kind, host, TABLE[agent.kind], words, answers, ran, nothing, nothing)


def alike(host: Host, stack: Stack) -> Target:
    words = {"echo": "echo hi", "stream": "stream it", "slow": "slow it", "ask": "ask me"}
    answers = {"echo": "echo: echo hi", "stream": "one two three", "slow": "finally done"}

    def begin() -> None:
        stack.finished, stack.canceled, fresh = anyio.Event(), False, uuid4().hex
        stack.task_id, stack.context_id = type(stack).task_id + fresh, f"context-{fresh}"

    name = type(stack).__name__
    answers["ask"] = QUESTION
    return Target(
        name, host, TABLE[name], words, answers, lambda: [*stack.ran], begin, stack.finish
    )


@pytest.fixture(scope="module")
async def targets(
    running_agent: Agents, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[str, Target]]:
    """All of the table, behind one bridge."""
    agents = [running_agent(kind) for kind in WILD_KINDS]
    home = Home(tmp_path_factory.mktemp("wild"))
    async with AsyncExitStack() as exits:
        stacks = [kind(await exits.enter_async_context(scripted())) for kind in STACKS]
        places = {agent.kind: agent.url for agent in agents}
        places |= {type(stack).__name__: stack.configured for stack in stacks}
        home.configure(places)
        stderr = exits.enter_context(home.stderr.open("a"))
        host = await exits.enter_async_context(stdio_host(home.stdio(), "auto", stderr))
        found = [real(host, agent) for agent in agents] + [alike(host, it) for it in stacks]
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
    said = [update["text"] for update in came["updates"] if update["text"].strip()]
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
    assert begun.seconds < 1.2
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
    assert (answered["state"], answered["text"]) == ("completed", "got: blue")
    assert len(target.ran()) == before + 2
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
    if target.can.cancel == "canceled":
        assert told["state"] == last["state"] == "canceled"
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
        task_id = (await stage.send("slow 1.5", wait_seconds=0.3)).task_id or ""
    async with staged(config, tmp_path) as stage:  # in process: a new one would start too slowly
        seen = await stage.bridge.get(ME, task_id, None)
        assert (seen.state, seen.failed) == (TaskState.SUBMITTED, False)
        assert "only when its work is done" in (seen.note or "")
        assert "do not send" in (seen.next_step or "")

        async def over() -> bool:
            return (await stage.bridge.get(ME, task_id, None)).text == "slow done"

        await until(over)
    assert len(agent.log()) == before + 1
