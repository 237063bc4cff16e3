"""`a2a-mcp agents pin NAME`, against a real agent."""

from __future__ import annotations

import postgres
import psycopg
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


if postgres.IS_HERE:

    async def test_the_pin_that_bridges_share_is_renewed_and_an_own_one_with_it(
        running_agent: Agents, home: Home
    ) -> None:
        url, database = running_agent("1.3-jsonrpc").url, postgres.database(home.folder)
        agent = f'[agents.it]\nurl = "{url}"\npin = true\n'
        server = f'[server]\nstate_key = "{"k" * 32}"\n[server.store]\nurl = "{database}"\n'
        home.write(agent + server)
        assert (await home.run("agents", "pin", "IT")).code == 0
        with psycopg.connect(database) as connection:
            assert connection.execute("SELECT agent FROM card_pins").fetchall() == [("it",)]
        assert not list(home.folder.rglob("pins/*.json"))
        home.write(agent)
        assert (await home.run("agents", "pin", "it")).code == 0
        (own,) = home.folder.rglob("pins/*.json")
        own.write_text("damaged")
        home.write(agent + server)
        assert (await home.run("agents", "pin", "it")).code == 0
        assert own.read_text() != "damaged"
