"""A sign-in in the rounds of 2026-07-28: the state of the call, a repeated round, a consent before.

The server runs in this process; the agent and its authorization server are real.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import mcp.types as t
import pytest
from browser import sign_in_at
from mcp import Client
from real_agents import Agent, Agents
from staging import ME, PATIENCE, configured

from a2a_mcp.a2a.auth.oauth.settings import OAuth
from a2a_mcp.server.lifespan import create_server
from a2a_mcp.store.login_folder import folder_logins

pytestmark = pytest.mark.anyio

ACCEPT = t.ElicitResult(action="accept")


class Person:
    """Agrees to all; a link is opened, and its page gone through."""

    def __init__(self, group: anyio.abc.TaskGroup) -> None:
        self.asked: list[t.ElicitRequestParams] = []
        self._group = group

    async def __call__(self, _: Any, params: Any) -> t.ElicitResult:
        self.asked.append(params)
        if isinstance(params, t.ElicitRequestURLParams):
            self._group.start_soon(sign_in_at, params.url)
        return ACCEPT


@pytest.fixture(scope="module")
def agent(running_agent: Agents, login: Agent) -> Agent:
    return running_agent("1.3-jsonrpc", "--issuer", login.url, "--flow", "authorization_code")


def server(agent: Agent, login: Agent, folder: Path, **table: Any) -> Any:
    auth = OAuth("person", issuer=login.url)
    config = configured(guarded={"url": agent.url, "auth": auth, **table})
    return create_server(config, folder, local=True)


def params(state: str | None = None) -> t.CallToolRequest:
    more = {"input_responses": {"answer": ACCEPT}, "request_state": state} if state else {}
    return t.CallToolRequest(
        params=t.CallToolRequestParams(name="send_task", arguments={"message": "hello"}, **more)
    )


async def test_a_round_that_a_host_repeats_sends_once(
    agent: Agent, login: Agent, tmp_path: Path
) -> None:
    ran = len(agent.log())
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as group:
            made = server(agent, login, tmp_path)
            async with Client(made, elicitation_callback=Person(group)) as client:
                asked = await client.session.send_request(params(), t.InputRequiredResult)
                request = (asked.input_requests or {})["answer"]
                assert isinstance(request.params, t.ElicitRequestURLParams)
                group.start_soon(sign_in_at, request.params.url)
                again = params(asked.request_state)
                first = await client.session.send_request(again, t.CallToolResult)
                second = await client.session.send_request(again, t.CallToolResult)
    assert first.structured_content
    assert first.structured_content["state"] == "completed"
    assert second.is_error
    assert "sent before" in str(second.structured_content)
    assert len(agent.log()) == ran + 1


async def test_the_state_of_the_call_holds_nothing_that_a_restart_would_miss(
    agent: Agent, login: Agent, tmp_path: Path
) -> None:
    """A sign-in is lost with its process: the next round begins another."""
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as group:
            made = server(agent, login, tmp_path)
            async with Client(made, elicitation_callback=Person(group)) as client:
                asked = await client.session.send_request(params(), t.InputRequiredResult)
            made = server(agent, login, tmp_path)
            async with Client(made, elicitation_callback=Person(group)) as client:
                again = params(asked.request_state)
                other = await client.session.send_request(again, t.InputRequiredResult)
    assert other.request_state != asked.request_state
    assert other.input_requests != asked.input_requests


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_who_has_agreed_to_a_message_signs_in_next_and_it_is_sent_once(
    agent: Agent, login: Agent, tmp_path: Path, mode: Any
) -> None:
    ran = len(agent.log())
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as group:
            person = Person(group)
            made = server(agent, login, tmp_path, confirm=True)
            async with Client(made, mode=mode, elicitation_callback=person) as client:
                answer = await client.call_tool("send_task", {"message": "hello"})
    assert answer.structured_content
    assert answer.structured_content["state"] == "completed"
    assert [type(asked) for asked in person.asked] == [
        t.ElicitRequestFormParams,
        t.ElicitRequestURLParams,
    ]
    assert len(agent.log()) == ran + 1


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_a_task_goes_on_after_a_sign_in_that_ended_in_the_middle_of_it(
    agent: Agent, login: Agent, tmp_path: Path, mode: Any
) -> None:
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as group:
            person = Person(group)
            made = server(agent, login, tmp_path)
            async with Client(made, mode=mode, elicitation_callback=person) as client:
                begun = await client.call_tool("send_task", {"message": "input"})
                assert begun.structured_content
                task_id = begun.structured_content["task_id"]
                await folder_logins(tmp_path).remove(ME, "guarded")
                read = await client.call_tool("get_task", {"task_id": task_id})
                waited = await client.call_tool("subscribe", {"task_id": task_id})
                await folder_logins(tmp_path).remove(ME, "guarded")
                reply = {"message": "Oslo", "task_id": task_id}
                ended = await client.call_tool("send_task", reply)
    assert read.is_error
    assert "a2a-mcp auth login guarded" in str(read.structured_content)
    assert len(person.asked) == 3
    told = [begun.structured_content, waited.structured_content, ended.structured_content]
    assert [each and each["state"] for each in told] == [
        "input-required",
        "input-required",
        "completed",
    ]
    assert {each and each["task_id"] for each in told} == {task_id}
    assert [each["text"] for each in agent.log() if each["task_id"] == task_id] == ["input", "Oslo"]
