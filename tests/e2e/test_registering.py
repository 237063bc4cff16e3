"""Over HTTP an agent that was registered is there for the caller who registered it."""

import pytest
from real_agents import Agents

from e2e.bridges import Home
from e2e.hosts import http_host

pytestmark = pytest.mark.anyio


async def test_what_one_caller_registers_no_other_sees_or_removes(
    home: Home, running_agent: Agents
) -> None:
    url = running_agent("1.3-jsonrpc").url
    home.configure(
        {},
        tokens={"alice": "alice-secret", "bob": "bob-secret"},
        toolsets=["registry"],
        registrable=[url],
    )
    async with (
        home.serving() as served,
        http_host(served.url, "auto", "alice-secret") as alice,
        http_host(served.url, "legacy", "bob-secret") as bob,
    ):
        added = await alice.call("register_agent", url=url, name="hers")
        assert not added.failed
        assert added["agent"] == "hers"
        begun = await alice.send("slow 2", agent="hers", wait_seconds=0.1)
        for tool, arguments in (
            ("agent_info", {"agent": "hers"}),
            ("send_task", {"agent": "hers", "message": "echo hello"}),
            ("unregister_agent", {"name": "hers"}),
        ):
            refused = await bob.call(tool, **arguments)
            assert refused.failed
        assert (await bob.call("agent_info"))["agents"] == []
        ended = await alice.call("subscribe", task_id=begun["task_id"])
        assert (ended["state"], ended["text"]) == ("completed", "slow done")
        gone = await alice.call("unregister_agent", name="hers")
        assert gone["agent"] == "hers"
        own = await bob.call("register_agent", url=url)
        assert not own.failed
        assert len((await bob.call("agent_info"))["agents"]) == 1
        assert (await alice.call("agent_info"))["agents"] == []
        assert (await alice.call("get_task", task_id=begun["task_id"]))["text"] == "slow done"
