"""What a client that polls a job is told: the status, and what belongs to it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest
from scripted import GET, SEND, ScriptedAgent, result, scripted, silence, task
from staging import ME, Stage, configured, staged, until

from a2a_mcp.a2a.errors import AgentUnreachable
from a2a_mcp.bridge.jobs import Job, Jobs
from a2a_mcp.bridge.send import SendRequest
from a2a_mcp.presentation import sentences
from a2a_mcp.server.app import App
from a2a_mcp.server.elicitation.modes import Modes
from a2a_mcp.server.tasks_extension.detailed_task import STATUS_BYTES, detailed_task
from a2a_mcp.text.masking import Mask
from a2a_mcp.tracking.tracked_task import TrackedTask

pytestmark = pytest.mark.anyio

SECRET = "correct-horse-battery-staple"
NOT_AT_ALL, FORM = Modes(), Modes(form=True)


@dataclass
class _App:
    """As much of the app as a job needs."""

    jobs: Jobs
    mask: Mask
    result_bytes: int = 10_000
    local: bool = False


@pytest.fixture
async def agent() -> AsyncIterator[ScriptedAgent]:
    async with scripted() as running:
        yield running


@pytest.fixture
async def stage(agent: ScriptedAgent, tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(configured(it=agent.url), tmp_path) as opened:
        yield opened


async def job_at(agent: ScriptedAgent, stage: Stage, state: str, said: str) -> tuple[App, Job]:
    """Begin a job whose task comes to a state, and return it when it has been seen there."""
    agent.on(SEND, result({"task": task("submitted")}))
    agent.on(GET, result(task(state, said)))
    jobs = Jobs(stage.bridge, grace_seconds=0)
    job = await jobs.start(ME, SendRequest("hello"))
    assert isinstance(job, Job)

    async def is_there() -> bool:
        seen = (await jobs.look(ME, job.handle)).follow.task
        return seen is not None and seen.state.value == state

    await until(is_there)
    return cast(App, _App(jobs, Mask([SECRET]))), await jobs.look(ME, job.handle)


async def told(found: tuple[App, Job], modes: Modes = FORM) -> dict[str, Any]:
    return await detailed_task(*found, modes)


async def test_a_question_is_asked_only_of_a_client_that_can_ask_it(
    agent: ScriptedAgent, stage: Stage
) -> None:
    job = await job_at(agent, stage, "input-required", "Which city?")
    asked = await told(job, FORM)
    (request,) = asked["inputRequests"].values()
    assert (asked["status"], request["method"]) == ("input_required", "elicitation/create")
    assert "Which city?" in request["params"]["message"]
    left = await told(job, NOT_AT_ALL)
    assert left["status"] == "completed"
    assert left["result"]["structuredContent"]["text"] == "Which city?"


async def test_a_question_for_a_secret_goes_to_the_model_with_a_warning(
    agent: ScriptedAgent, stage: Stage
) -> None:
    ended = await told(await job_at(agent, stage, "input-required", "What is your password?"))
    assert ended["status"] == "completed"
    assert sentences.NO_FORM in ended["result"]["structuredContent"]["note"]


async def test_a_cancelled_task_has_the_agents_last_words_and_no_result(
    agent: ScriptedAgent, stage: Stage
) -> None:
    ended = await told(await job_at(agent, stage, "canceled", "Stopped half way."))
    assert (ended["status"], ended["statusMessage"]) == ("cancelled", "Stopped half way.")
    assert "result" not in ended


async def test_a_failed_task_is_a_result_that_is_an_error(
    agent: ScriptedAgent, stage: Stage
) -> None:
    ended = await told(await job_at(agent, stage, "failed", "Out of paper."))
    assert (ended["status"], ended["result"]["isError"]) == ("completed", True)
    assert "Out of paper." in ended["result"]["content"][0]["text"]


async def test_words_of_a_running_task_are_masked_before_they_are_cut(
    agent: ScriptedAgent, stage: Stage
) -> None:
    words = "x" * (STATUS_BYTES - 10) + SECRET + "y" * STATUS_BYTES
    running = await told(await job_at(agent, stage, "working", words))
    assert running["status"] == "working"
    assert len(running["statusMessage"].encode()) <= STATUS_BYTES
    assert SECRET[:6] not in running["statusMessage"]


async def test_a_task_whose_agent_cannot_be_asked_is_still_at_work(
    agent: ScriptedAgent, stage: Stage
) -> None:
    app, job = await job_at(agent, stage, "working", "Halfway.")
    failed = TrackedTask.failed(job.record, AgentUnreachable("nobody answers"))
    running = await told((app, replace(job, follow=failed, sent=False)))
    assert (running["status"], running["statusMessage"]) == ("working", "it: nobody answers")


@pytest.mark.parametrize(
    ("age", "interval"), [(-60, 1_000), (0, 1_000), (20, 2_000), (86_400, 5_000)]
)
async def test_the_older_a_job_is_the_less_often_it_needs_to_be_polled(
    agent: ScriptedAgent, stage: Stage, age: float, interval: int
) -> None:
    agent.on(SEND, silence)
    jobs = Jobs(stage.bridge, grace_seconds=0)
    job = await jobs.start(ME, SendRequest("hello"))
    assert isinstance(job, Job)
    old = replace(job, created=time.time() - age)
    told_interval = (await told((cast(App, _App(jobs, Mask([]))), old)))["pollIntervalMs"]
    assert told_interval == pytest.approx(interval, abs=50)
