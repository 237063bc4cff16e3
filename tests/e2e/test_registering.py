"""Over HTTP an agent that was registered is there for the caller who registered it."""

import pytest
from real_agents import Agents
from real_agents.gate import Gate

from e2e.bridges import Home
from e2e.hosts import http_host

pytestmark = pytest.mark.anyio


@pytest.fixture
def url(running_agent: Agents) -> str:
    """Return the URL of an agent that callers may register."""
    return running_agent("1.3-jsonrpc").url


@pytest.fixture
def home(home: Home, url: str) -> Home:
    """Return a bridge that two callers know."""
    return home.configure(
        {},
        tokens={"alice": "alice-secret", "bob": "bob-secret"},
        toolsets=["registry"],
        registrable=[url],
    )


async def test_what_one_caller_registers_no_other_sees_or_removes(
    home: Home, url: str, gate: Gate
) -> None:
    async with (
        home.serving() as served,
        http_host(served.url, "auto", "alice-secret") as alice,
        http_host(served.url, "legacy", "bob-secret") as bob,
    ):
        added = await alice.call("register_agent", url=url, name="hers")
        assert not added.failed
        assert added["agent"].startswith("hers-")
        begun = await alice.send(f"slow {gate}", agent="hers", wait_seconds=0.1)
        for tool, arguments in (
            ("agent_info", {"agent": "hers"}),
            ("send_task", {"agent": "hers", "message": "echo hello"}),
            ("unregister_agent", {"name": "hers"}),
        ):
            refused = await bob.call(tool, **arguments)
            assert refused.failed
        assert (await bob.call("agent_info"))["agents"] == []
        gate.open()
        ended = await alice.call("subscribe", task_id=begun["task_id"])
        assert (ended["state"], ended["text"]) == ("completed", "slow done")
        gone = await alice.call("unregister_agent", name="hers")
        assert gone["agent"] == added["agent"]
        own = await bob.call("register_agent", url=url)
        assert not own.failed
        assert len((await bob.call("agent_info"))["agents"]) == 1
        assert (await alice.call("agent_info"))["agents"] == []
        assert (await alice.call("get_task", task_id=begun["task_id"]))["text"] == "slow done"


async def test_a_name_tells_nothing_of_another_callers_agent(home: Home, url: str) -> None:
    async with (
        home.serving() as served,
        http_host(served.url, "auto", "alice-secret") as alice,
        http_host(served.url, "auto", "bob-secret") as bob,
    ):
        for arguments in ({"name": "kb"}, {}):
            hers = await alice.call("register_agent", url=url, **arguments)
            his = await bob.call("register_agent", url=url, **arguments)
            assert not his.failed
            base, _, mark = his["agent"].rpartition("-")
            assert hers["agent"].rpartition("-")[0] == base
            assert his.text == hers.text.replace(hers["agent"], his["agent"])
            assert mark
        asked = await bob.call("agent_info", agent=hers["agent"])
        never = await bob.call("agent_info", agent=hers["agent"].replace("-", "_"))
        assert asked.failed
        assert never.failed
        done = await bob.send("echo hello", agent="KB")
        assert done["agent"].startswith("kb-")
