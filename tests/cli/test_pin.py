"""`a2a-mcp agents pin NAME`, against a real agent."""

from __future__ import annotations

import pytest
from commands import Home
from real_agents import Agents

pytestmark = pytest.mark.anyio


async def test_a_card_is_pinned_and_its_changes_are_said(running_agent: Agents, home: Home) -> None:
    url = running_agent("1.3-jsonrpc").url
    home.write(f'[agents.it]\nurl = "{url}"\npin = true\n[agents.free]\nurl = "{url}"\n')
    done = await home.run("agents", "pin", "it")
    said = "The card of 'it' is pinned as it is now. It changes nothing.\n"
    assert (done.code, done.out) == (0, said)
    assert len(list(home.folder.rglob("pins/*.json"))) == 1
    free = await home.run("agents", "pin", "free")
    assert free.code == 1
    assert "Set pin = true for it" in free.err
    assert (await home.run("agents", "pin", "nobody")).code == 1
