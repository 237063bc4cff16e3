"""What is one owner's is nobody else's, whatever agents name their tasks and whoever knows ids."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from scripted import (
    GET,
    LIST,
    SEND,
    ScriptedAgent,
    done,
    result,
    scripted,
    silence,
    task,
)
from staging import Stage, configured, staged

from a2a_mcp.a2a.types import TaskState
from a2a_mcp.bridge import Outgoing
from a2a_mcp.errors import UnknownTask
from a2a_mcp.jobs import Jobs
from a2a_mcp.listing import Filter
from a2a_mcp.views import TaskView

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
    """An agent that counts its tasks begins anew at its restart; two agents count alike."""
    jobs = Jobs(stage.bridge, grace_seconds=0)
    for owner, name, words in ((ALICE, "one", "for alice"), (BOB, theirs, "for bob")):
        agent.on(SEND, result({"task": task("working", task_id="1")}))
        agent.on(GET, result(done(words, task_id="1")))
        started = await jobs.start(owner, Outgoing("hello", agent=name))
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
    listed = await stage.listing.tasks(BOB, Filter(agent="one"), remote=True)
    assert listed.rows == ()
    with pytest.raises(UnknownTask) as refused:
        await stage.bridge.get(BOB, "t1", "one")
    assert "t1" in refused.value.message
    mine = await stage.listing.tasks(ALICE, Filter(agent="one"), remote=True)
    assert [row["task_id"] for row in mine.rows] == ["t1"]
