"""The SDK's client, in both eras, signs people in at a certified provider that it did not know."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from e2e.bridges import Home, free_port
from e2e.hosts import ERAS, http_host
from real_agents import Agent, Agents
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


async def test_an_opaque_token_is_taken_or_not_as_its_provider_says_and_503_while_it_is_down(
    own_agent: Callable[..., Agent], tmp_path: Path
) -> None:
    login = own_agent("oidc", "--opaque")
    port = free_port()
    # A machine has no other name in such a token.
    table = {"url": login.url, "owner_claim": "client_id", **ASKED}
    home = Home(tmp_path).configure(
        {"it": "http://127.0.0.1:9"},
        public_url=f"http://127.0.0.1:{port}",
        tokens={"robot": "robot-secret"},
        issuers={"corp": table},
    )
    async with home.serving(port=port) as served, httpx.AsyncClient() as client:

        async def issued(resource: str, scope: str = "a2a") -> str:
            form = {"grant_type": "client_credentials", "resource": resource, "scope": scope}
            secret = ("caller", "ca11er-secret")
            answer = await client.post(f"{login.url}/token", data=form, auth=secret)
            token: str = answer.json()["access_token"]
            return token

        async def shown(token: str) -> tuple[int, str | None, str | None]:
            headers = {"Accept": "application/json", "Authorization": f"Bearer {token}"}
            answer = await client.get(served.url, headers=headers)
            error = answer.headers.get("www-authenticate", '"').split('"')[1] or None
            return answer.status_code, error, answer.headers.get("retry-after")

        good, late = await issued(served.url), await issued(served.url)
        inside = await shown("robot-secret")
        assert inside == (406, None, None)
        assert await shown(good) == inside
        assert await shown("never-given") == (401, "invalid_token", None)
        assert await shown(await issued("https://other.example")) == (401, "invalid_token", None)
        assert await shown(await issued(served.url, "read")) == (403, "insufficient_scope", None)
        login.kill()
        assert await shown(late) == (503, None, "10")
        assert await shown("never-given") == (503, None, "10")
        assert await shown(good) == inside
        assert await shown("robot-secret") == inside
