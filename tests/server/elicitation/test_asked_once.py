"""A person is asked the same thing once in one call, whatever ids and stamps the agent gives it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mcp.types as t
import pytest
from scripted import scripted
from staging import configured, hosted
from stamping import StampingStore

pytestmark = pytest.mark.anyio

MODES = ("legacy", "auto")
by_mode = pytest.mark.parametrize("mode", MODES)


class Person:
    """Answers red to every question."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def __call__(self, _: Any, params: t.ElicitRequestParams) -> t.ElicitResult:
        self.asked.append(params.message)
        return t.ElicitResult(action="accept", content={"answer": "red"})


@by_mode
async def test_the_old_question_with_a_new_stamp_is_not_asked_again(
    tmp_path: Path, mode: Any
) -> None:
    person = Person()
    async with scripted() as agent:
        StampingStore(agent)
        config = configured(it={"url": agent.url, "ask_user": True})
        async with hosted(config, tmp_path, mode=mode, elicitation_callback=person) as client:
            answer = await client.call_tool("send_task", {"message": "paint"})
    assert answer.structured_content
    assert answer.structured_content["state"] == "completed"
    assert answer.structured_content["text"] == "got: red"
    assert len(person.asked) == 1
    assert len(agent.sends()) == 2


@by_mode
async def test_a_question_that_is_really_asked_again_goes_to_the_model(
    tmp_path: Path, mode: Any
) -> None:
    person = Person()
    async with scripted() as agent:
        StampingStore(agent).moves = True
        config = configured(it={"url": agent.url, "ask_user": True})
        async with hosted(config, tmp_path, mode=mode, elicitation_callback=person) as client:
            answer = await client.call_tool("send_task", {"message": "paint"})
    assert answer.structured_content
    assert answer.structured_content["state"] == "input-required"
    assert answer.structured_content["text"] == "Which colour?"
    assert "asks again" in answer.structured_content["note"]
    assert len(person.asked) == 1
    assert len(agent.sends()) == 2
