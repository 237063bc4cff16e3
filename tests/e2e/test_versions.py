"""Real agents that speak another version than their card says, or than they spoke before.

The first call is answered, and the agent works once for each message: counted in its own log.
`tests/wild/test_versions.py` has the same over scripted agents, with every refusal of the wild.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Final

import pytest
from real_agents import Agent, Agents

from e2e.bridges import Home
from e2e.hosts import Host, stdio_host

pytestmark = pytest.mark.anyio

OLD: Final = ("--says", "0.3.0")
NEW: Final = ("--says", "1.0")
LIARS: Final[dict[str, tuple[str, str, str, tuple[str, ...]]]] = {
    "0.3-but-1.0": ("0.3.0", "1.0", "1.3-jsonrpc", OLD),
    "0.3-but-1.0-polled": ("0.3.0", "1.0", "1.3-jsonrpc", (*OLD, "--no-streaming")),
    "0.3-but-1.0-rest": ("0.3.0", "1.0", "1.3-rest", OLD),
    "1.0-but-0.3": ("1.0", "0.3", "0.3-jsonrpc", NEW),
    "1.0-but-0.3-rest": ("1.0", "0.3", "0.3-rest", NEW),
    "0.3-but-0.1": ("0.3.0", "0.1 python-a2a", "python-a2a", ()),
}
"""What a card says, what is spoken, by which kind of agent with which options."""

by_liar = pytest.mark.parametrize("name", LIARS)


@pytest.fixture(scope="module")
def liars(running_agent: Agents) -> dict[str, Agent]:
    with ThreadPoolExecutor() as pool:
        started = pool.map(lambda liar: running_agent(liar[2], *liar[3]), LIARS.values())
        return dict(zip(LIARS, started, strict=True))


@asynccontextmanager
async def bridged(home: Home, agents: Mapping[str, Agent]) -> AsyncIterator[Host]:
    """Start a bridge that knows these agents, and a host in front of it."""
    home.configure({name: agent.url for name, agent in agents.items()})
    with home.stderr.open("a") as stderr:
        async with stdio_host(home.stdio(), "legacy", stderr) as host:
            yield host


@pytest.fixture(scope="module")
def lied_to(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("lied-to"))


@pytest.fixture(scope="module")
async def host(lied_to: Home, liars: dict[str, Agent]) -> AsyncIterator[Host]:
    """A host whose bridge has never met these agents."""
    async with bridged(lied_to, liars) as host:
        yield host


def executed(agent: Agent) -> list[str]:
    return [entry["text"] for entry in agent.log()]


def ways(agent: Agent, since: int) -> set[tuple[str | None, bool]]:
    """How an agent was spoken to: by which version header, and below `/v1` or not."""
    return {
        (request["headers"].get("a2a-version"), request["path"].startswith("/v1/"))
        for request in agent.requests()[since:]
        if "/.well-known/" not in request["path"]
    }


@by_liar
async def test_the_first_call_is_answered_and_executed_once(
    host: Host, liars: dict[str, Agent], name: str
) -> None:
    agent = liars[name]
    first = await host.send(f"task one {name}", agent=name)
    assert (first["state"], first["text"]) == ("completed", f"task: one {name}")
    before = len(agent.requests())
    second = await host.send(f"task two {name}", agent=name)
    assert second["text"] == f"task: two {name}"
    assert len(ways(agent, before)) == 1, "the correction is remembered"
    asked = await host.send("input", agent=name)
    answered = await host.send(f"Oslo {name}", task_id=asked["task_id"])
    assert answered["text"] == f"got: Oslo {name}"
    ran = [text for text in executed(agent) if text.endswith(f" {name}")]
    assert ran == [f"task one {name}", f"task two {name}", f"Oslo {name}"]


async def test_the_author_of_a_card_is_told_in_agent_info_and_the_log(
    host: Host, liars: dict[str, Agent], lied_to: Home
) -> None:
    for name, (says, speaks, _, _) in LIARS.items():
        await host.send("task told", agent=name)
        told = await host.call("agent_info", agent=name)
        where = f"for {liars[name].url}; the agent speaks {speaks}"
        lie = f"the card says A2A {says} {where}"
        assert lie in told.text
        assert lie in lied_to.stderr.read_text()


SUCCESSORS: Final[dict[str, tuple[str, str, tuple[str, ...]]]] = {
    "0.3-by-1.0": ("0.3-jsonrpc", "1.3-jsonrpc", ()),
    "0.3-by-1.0-under-the-old-card": ("0.3-jsonrpc", "1.3-jsonrpc", OLD),
    "0.3-by-1.0-over-another-binding": ("0.3-jsonrpc", "1.3-rest", ()),
    "python-a2a-by-1.0": ("python-a2a", "1.3-jsonrpc", ()),
}
"""The kind of an agent, and of the one that takes its port, with options."""


async def test_agents_replaced_in_place_go_on_after_one_corrected_call(
    own_agent: Callable[..., Agent], home: Home
) -> None:
    def replaced(name: str) -> Agent:
        port = before[name].port
        before[name].kill()
        _, kind, options = SUCCESSORS[name]
        return own_agent(kind, "--port", str(port), *options)

    with ThreadPoolExecutor() as pool:
        started = pool.map(own_agent, (kind for kind, _, _ in SUCCESSORS.values()))
        before = dict(zip(SUCCESSORS, started, strict=True))
        async with bridged(home, before) as host:
            for name, old in before.items():
                assert (await host.send("task one", agent=name))["text"] == "task: one"
                assert executed(old) == ["task one"]
            for name, new in zip(SUCCESSORS, pool.map(replaced, SUCCESSORS), strict=True):
                corrected = await host.send("task two", agent=name)
                assert (corrected["state"], corrected["text"]) == ("completed", "task: two"), name
                seen = len(new.requests())
                assert (await host.send("task three", agent=name))["text"] == "task: three", name
                assert len(ways(new, seen)) == 1, name
                assert executed(new) == ["task two", "task three"], name
