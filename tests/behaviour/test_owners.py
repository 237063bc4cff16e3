"""No owner reaches the tasks of another, even with the same ids or a known id."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from scripted import (
    CARD,
    GET,
    LIST,
    SEND,
    STREAM,
    Request,
    ScriptedAgent,
    Step,
    card,
    cut,
    document,
    done,
    error,
    moved,
    result,
    scripted,
    silence,
    stream,
    task,
)
from staging import ME, Stage, configured, staged, until

from a2a_mcp.a2a.errors import A2AError, Delivery, InvalidAgentResponse, TaskNotFound
from a2a_mcp.a2a.model import TaskState
from a2a_mcp.bridge.jobs import Jobs
from a2a_mcp.bridge.list_tasks import TaskFilter
from a2a_mcp.bridge.send import SendRequest
from a2a_mcp.errors import UnknownTask
from a2a_mcp.presentation.task_view import TaskView

pytestmark = pytest.mark.anyio

ALICE = "token:alice"
BOB = "token:bob"


@pytest.fixture
async def agent() -> AsyncIterator[ScriptedAgent]:
    async with scripted() as running:
        yield running


@pytest.fixture
async def stage(agent: ScriptedAgent, tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(configured(one=agent.url, other=agent.url), tmp_path) as opened:
        yield opened


async def shown(jobs: Jobs, owner: str, handle: str) -> str:
    """Look at a job until it is over, and give what its owner is shown."""
    job = await jobs.look(owner, handle)
    while not job.over:
        await job.changed(0.05)
        job = await jobs.look(owner, handle)
    return (await jobs.outcome(job)).text


@pytest.mark.parametrize("theirs", ["one", "other"])
async def test_two_owners_whose_tasks_have_one_id_are_shown_each_their_own(
    theirs: str, agent: ScriptedAgent, stage: Stage
) -> None:
    """An agent that counts its tasks starts again after a restart; two agents may share ids."""
    jobs = Jobs(stage.bridge, grace_seconds=0)
    for owner, name, words in ((ALICE, "one", "for alice"), (BOB, theirs, "for bob")):
        agent.on(SEND, result({"task": task("working", task_id="1")}))
        agent.on(GET, result(done(words, task_id="1")))
        started = await jobs.start(owner, SendRequest("hello", agent=name))
        assert not isinstance(started, TaskView)
        assert await shown(jobs, owner, started.handle) == words
        assert await shown(jobs, owner, "1") == words
    assert await shown(jobs, BOB, "1") == "for bob"


async def test_a_task_under_way_is_neither_listed_nor_taken_over_by_who_reads_the_agents_list(
    agent: ScriptedAgent, stage: Stage
) -> None:
    """Until an agent has answered, only the conversation tells whose its task is."""
    agent.on(SEND, silence)
    view = await stage.send("hello", agent="one", owner=ALICE, wait_seconds=0)
    assert view.state is TaskState.WORKING
    sent = await agent.called(SEND)
    under_way = task("working", "secret") | {"contextId": sent.message["contextId"]}
    agent.on(LIST, result({"tasks": [under_way]}))
    agent.on(GET, result(under_way))
    listed = await stage.lister.list(BOB, TaskFilter(agent="one"), remote=True)
    assert listed.rows == ()
    with pytest.raises(UnknownTask) as refused:
        await stage.bridge.get(BOB, "t1", "one")
    assert "t1" in refused.value.message
    mine = await stage.lister.list(ALICE, TaskFilter(agent="one"), remote=True)
    assert [row["task_id"] for row in mine.rows] == ["t1"]


async def with_a_task_of_alice(agent: ScriptedAgent, stage: Stage) -> None:
    agent.on(SEND, result({"task": task("working", "for alice", task_id="1")}))
    agent.on(GET, result(task("working", "for alice", task_id="1")))
    await stage.send("hello", agent="one", owner=ALICE, wait_seconds=0)

    async def known() -> bool:
        return bool(await stage.tasks.find(ALICE, "1"))

    await until(known)


async def is_not_bobs(stage: Stage) -> None:
    """Look whether the task is Alice's alone, and Bob's message one that nothing is known of."""
    records, _ = await stage.tasks.list(BOB)
    assert [(it.task_id, it.state) for it in records] == [(None, TaskState.UNKNOWN)]
    for name in (None, "one"):
        with pytest.raises(UnknownTask):
            await stage.bridge.get(BOB, "1", name)
        with pytest.raises(UnknownTask):
            await stage.bridge.cancel(BOB, "1", name, None)
        with pytest.raises(UnknownTask):
            await stage.send("go on", agent=name, task_id="1", owner=BOB)
    assert (await stage.bridge.get(ALICE, "1", "one")).text == "for alice"


@pytest.mark.parametrize("way", ["an answer", "a stream", "a status"])
async def test_an_agent_that_answers_with_anothers_task_gives_nobody_a_way_to_it(
    way: str, agent: ScriptedAgent, stage: Stage
) -> None:
    await with_a_task_of_alice(agent, stage)
    alices = task("working", "for alice", task_id="1")
    if way in {"a stream", "a status"}:
        agent.on(CARD, document(card(agent.url, streaming=True)))
        await stage.registry.connection("one", ME).card(refresh=True)
        first = {"task": alices} if way == "a stream" else moved("working", "hm", task_id="1")
        agent.on(STREAM, stream(first, moved("completed", "mine now", task_id="1")))
    sends = len(agent.sends())
    with pytest.raises(InvalidAgentResponse, match="not this caller's") as refused:
        await stage.send("hello", agent="one", owner=BOB)
    assert refused.value.delivery is Delivery.UNKNOWN
    assert len(agent.sends()) == sends + 1
    await is_not_bobs(stage)


async def test_anothers_task_is_not_found_for_a_message_whose_answer_was_lost(
    agent: ScriptedAgent, stage: Stage
) -> None:
    """Which task a message began is for its agent to say, and it may say anything."""

    def listed(request: Request) -> Sequence[Step]:
        history = [agent.sends()[-1].message]
        return result({"tasks": [task("working", task_id="1", history=history)]})(request)

    await with_a_task_of_alice(agent, stage)
    agent.on(SEND, cut)
    agent.on(LIST, listed)
    with pytest.raises(A2AError) as lost:
        await stage.send("hello", agent="one", owner=BOB)
    view = await stage.bridge.get(BOB, lost.value.handle or "", None)
    assert (view.task_id, view.state) == (lost.value.handle, TaskState.UNKNOWN)
    assert len(agent.calls(LIST)) == 2
    await is_not_bobs(stage)


async def test_an_id_that_an_ended_task_had_may_be_given_again(
    agent: ScriptedAgent, stage: Stage
) -> None:
    agent.on(SEND, result({"task": done("for alice", task_id="1")}))
    await stage.send("hello", agent="one", owner=ALICE)
    agent.on(SEND, result({"task": done("for bob", task_id="1")}))
    assert (await stage.send("hello", agent="one", owner=BOB)).text == "for bob"


async def test_an_id_that_its_agent_had_forgotten_may_be_given_again(
    agent: ScriptedAgent, stage: Stage
) -> None:
    await with_a_task_of_alice(agent, stage)
    agent.on(GET, error(-32001, "Task not found"))

    async def forgotten() -> bool:
        with suppress(TaskNotFound):
            await stage.bridge.get(ALICE, "1", "one")
        return (await stage.tasks.find(ALICE, "1"))[0].state is TaskState.UNKNOWN

    await until(forgotten)
    agent.on(SEND, result({"task": done("for bob", task_id="1")}))
    assert (await stage.send("hello", agent="one", owner=BOB)).text == "for bob"
