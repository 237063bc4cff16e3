"""How a task is read: at its agent, after a restart, and when it is not the caller's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from real_agents import Agent
from scripted import (
    GET,
    SEND,
    ScriptedAgent,
    done,
    error,
    result,
    silence,
    task,
)
from staging import ME, Stage, configured, staged

from a2a_mcp.a2a.errors import A2AError, TaskNotFound
from a2a_mcp.a2a.model import TaskState
from a2a_mcp.errors import BridgeError, UnknownTask

pytestmark = pytest.mark.anyio

SOMEONE = "token:someone"


async def test_a_task_asked_for_at_a_wrong_agent_is_said_to_be_at_its_own(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    agent.on(SEND, result({"task": task("input-required", "Which?")}))
    agent.on(GET, error(-32001, "Task not found"))
    async with staged(configured(it=agent.url, other=agent.url), tmp_path) as stage:
        await stage.send(agent="it")
        with pytest.raises(UnknownTask) as mine:
            await stage.bridge.get(ME, "t1", "other")
        with pytest.raises(UnknownTask) as foreign:
            await stage.bridge.get(SOMEONE, "t1", "other")
    assert "It is a task of it: call again with that agent" in mine.value.next_step
    assert "It is a task of" not in foreign.value.next_step


async def test_a_task_started_elsewhere_is_read_when_its_agent_is_named(
    real: Agent, stage: Stage, tmp_path: Path
) -> None:
    async with staged(configured(real=real.url), tmp_path / "elsewhere") as other:
        made = await other.send("task foreign")
    with pytest.raises(UnknownTask):
        await stage.bridge.get(ME, made.task_id or "", None)
    view = await stage.bridge.get(ME, made.task_id or "", "REAL")
    assert view.text == "task: foreign"
    assert (await stage.bridge.get(ME, made.task_id or "", None)).text == "task: foreign"


async def test_a_task_of_another_owner_is_not_adopted_and_looks_unknown(
    real: Agent, stage: Stage
) -> None:
    made = await stage.send("task secret", owner=SOMEONE)
    requests = len(real.requests())
    told = set()
    for task_id in (made.task_id or "", "no-such-task"):
        for act in (
            stage.bridge.get(ME, task_id, "real"),
            stage.bridge.cancel(ME, task_id, "real", None),
            stage.send("more", task_id=task_id, agent="real"),
            stage.follow(task_id=task_id, agent="real"),
        ):
            with pytest.raises(BridgeError) as caught:
                await act
            told.add(f"{caught.value.message} {caught.value.next_step}".replace(task_id, "ID"))
    assert len(told) == 1
    assert len(real.requests()) > requests  # the unknown one was looked up at the agent
    assert (await stage.bridge.get(SOMEONE, made.task_id or "", None)).text == "task: secret"


async def test_an_unknown_task_at_a_named_agent_is_unknown_not_an_error_of_the_agent(
    stage: Stage,
) -> None:
    with pytest.raises(UnknownTask) as caught:
        await stage.bridge.get(ME, "no-such-task", "real")
    assert caught.value.agent == "real"


async def test_another_task_than_the_one_asked_for_is_neither_shown_nor_recorded(
    agent: ScriptedAgent, scene: Stage
) -> None:
    await scene.send(wait_seconds=0)
    agent.on(GET, result(done("of somebody else", task_id="t2")))
    with pytest.raises(A2AError, match="it showed another task"):
        await scene.bridge.get(ME, "t1", None)
    (record,) = await scene.bridge.tasks.find(ME, "t1")
    assert record.state is not TaskState.COMPLETED


async def test_a_task_the_agent_has_forgotten_is_said_so(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    agent.on(SEND, result({"task": done("x")}))
    async with staged(configured({"keep_days": 0}, it=agent.url), tmp_path) as scene:
        await scene.send()
        agent.on(GET, error(-32001, "Task not found"))
        with pytest.raises(TaskNotFound, match="Task not found; this server has kept no result"):
            await scene.bridge.get(ME, "t1", None)


@pytest.mark.parametrize("asked", [0, 1, 2])
async def test_at_most_the_messages_asked_for_are_shown(asked: int, stage: Stage) -> None:
    first = await stage.send("input")
    await stage.send("Berlin", task_id=first.task_id)
    view = await stage.bridge.get(ME, first.task_id or "", None, asked)
    shown = json.dumps(view.structured())
    assert ("Which city?" in shown or "Berlin" in shown.replace("got: Berlin", "")) == (asked > 0)
    if asked:
        assert "user" in view.prose() or "agent" in view.prose()


async def test_a_restart_forgets_no_task(real: Agent, tmp_path: Path) -> None:
    config = configured(real=real.url)
    async with staged(config, tmp_path / "kept") as before:
        asked = await before.send("input")
    async with staged(config, tmp_path / "kept") as after:
        answered = await after.send("Berlin", task_id=asked.task_id)
    assert answered.text == "got: Berlin"


async def test_a_restart_before_the_agent_named_a_task_is_admitted(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    agent.on(SEND, silence)
    config = configured(it=agent.url)
    async with staged(config, tmp_path / "kept") as before:
        handle = (await before.send(wait_seconds=0.1)).task_id or ""
    async with staged(config, tmp_path / "kept") as after:
        view = await after.bridge.get(ME, handle, None)
        assert view.failed
        assert view.state is TaskState.UNKNOWN
        assert "may have been carried out" in (view.error or "")
        with pytest.raises(BridgeError):
            await after.bridge.cancel(ME, handle, None, None)
    assert len(agent.sends()) == 1


@pytest.mark.parametrize("name", ["i" * 600, "\ud800"], ids=["long", "lone"])
async def test_an_agent_that_gives_a_useless_id_is_said_to_do_so(
    name: str, agent: ScriptedAgent, scene: Stage
) -> None:
    agent.on(GET, result(done("x", task_id=name)))
    with pytest.raises((A2AError, BridgeError)):
        await scene.bridge.get(ME, "t1", "it")


async def test_an_agent_that_gives_a_useless_context_does_not_hide_the_answer(
    agent: ScriptedAgent, scene: Stage
) -> None:
    agent.on(SEND, result({"task": {**done("the answer"), "contextId": "c" * 600}}))
    assert (await scene.send()).text == "the answer"
