"""`confirm = true`: nothing leaves before the person has agreed to it, and then exactly once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import mcp.types as t
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from scripted import SEND, ScriptedAgent, done, result, scripted
from staging import configured, hosted

pytestmark = pytest.mark.anyio

PUSHED, IN_RESULT = "legacy", "auto"
both = pytest.mark.parametrize("mode", [PUSHED, IN_RESULT])
AGREES = t.ElicitResult(action="accept", content={"send": True})
MESSAGE = {"message": "Book the flight", "files": [{"name": "pass.txt", "text": "P123"}]}


class Person:
    """Replies always the same, and keeps what was asked."""

    def __init__(self, reply: t.ElicitResult) -> None:
        self._reply = reply
        self.asked: list[t.ElicitRequestFormParams] = []

    async def __call__(self, _: Any, params: Any) -> t.ElicitResult:
        self.asked.append(params)
        return self._reply


@pytest.fixture
async def agent() -> AsyncIterator[ScriptedAgent]:
    async with scripted() as running:
        running.on(SEND, result({"task": done("booked")}))
        yield running


async def called(
    agent: ScriptedAgent,
    folder: Path,
    person: Person | None,
    mode: Any,
    tool: str = "send_task",
    **arguments: Any,
) -> t.CallToolResult:
    config = configured(it={"url": agent.url, "confirm": True})
    options: dict[str, Any] = {"elicitation_callback": person} if person else {}
    async with hosted(config, folder, mode=mode, **options) as client:
        return await client.call_tool(tool, arguments or MESSAGE)


@both
async def test_a_message_leaves_once_when_the_person_agrees(
    agent: ScriptedAgent, tmp_path: Path, mode: str
) -> None:
    person = Person(AGREES)
    told = await called(agent, tmp_path, person, mode)
    assert told.structured_content
    assert told.structured_content["state"] == "completed"
    assert len(agent.sends()) == 1
    (asked,) = person.asked
    assert "the agent it?" in asked.message
    assert "Book the flight" in asked.message
    assert "pass.txt" in asked.message
    assert "P123" not in asked.message


@both
@pytest.mark.parametrize(
    "reply",
    [
        t.ElicitResult(action="decline"),
        t.ElicitResult(action="cancel"),
        t.ElicitResult(action="accept", content={"send": False}),
    ],
    ids=["declined", "closed", "unticked"],
)
async def test_nothing_leaves_when_the_person_does_not_agree(
    agent: ScriptedAgent, tmp_path: Path, mode: str, reply: t.ElicitResult
) -> None:
    told = await called(agent, tmp_path, Person(reply), mode)
    assert told.is_error
    assert told.structured_content
    assert "Nothing was sent" in told.structured_content["error"]
    assert agent.sends() == []


@both
async def test_a_host_that_cannot_ask_gets_the_reason_and_nothing_leaves(
    agent: ScriptedAgent, tmp_path: Path, mode: str
) -> None:
    told = await called(agent, tmp_path, None, mode)
    assert told.is_error
    assert told.structured_content
    assert "consent" in told.structured_content["error"]
    assert agent.sends() == []


@both
async def test_a_subscription_that_begins_a_task_needs_consent_too(
    agent: ScriptedAgent, tmp_path: Path, mode: str
) -> None:
    person = Person(t.ElicitResult(action="decline"))
    await called(agent, tmp_path, person, mode, "subscribe", message="Book the flight")
    assert len(person.asked) == 1
    assert agent.sends() == []


async def test_consent_to_one_message_is_none_to_another(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    config = configured(it={"url": agent.url, "confirm": True})
    async with hosted(config, tmp_path, elicitation_callback=Person(AGREES)) as client:
        state = await first_round(client, "Book the flight")
        with pytest.raises(MCPError, match="requestState"):
            await second_round(client, "Cancel all flights", state)
        assert agent.sends() == []


async def test_a_consent_counts_once(agent: ScriptedAgent, tmp_path: Path) -> None:
    config = configured(it={"url": agent.url, "confirm": True})
    async with hosted(config, tmp_path, elicitation_callback=Person(AGREES)) as client:
        state = await first_round(client, "Book the flight")
        await second_round(client, "Book the flight", state)
        again = await second_round(client, "Book the flight", state)
    assert again.is_error
    assert "sent before" in str(again.structured_content)
    assert len(agent.sends()) == 1


async def first_round(client: Client, message: str) -> str:
    """Call as far as the question; return the sealed state."""
    params = t.CallToolRequestParams(name="send_task", arguments={"message": message})
    asked = await client.session.send_request(
        t.CallToolRequest(params=params), t.InputRequiredResult
    )
    assert asked.request_state
    return asked.request_state


async def second_round(client: Client, message: str, state: str) -> t.CallToolResult:
    """Bring the person's consent."""
    params = t.CallToolRequestParams(
        name="send_task",
        arguments={"message": message},
        input_responses={"answer": AGREES},
        request_state=state,
    )
    return await client.session.send_request(t.CallToolRequest(params=params), t.CallToolResult)
