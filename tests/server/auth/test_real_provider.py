"""The SDK's client, in both eras, signs people in at a certified provider that it did not know."""

from pathlib import Path
from typing import Any, Final

import pytest
from e2e.bridges import Home, free_port
from e2e.hosts import ERAS, http_host
from real_agents import Agents
from scripted import CARD, SEND, card, document, done, result, scripted
from signing_in_host import Signed, sign_in_as

pytestmark = pytest.mark.anyio

ASKED: Final = {
    "tokens": "introspection",
    "client_id": "bridge",
    "client_secret": "br1dge-secret",
}


@pytest.mark.parametrize(("options", "table"), [([], {}), (["--opaque"], ASKED)])
async def test_a_person_signs_in_and_sees_his_own_under_each_new_client(
    options: list[str], table: dict[str, Any], running_agent: Agents, tmp_path: Path
) -> None:
    login = running_agent("oidc", *options)
    port = free_port()
    home = Home(tmp_path)
    seen: dict[str, list[str]] = {}
    clients = []
    async with scripted() as agent:
        agent.on(CARD, document(card(agent.url)))
        agent.on(SEND, result({"task": done("it is done")}))
        home.configure(
            {"it": agent.url},
            public_url=f"http://127.0.0.1:{port}",
            issuers={"corp": {"url": login.url, **table}},
        )
        async with home.serving(port=port) as served:
            for name in ("alice", "bob"):
                for mode in ERAS:
                    kept = Signed()
                    auth = sign_in_as(name, served.url, kept)
                    async with http_host(served.url, mode, auth=auth) as host:
                        if name not in seen:
                            assert (await host.call("list_tasks"))["tasks"] == []
                            await host.send(f"for {name}")
                        listed = (await host.call("list_tasks"))["tasks"]
                    seen.setdefault(name, []).append(str([task["title"] for task in listed]))
                    clients.append(kept.client and kept.client.client_id)
    assert seen == {name: [f"['for {name}']"] * 2 for name in ("alice", "bob")}
    assert len(set(clients)) == 4
