"""A call as an MCP task whose agent wants a sign-in: before it is sent, and in the middle of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import mcp.types as t
import pytest
from browser import sign_in_at
from mcp import Client, stdio_client
from real_agents import Agent, Agents
from scripted import CARD, card, document, scripted

from a2a_mcp.bridge.jobs import GRACE_SECONDS
from a2a_mcp.store.login_folder import folder_logins
from e2e.bridges import Home
from e2e.hosts import CALL_SECONDS
from e2e.polling import PollingHost, Wire, answer_of, polling_client, wire
from e2e.test_sign_in import check_secrets

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def agent(running_agent: Agents, login: Agent) -> Agent:
    return running_agent("1.3-jsonrpc", "--issuer", login.url, "--flow", "authorization_code")


@pytest.fixture
def home(agent: Agent, login: Agent, tmp_path: Path) -> Home:
    auth = {"type": "oauth", "client_id": "person", "issuer": login.url}
    return Home(tmp_path).configure({"guarded": {"url": agent.url, "auth": auth}})


async def begun(home: Home, message: str) -> str:
    """Begin a task in a bridge that ends then; the person signs in before the call is one."""
    with home.stderr.open("a") as stderr:
        async with polling_client(stdio_client(home.stdio(), stderr), asks=True) as client:
            asked = await called(client, message)
            key, url = link_in(asked)
            await sign_in_at(url)
            answers = {key: t.ElicitResult(action="accept")}
            created = await called(
                client, message, input_responses=answers, request_state=asked["requestState"]
            )
    assert (asked["resultType"], created["resultType"]) == ("input_required", "task")
    return str(created["taskId"])


async def called(client: Client, message: str, **answers: Any) -> Wire:
    """Call send_task once, and return its result as on the wire."""
    with anyio.fail_after(CALL_SECONDS):
        result = await client.session.call_tool(
            "send_task",
            {"message": message},
            allow_claimed=True,
            allow_input_required=True,
            **answers,
        )
    return wire(result)


def link_in(task: Wire) -> tuple[str, str]:
    """Return the key and the URL of the one question of a task, or of a call."""
    ((key, request),) = task["inputRequests"].items()
    assert request["params"]["mode"] == "url"
    return key, request["params"]["url"]


async def test_a_task_whose_sign_in_has_ended_asks_for_another_and_goes_on(
    home: Home, agent: Agent, login: Agent
) -> None:
    ran = len(agent.log())
    task_id = await begun(home, "slow 4")
    await folder_logins(home.folder).remove("local", "guarded")
    with home.stderr.open("a") as stderr:
        async with polling_client(stdio_client(home.stdio(), stderr), asks=True) as client:
            host = PollingHost(client.session)
            key, url = link_in(await host.until(task_id, "input_required"))
            assert link_in(await host.get(task_id)) == (key, url)
            await host.update(task_id, **{key: {"action": "accept"}})
            assert (await host.get(task_id))["status"] == "working"
            await sign_in_at(url)
            answer = await host.result(task_id)
    assert answer["text"] == "slow done"
    assert len(agent.log()) == ran + 1
    check_secrets(login, [str(answer), await anyio.Path(home.stderr).read_text()])


async def test_a_card_that_comes_late_makes_no_task_that_cannot_go_on(
    login: Agent, tmp_path: Path
) -> None:
    flow = {"authorizationUrl": f"{login.url}/auth", "tokenUrl": f"{login.url}/token", "scopes": {}}
    scheme = {"oauth2SecurityScheme": {"flows": {"authorizationCode": flow}}}
    wanted = {
        "securitySchemes": {"oauth": scheme},
        "securityRequirements": [{"schemes": {"oauth": {}}}],
    }
    later = anyio.Event()
    auth = {"type": "oauth", "client_id": "person", "issuer": login.url}
    async with scripted() as agent, anyio.create_task_group() as group:
        served = document(card(agent.url, **wanted))
        agent.on(CARD, lambda request: [later, *served(request)])
        home = Home(tmp_path).configure({"late": {"url": agent.url, "auth": auth}})

        async def comes() -> None:
            await agent.called(CARD)
            await anyio.sleep(GRACE_SECONDS * 1.5)
            later.set()

        group.start_soon(comes)
        with home.stderr.open("a") as stderr:
            async with polling_client(stdio_client(home.stdio(), stderr), asks=True) as client:
                asked = await called(client, "hello")
        assert asked["resultType"] == "input_required"
        assert agent.sends() == []


async def test_who_declines_gets_the_result_that_says_what_to_do(home: Home) -> None:
    task_id = await begun(home, "slow 4")
    await folder_logins(home.folder).remove("local", "guarded")
    with home.stderr.open("a") as stderr:
        async with polling_client(stdio_client(home.stdio(), stderr), asks=True) as client:
            host = PollingHost(client.session)
            key, _ = link_in(await host.until(task_id, "input_required"))
            await host.update(task_id, **{key: {"action": "decline"}})
            ended = await host.over(task_id)
    assert (ended["status"], ended["result"]["isError"]) == ("completed", True)
    assert "a2a-mcp auth login guarded" in answer_of(ended["result"])["next_step"]
