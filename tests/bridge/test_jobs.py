"""Jobs: sends whose callers come back by a handle, over restarts and whatever fails in between."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from scripted import (
    CARD,
    GET,
    LIST,
    SEND,
    ScriptedAgent,
    card,
    document,
    done,
    http,
    result,
    scripted,
    silence,
    task,
)
from staging import ME, Stage, configured, staged, until

from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.bridge.jobs import Job, Jobs
from a2a_mcp.bridge.send import SendRequest

pytestmark = pytest.mark.anyio

ASKS = task("input-required", "Which?")
BUSY = http(503, b"busy", "text/plain")


@pytest.fixture
async def agent() -> AsyncIterator[ScriptedAgent]:
    async with scripted() as running:
        running.on(CARD, document(card(running.url)))
        yield running


@pytest.fixture
async def stage(agent: ScriptedAgent, tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(configured(it=agent.url), tmp_path) as opened:
        yield opened


async def begun(stage: Stage) -> tuple[Jobs, Job]:
    jobs = Jobs(stage.bridge, grace_seconds=0)
    job = await jobs.start(ME, SendRequest("hello"))
    assert isinstance(job, Job)
    return jobs, job


async def test_an_answer_that_could_not_be_sent_can_be_given_again(
    agent: ScriptedAgent, stage: Stage
) -> None:
    agent.on(SEND, result({"task": ASKS}))
    agent.on(GET, result(ASKS), BUSY, result(ASKS))
    jobs, job = await begun(stage)

    async def asks() -> bool:
        return (await jobs.look(ME, job.handle)).question() is not None

    await until(asks)
    with pytest.raises(A2AError):  # it was read, and then could not be
        await jobs.answer(ME, await jobs.look(ME, job.handle), {"answer": "Oslo"})
    assert len(agent.sends()) == 1
    agent.on(SEND, result({"task": done("Sunny.")}))
    for _ in range(2):
        await jobs.answer(ME, await jobs.look(ME, job.handle), {"answer": "Oslo"})

    async def over() -> bool:
        return (await jobs.look(ME, job.handle)).over

    await until(over)
    assert (await jobs.outcome(await jobs.look(ME, job.handle))).text == "Sunny."
    assert len(agent.sends()) == 2


async def test_a_job_whose_task_was_not_named_before_a_restart_is_found_at_its_agent(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    agent.on(SEND, silence)
    config = configured(it=agent.url)
    async with staged(config, tmp_path) as stage:
        _, job = await begun(stage)
        sent = (await agent.called(SEND)).message
    found = done("found again", history=[sent])
    agent.on(LIST, result({"tasks": [found], "nextPageToken": ""}))
    agent.on(GET, result(found))
    async with staged(config, tmp_path) as stage:
        jobs = Jobs(stage.bridge)
        again = await jobs.look(ME, job.handle)
        assert again.over
        assert (await jobs.outcome(again)).text == "found again"
    assert len(agent.sends()) == 1


async def test_a_job_no_longer_held_in_memory_still_runs(
    agent: ScriptedAgent, stage: Stage
) -> None:
    agent.on(SEND, silence)
    _, job = await begun(stage)
    await agent.called(SEND)
    again = await Jobs(stage.bridge).look(ME, job.handle)
    assert not again.over
