"""What callers share: nobody is kept out by who takes the most of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import anyio
import pytest
from scripted import (
    GET,
    SEND,
    Reply,
    Request,
    ScriptedAgent,
    Step,
    later,
    result,
    scripted,
    silence,
    task,
    words_of,
)
from staging import Stage, configured, staged, until

from a2a_mcp.bridge import jobs
from a2a_mcp.bridge.jobs import Job, Jobs
from a2a_mcp.bridge.send import SendRequest
from a2a_mcp.errors import NotAllowed
from a2a_mcp.tracking import known
from a2a_mcp.tracking.fairness import is_below_share, oldest_of_most

pytestmark = pytest.mark.anyio

BOB = "token:bob"
MANY = "token:many"


@pytest.fixture
async def agent() -> AsyncIterator[ScriptedAgent]:
    async with scripted() as running:
        yield running


def by_words(**replies: Reply) -> Reply:
    """Answer each message by its own reply."""
    return lambda request: replies[request.message["parts"][0]["text"]](request)


async def test_messages_without_an_answer_keep_nobody_else_from_sending(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    hello = result({"message": words_of("hello bob")})
    agent.on(SEND, by_words(hang=silence, hello=hello))
    async with staged(configured(it=agent.url), tmp_path, most_followed=1, most_swept=1) as stage:
        for number in range(2):
            await stage.send("hang", owner=MANY, wait_seconds=0)
            await agent.called(SEND, number + 1)
        assert (await stage.send("hello", owner=BOB)).text == "hello bob"
        with pytest.raises(NotAllowed, match="2 tasks of this caller already; nothing was sent"):
            await stage.send("hang", owner=MANY, wait_seconds=0)


async def test_an_answer_that_waits_for_its_caller_is_not_pushed_out_by_another(
    agent: ScriptedAgent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message that answers late is nowhere but here: its agent has no task to ask for."""
    monkeypatch.setattr(known, "MOST_ENDED", 3)
    gate = anyio.Event()
    agent.on(SEND, later(gate, result({"message": words_of("for whom it was")})))
    async with staged(configured(it=agent.url), tmp_path) as stage:
        mine = await stage.send("hello", owner=BOB, wait_seconds=0)
        handles = [mine.task_id or ""]
        gate.set()
        await until(lambda: answered(stage, BOB, handles[0]))
        for number in range(4):
            gate = anyio.Event()
            agent.on(SEND, later(gate, result({"message": words_of("for the other")})))
            view = await stage.send(str(number), owner=MANY, wait_seconds=0)
            gate.set()
            await until(lambda it=view: answered(stage, MANY, it.task_id or ""))
        assert (await stage.bridge.get(BOB, handles[0], None)).text == "for whom it was"


async def answered(stage: Stage, owner: str, handle: str) -> bool:
    return bool((await stage.bridge.get(owner, handle, None)).text)


async def test_a_job_is_not_pushed_out_by_those_of_another(
    agent: ScriptedAgent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asks(request: Request) -> Sequence[Step]:
        return result(task("input-required", "Which?", task_id=request.params["id"]))(request)

    monkeypatch.setattr(jobs, "MOST_HELD", 2)
    names = iter(("b1", "m1", "m2", "m3"))
    agent.on(SEND, lambda r: result({"task": task("working", task_id=next(names))})(r))
    agent.on(GET, asks)
    async with staged(configured(it=agent.url), tmp_path) as stage:
        held = Jobs(stage.bridge, grace_seconds=0)
        mine = await held.start(BOB, SendRequest("hello"))
        assert isinstance(mine, Job)
        handle = mine.handle

        async def asked() -> bool:
            return (await held.look(BOB, handle)).question() is not None

        await until(asked)
        held.leave(await held.look(BOB, handle), "left to the model")
        for _ in range(3):
            await held.start(MANY, SendRequest("hello"))
        assert (await held.look(BOB, handle)).note == "left to the model"


@pytest.mark.parametrize(
    ("holders", "is_let_in"),
    [("bbbb", False), ("mmmm", True), ("bmmm", True), ("bbmm", False), ("bbbm", False)],
)
def test_an_owner_with_less_than_a_share_is_let_in(holders: str, is_let_in: bool) -> None:
    assert is_below_share("b", holders, 4) is is_let_in


def test_what_goes_first_is_the_oldest_of_whoever_has_the_most() -> None:
    assert oldest_of_most({1: "b", 2: "m", 3: "m", 4: "b", 5: "m"}) == 2
    assert oldest_of_most({1: "b", 2: "m"}) == 1
