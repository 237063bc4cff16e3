"""A call in which the person is asked: whose time counts, and what becomes of no answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import mcp.types as t
import pytest
from mcp import Client
from scripted import GET, SEND, ScriptedAgent, result, scripted, task
from staging import configured, hosted

from a2a_mcp.presentation import sentences
from a2a_mcp.server.elicitation.rounds import MAX_ROUNDS

pytestmark = pytest.mark.anyio

PUSHED, IN_RESULT = "legacy", "auto"
"""How the person is asked: by a request while the call waits, or in the call's result."""

ASKS = task("input-required", "Which city?")
MOVED = result(task("working"))
OSLO = t.ElicitResult(action="accept", content={"answer": "Oslo"})


class Person:
    """Replies always the same, and counts how often."""

    def __init__(self, reply: t.ElicitResult | t.ErrorData) -> None:
        self._reply = reply
        self.asked = 0

    async def __call__(self, *_: Any) -> t.ElicitResult | t.ErrorData:
        self.asked += 1
        return self._reply


@pytest.fixture
async def agent() -> AsyncIterator[ScriptedAgent]:
    async with scripted() as running:
        running.on(SEND, result({"task": ASKS}))
        running.on(GET, result(ASKS))
        yield running


async def sent(
    agent: ScriptedAgent, folder: Path, person: Person, mode: Any, **table: Any
) -> dict[str, Any]:
    config = configured(it={"url": agent.url, "ask_user": True, **table})
    async with hosted(config, folder, elicitation_callback=person, mode=mode) as client:
        return await _told(client)


async def _told(client: Client) -> dict[str, Any]:
    called = await client.call_tool("send_task", {"message": "plan a trip"})
    assert called.structured_content
    return called.structured_content


@pytest.mark.parametrize("mode", [PUSHED, IN_RESULT])
async def test_an_agent_that_asks_without_end_is_left_to_the_model(
    agent: ScriptedAgent, tmp_path: Path, mode: str
) -> None:
    questions = [result({"task": task("input-required", f"And {n}?")}) for n in range(20)]
    agent.on(SEND, *questions)
    agent.on(GET, lambda request: questions[len(agent.sends()) - 1](request))
    person = Person(OSLO)
    told = await sent(agent, tmp_path, person, mode)
    assert person.asked == MAX_ROUNDS
    assert len(agent.sends()) == 1 + MAX_ROUNDS
    assert sentences.too_many_questions(MAX_ROUNDS) in told["note"]
    assert told["state"] == "input-required"


async def test_a_client_that_fails_to_ask_leaves_the_question_to_the_model(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    told = await sent(agent, tmp_path, Person(t.ErrorData(code=-32603, message="no")), PUSHED)
    assert len(agent.sends()) == 1
    assert (told["text"], told["note"]) == ("Which city?", sentences.QUESTION_NOT_SHOWN)
    assert told["next_step"].startswith(sentences.STILL_NEEDS_ANSWER[:20])


@pytest.mark.parametrize("mode", [PUSHED, IN_RESULT])
async def test_a_person_is_not_asked_for_an_agent_that_may_not_ask(
    agent: ScriptedAgent, tmp_path: Path, mode: str
) -> None:
    person = Person(OSLO)
    told = await sent(agent, tmp_path, person, mode, ask_user=False)
    assert (person.asked, told["state"]) == (0, "input-required")


@pytest.mark.parametrize("mode", [PUSHED, IN_RESULT])
async def test_a_task_that_moved_on_while_the_person_declined_is_told_as_it_is(
    agent: ScriptedAgent, tmp_path: Path, mode: str
) -> None:
    agent.on(GET, result(ASKS), result(task("completed", "Settled without you.")))
    told = await sent(agent, tmp_path, Person(t.ElicitResult(action="decline")), mode)
    assert (told["state"], told["text"]) == ("completed", "Settled without you.")
    assert sentences.USER_DECLINED in told["note"]
    assert "next_step" not in told


@pytest.mark.parametrize("mode", [PUSHED, IN_RESULT])
@pytest.mark.parametrize("steps", [(), (task("working"),)], ids=["ended", "works first"])
async def test_a_question_that_was_taken_back_is_neither_asked_nor_shown(
    agent: ScriptedAgent, tmp_path: Path, mode: str, steps: tuple[dict[str, Any], ...]
) -> None:
    agent.on(GET, *map(result, steps), result(task("completed", "Oslo, as always.")))
    person = Person(OSLO)
    told = await sent(agent, tmp_path, person, mode)
    assert (told["state"], told["text"]) == ("completed", "Oslo, as always.")
    assert (person.asked, len(agent.sends())) == (0, 1)


@pytest.mark.parametrize("mode", [PUSHED, IN_RESULT])
async def test_a_question_that_took_the_place_of_another_is_asked(
    agent: ScriptedAgent, tmp_path: Path, mode: str
) -> None:
    asks = result(task("input-required", "Which street?"))
    agent.on(GET, lambda request: (MOVED, asks)[len(agent.calls(GET)) > 1](request))
    agent.on(SEND, result({"task": ASKS}), result({"task": task("completed", "Done.")}))
    person = Person(OSLO)
    told = await sent(agent, tmp_path, person, mode)
    assert (told["state"], told["text"]) == ("completed", "Done.")
    assert (person.asked, len(agent.sends())) == (1, 2)
