"""Nothing is lost: not by a kill -9, not by a second bridge on the same state folder."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from uuid import uuid4

import pytest
from real_agents import Agent, Agents
from real_agents.gate import Gate

from e2e.bridges import Home, until
from e2e.hosts import Answer, Host, http_host
from e2e.lines import LEGACY, MODERN, line_host

pytestmark = pytest.mark.anyio

KINDS = ("1.3-jsonrpc", "1.3-rest", "0.3-jsonrpc", "0.3-rest", "0.2-jsonrpc")


class Mortal:
    """A bridge that can be killed and started again on the same state folder."""

    def __init__(self, home: Home, transport: str) -> None:
        self._home = home
        self._transport = transport
        self._stack = AsyncExitStack()

    async def start(self) -> Host:
        if self._transport == "http":
            served = await self._stack.enter_async_context(self._home.serving())
            self._process = served.process
            return await self._stack.enter_async_context(http_host(served.url, "auto"))
        host, pipes = await self._stack.enter_async_context(line_host(self._home, LEGACY))
        self._process = pipes.process
        return host

    async def kill(self) -> None:
        """Kill the process, as a crash would end it."""
        self._process.kill()
        await self._process.wait()
        await self._stack.aclose()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> "Mortal":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()


@pytest.fixture
def agents(running_agent: Agents, home: Home) -> dict[str, Agent]:
    found = {kind: running_agent(kind) for kind in KINDS}
    home.configure({kind: agent.url for kind, agent in found.items()})
    return found


@pytest.mark.parametrize("transport", ["stdio", "http"])
async def test_after_a_kill_9_right_after_the_reply_a_task_id_alone_still_routes(
    home: Home, agents: dict[str, Agent], transport: str
) -> None:
    begun: dict[str, tuple[Answer, Answer, Answer]] = {}
    async with Mortal(home, transport) as mortal:
        host = await mortal.start()
        for kind in KINDS:
            done = await host.send("task one", agent=kind)
            slow = await host.send("slow 600", agent=kind, wait_seconds=0.2)
            asked = await host.send("input", agent=kind)
            begun[kind] = done, slow, asked
        await mortal.kill()
        host = await mortal.start()
        for kind, (done, slow, asked) in begun.items():
            seen = await host.call("get_task", task_id=done["task_id"])
            assert (seen["agent"], seen["state"]) == (kind, "completed")
            assert "task: one" in seen["text"]
            stopped = await host.call("cancel_task", task_id=slow["task_id"])
            assert (stopped["agent"], stopped["state"]) == (kind, "canceled")
            answered = await host.send("Paris", task_id=asked["task_id"])
            assert (answered["agent"], answered["task_id"]) == (kind, asked["task_id"])
            assert "got: Paris" in answered["text"]
            new = await host.send("task two", context_id=done["context_id"])
            assert (new["agent"], new["context_id"]) == (kind, done["context_id"])
            told = [entry["text"] for entry in agents[kind].log()]
            assert told.count("Paris") >= 1


async def test_work_that_outlives_a_kill_9_is_waited_for_again(
    home: Home, agents: dict[str, Agent], gate: Gate
) -> None:
    begun: dict[str, str] = {}
    async with Mortal(home, "stdio") as mortal:
        host = await mortal.start()
        for kind in KINDS[:-1]:  # a2a-sdk 0.2 stops when its stream breaks
            answer = await host.send(f"slow {gate}", agent=kind, wait_seconds=1)
            assert answer["state"] in ("submitted", "working")
            begun[kind] = answer["task_id"]
        await mortal.kill()
        host = await mortal.start()
        gate.open()
        for kind, task_id in begun.items():
            done = await host.call("subscribe", task_id=task_id, wait_seconds=30)
            assert (done["agent"], done["state"], done["text"]) == (kind, "completed", "slow done")
            assert (await host.call("get_task", task_id=task_id))["text"] == "slow done"
            told = [entry["text"] for entry in agents[kind].log() if entry["task_id"] == task_id]
            assert told == [f"slow {gate}"]


async def test_the_very_last_reply_before_a_kill_9_is_remembered(
    home: Home, agents: dict[str, Agent]
) -> None:
    async with Mortal(home, "stdio") as mortal:
        host = await mortal.start()
        for _ in range(3):
            answer = await host.send("task one", agent="1.3-jsonrpc")
            await mortal.kill()
            host = await mortal.start()
            assert (await host.call("get_task", task_id=answer["task_id"]))["state"] == "completed"


async def test_a_kill_9_while_the_agent_works_leaves_a_trace_and_sends_nothing_twice(
    home: Home, agents: dict[str, Agent], gate: Gate
) -> None:
    agent, words = agents["1.3-jsonrpc"], f"silent {gate} {uuid4()}"

    async def executed() -> bool:
        return any(entry["text"] == words for entry in agent.log())

    async with line_host(home) as (host, pipes):
        arguments = {"message": words, "agent": agent.kind}
        await pipes.ask("tools/call", name="send_task", arguments=arguments)
        await until(executed)
        pipes.process.kill()
        await pipes.process.wait()
    async with line_host(home) as (host, pipes):
        (row,) = (await host.call("list_tasks"))["tasks"]
        (told,) = (entry for entry in agent.log() if entry["text"] == words)
        assert row["agent"] == agent.kind
        assert row["message_id"] == told["message_id"]
        assert row["state"] != "completed"
    assert sum(entry["text"] == words for entry in agent.log()) == 1


async def test_a_handle_of_ours_whose_answer_was_lost_is_an_error_that_says_so(
    home: Home, agents: dict[str, Agent], gate: Gate
) -> None:
    agent, words = agents["1.3-jsonrpc"], f"silent {gate} {uuid4()}"
    async with Mortal(home, "stdio") as mortal:
        host = await mortal.start()
        pending = await host.send(words, agent=agent.kind, wait_seconds=0.5)
        assert pending["task_id"].startswith("pending-")
        await mortal.kill()
        host = await mortal.start()
        for tool in ("get_task", "cancel_task", "subscribe"):
            answer = await host.call(tool, task_id=pending["task_id"])
            assert answer.failed
            assert agent.kind in answer.text
        answer = await host.send("more", task_id=pending["task_id"])
        assert answer.failed
        assert agent.kind in answer.text
    assert sum(entry["text"] == words for entry in agent.log()) == 1


async def test_two_bridges_on_one_state_folder_see_each_others_tasks(
    home: Home, agents: dict[str, Agent]
) -> None:
    async with line_host(home, LEGACY) as (one, _), line_host(home, MODERN) as (two, _):
        for here, there in ((one, two), (two, one)):
            done = await here.send("task one", agent="0.3-jsonrpc")
            asked = await here.send("input", agent="1.3-rest")
            slow = await here.send("slow 600", agent="0.2-jsonrpc", wait_seconds=0.2)
            listed = await there.call("list_tasks", limit=3)
            ids = [row["task_id"] for row in listed["tasks"]]
            assert ids == [slow["task_id"], asked["task_id"], done["task_id"]]
            seen = await there.call("get_task", task_id=done["task_id"])
            assert (seen["agent"], seen["state"]) == ("0.3-jsonrpc", "completed")
            answered = await there.send("Paris", task_id=asked["task_id"])
            assert answered["task_id"] == asked["task_id"]
            assert "got: Paris" in answered["text"]
            stopped = await there.call("cancel_task", task_id=slow["task_id"])
            assert stopped["state"] == "canceled"
            again = await here.call("get_task", task_id=slow["task_id"])
            assert again["state"] == "canceled"


async def test_what_is_unknown_stays_unknown_after_a_restart(
    home: Home, agents: dict[str, Agent]
) -> None:
    async with Mortal(home, "stdio") as mortal:
        host = await mortal.start()
        await host.send("task one", agent="1.3-jsonrpc")
        await mortal.kill()
        host = await mortal.start()
        await refuses_unknown_ids(host)


async def refuses_unknown_ids(host: Host) -> None:
    """Every tool answers an unknown task id with an error that names the id."""
    calls: list[tuple[str, dict[str, str]]] = [
        ("get_task", {}),
        ("cancel_task", {}),
        ("subscribe", {}),
        ("get_artifact", {"artifact_id": "answer"}),
        ("send_task", {"message": "more"}),
    ]
    for tool, more in calls:
        for agent in ({}, {"agent": "1.3-jsonrpc"}, {"agent": "0.3-rest"}):
            answer = await host.call(tool, task_id="no-such-task", **more, **agent)
            assert answer.failed, (tool, agent, answer)
            assert "no-such-task" in answer.text
            assert agent.get("agent", "") in answer.text
            assert "list_tasks" in answer.text


async def test_a_task_from_elsewhere_is_adopted_when_its_agent_is_named(
    home: Home, agents: dict[str, Agent], own_home: Callable[[], Home]
) -> None:
    async with line_host(home) as (host, _):
        done = await host.send("task one", agent="1.3-jsonrpc")
    async with line_host(own_home()) as (host, _):
        assert (await host.call("get_task", task_id=done["task_id"])).failed
        assert (await host.call("get_task", task_id=done["task_id"], agent="1.3-rest")).failed
        found = await host.call("get_task", task_id=done["task_id"], agent="1.3-jsonrpc")
        assert found["state"] == "completed"
        known = await host.call("get_task", task_id=done["task_id"])
        assert "task: one" in known["text"]


@pytest.fixture
def own_home(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Home]:
    """Make another folder with the same configuration and no state."""

    def make() -> Home:
        other = Home(tmp_path_factory.mktemp("other"))
        other.config.write_bytes(home.config.read_bytes())
        return other

    return make
