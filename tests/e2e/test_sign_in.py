"""A host's call to an agent that nobody has signed in to: the person is led to the sign-in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import mcp.types as t
import pytest
from browser import sign_in_at
from mcp import StdioServerParameters
from real_agents import Agent, Agents

from a2a_mcp.store.login_folder import folder_logins
from e2e.bridges import Home
from e2e.hosts import ERAS, stdio_host

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def agent(running_agent: Agents, login: Agent) -> Agent:
    return running_agent("1.3-jsonrpc", "--issuer", login.url, "--flow", "authorization_code")


@pytest.fixture
def home(agent: Agent, login: Agent, tmp_path: Path) -> Home:
    auth = {"type": "oauth", "client_id": "person", "issuer": login.url}
    return Home(tmp_path).configure({"guarded": {"url": agent.url, "auth": auth}})


def debugging(home: Home) -> StdioServerParameters:
    """Return what starts a bridge whose log says all that it can."""
    usual = home.stdio()
    return usual.model_copy(update={"args": [*usual.args, "--log-level", "debug"]})


async def test_a_refused_secret_and_a_token_stand_in_no_result_and_no_log(
    running_agent: Agents, login: Agent, tmp_path: Path
) -> None:
    agent = running_agent("1.3-jsonrpc", "--issuer", login.url)
    home = Home(tmp_path)
    secrets = {"service": "s3cret:+ %&/", "late": "exp1red-secret"}
    tables = {
        name: {
            "url": agent.url,
            "auth": {
                "type": "oauth",
                "client_id": name,
                "client_secret": secret,
                "issuer": login.url,
            },
        }
        for name, secret in secrets.items()
    }
    home.configure(tables)
    with home.stderr.open("a") as stderr:
        async with stdio_host(debugging(home), "legacy", stderr) as host:
            answers = [await host.send("hello", agent=name) for name in secrets]
    assert [answer.failed for answer in answers] == [False, True]
    tokens = [entry["headers"].get("authorization", "") for entry in agent.requests()]
    sent = {token.removeprefix("Bearer ") for token in tokens if token}
    told = [*map(str, answers), await anyio.Path(home.stderr).read_text()]
    assert sent
    assert not any(secret in text for text in told for secret in sent | set(secrets.values()))


@pytest.mark.parametrize("mode", ERAS)
async def test_one_call_leads_the_person_to_one_sign_in_and_the_agent_acts_once(
    home: Home, agent: Agent, login: Agent, mode: str
) -> None:
    asked: list[t.ElicitRequestParams] = []
    ran = len(agent.log())
    async with anyio.create_task_group() as group:

        async def person(_: Any, params: t.ElicitRequestParams) -> t.ElicitResult:
            asked.append(params)
            assert isinstance(params, t.ElicitRequestURLParams)
            group.start_soon(sign_in_at, params.url)
            return t.ElicitResult(action="accept")

        with home.stderr.open("a") as stderr:
            async with stdio_host(debugging(home), mode, stderr, person) as host:
                answers = [await host.send("hello", agent="guarded") for _ in range(2)]
    assert [answer["state"] for answer in answers] == ["completed", "completed"]
    assert len(asked) == 1
    assert len(agent.log()) == ran + 2
    assert await folder_logins(home.folder).get("local", "guarded")
    told = [*map(str, answers), str(asked[0]), await anyio.Path(home.stderr).read_text()]
    assert told[-1]  # the log is at work
    check_secrets(login, told)


def check_secrets(login: Agent, told: list[str]) -> None:
    """Check that no code, verifier or token that the server has ever seen is told to anybody."""
    secrets = {secret for each in login.requests() for secret in each["secrets"]}
    assert len(secrets) >= 4
    assert not [secret for secret in secrets for text in told if secret in text]


async def test_who_is_slow_is_shown_the_link_again_and_the_call_goes_on(
    home: Home, agent: Agent, login: Agent
) -> None:
    auth = {"type": "oauth", "client_id": "person", "issuer": login.url}
    home.configure({"guarded": {"url": agent.url, "auth": auth}}, wait_seconds=0.1)
    asked: list[str] = []
    ran = len(agent.log())
    async with anyio.create_task_group() as group:

        async def person(_: Any, params: t.ElicitRequestParams) -> t.ElicitResult:
            assert isinstance(params, t.ElicitRequestURLParams)
            asked.append(params.url)
            if len(asked) == 3:
                group.start_soon(sign_in_at, params.url)
            return t.ElicitResult(action="accept")

        with home.stderr.open("a") as stderr:
            async with stdio_host(home.stdio(), "auto", stderr, person) as host:
                answer = await host.send("hello", agent="guarded", wait_seconds=10)
    assert answer["state"] == "completed"
    assert len(asked) >= 3
    assert len(set(asked)) == 1
    assert len(agent.log()) == ran + 1


async def test_calls_at_the_same_time_share_one_sign_in(home: Home, agent: Agent) -> None:
    asked: list[str] = []
    answers: list[str] = []
    async with anyio.create_task_group() as group:

        async def person(_: Any, params: t.ElicitRequestParams) -> t.ElicitResult:
            assert isinstance(params, t.ElicitRequestURLParams)
            asked.append(params.url)
            if len(asked) == 3:
                group.start_soon(sign_in_at, params.url)
            return t.ElicitResult(action="accept")

        with home.stderr.open("a") as stderr:
            async with stdio_host(home.stdio(), "legacy", stderr, person) as host:

                async def call() -> None:
                    answers.append((await host.send("hello", agent="guarded"))["state"])

                async with anyio.create_task_group() as calls:
                    for _ in range(3):
                        calls.start_soon(call)
    assert answers == ["completed"] * 3
    assert len(set(asked)) == 1


@pytest.mark.parametrize("mode", ERAS)
async def test_who_declines_or_cannot_be_asked_gets_the_command(
    home: Home, agent: Agent, mode: Any
) -> None:
    ran = len(agent.log())

    async def person(_: Any, params: t.ElicitRequestParams) -> t.ElicitResult:
        return t.ElicitResult(action="decline")

    with home.stderr.open("a") as stderr:
        async with stdio_host(home.stdio(), mode, stderr, person) as host:
            answer = await host.send("hello", agent="guarded")
    assert answer.failed
    assert "a2a-mcp auth login guarded" in answer["next_step"]
    assert len(agent.log()) == ran
