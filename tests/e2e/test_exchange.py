"""Callers who have signed in at a real provider, and an agent that takes a token of each of them.

The provider exchanges their tokens (RFC 8693); the agent asks it about each that it is shown.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import httpx
import pytest
from real_agents import Agent, Agents

from e2e.bridges import Home, free_port
from e2e.hosts import ERAS, http_host
from e2e.test_sign_in import check_secrets
from e2e.test_sign_in_pages import Scene, issued

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def agent(running_agent: Agents, login: Agent) -> Agent:
    return running_agent("1.3-jsonrpc", "--issuer", login.url)


@pytest.fixture(params=["agent", "elsewhere"])
async def scene(
    request: pytest.FixtureRequest, agent: Agent, login: Agent, tmp_path: Path
) -> AsyncIterator[Scene]:
    port = free_port()
    auth = {
        "type": "exchange",
        "issuer": login.url,
        "client_id": "bridge",
        "client_secret": "br1dge-secret",
        "audience": request.param,
    }
    home = Home(tmp_path).configure(
        {"guarded": {"url": agent.url, "auth": auth}},
        public_url=f"http://127.0.0.1:{port}",
        issuers={"corp": {"url": login.url}},
    )
    async with home.serving("--log-level", "debug", port=port) as served:
        yield Scene(home, served.url, agent)


@pytest.mark.parametrize("scene", ["agent"], indirect=True)
async def test_the_agent_knows_each_caller_by_a_token_that_was_exchanged_once(
    scene: Scene, agent: Agent, login: Agent
) -> None:
    asked, seen, told = len(login.requests()), len(agent.requests()), []
    for who in ("alice", "bob"):
        token = await issued(login, scene.url, who)
        for mode in ERAS:
            async with http_host(scene.url, mode, token) as host:
                answer = await host.send("hello", agent="guarded")
                assert answer["state"] == "completed"
                told.append(str(answer))
    grants = [each["grant"].rpartition(":")[2] for each in login.requests()[asked:]]
    assert grants == ["authorization_code", "token-exchange"] * 2
    shown = [each["headers"].get("authorization") for each in agent.requests()[seen:]]
    tokens = list(dict.fromkeys(each for each in shown if each))
    assert [subject_of(login, each) for each in tokens] == ["alice", "bob"]
    check_secrets(login, [*told, await anyio.Path(scene.home.stderr).read_text()])


def subject_of(login: Agent, authorization: str) -> str | None:
    """Return the person that a token of the agent's is for."""
    form = {"token": authorization.removeprefix("Bearer ")}
    auth = ("bridge", "br1dge-secret")
    answer = httpx.post(f"{login.url}/token/introspection", data=form, auth=auth).json()
    return str(answer["sub"]) if answer["active"] else None


@pytest.mark.parametrize("scene", ["elsewhere"], indirect=True)
async def test_an_audience_that_the_provider_does_not_know_names_the_key(
    scene: Scene, agent: Agent, login: Agent
) -> None:
    ran = len(agent.log())
    async with http_host(scene.url, "auto", await issued(login, scene.url, "alice")) as host:
        answer = await host.send("hello", agent="guarded")
    assert answer.failed
    assert "invalid_target" in answer.text
    assert "check resource and audience" in answer["next_step"]
    assert len(agent.log()) == ran
