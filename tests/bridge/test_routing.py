"""Which agent and which task a caller means: never a guess, never another owner's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from staging import ME, Stage, configured, staged

from a2a_mcp.a2a.model import TaskState
from a2a_mcp.errors import AmbiguousAgent, AmbiguousTask, NotAllowed, UnknownAgent, UnknownTask
from a2a_mcp.store.base import TaskRecord

pytestmark = pytest.mark.anyio

SOMEONE = "token:someone"


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    config = configured(weather="https://w.example", mail="https://m.example")
    async with staged(config, tmp_path) as opened:
        yield opened


async def known(
    stage: Stage,
    task_id: str,
    agent: str = "weather",
    owner: str = ME,
    context_id: str | None = "c1",
) -> TaskRecord:
    return await stage.tasks.adopt(
        owner=owner,
        agent=agent,
        task_id=task_id,
        context_id=context_id,
        state=TaskState.WORKING,
        interface="made-with",
    )


async def test_a_task_is_found_by_its_id_alone(stage: Stage) -> None:
    await known(stage, "t1", "mail")
    record = await stage.bridge.router.find_task(ME, "t1", None)
    assert (record.agent, record.task_id) == ("mail", "t1")


async def test_an_unknown_task_is_an_error_and_never_the_default_agent(stage: Stage) -> None:
    with pytest.raises(UnknownTask) as caught:
        await stage.bridge.router.route(ME, None, "nope", None)
    assert "list_tasks" in caught.value.next_step


async def test_a_task_of_another_owner_looks_exactly_like_an_unknown_one(stage: Stage) -> None:
    await known(stage, "t1", owner=SOMEONE)
    said = {}
    for agent in (None, "weather"):
        for task_id in ("t1", "t2"):
            with pytest.raises(UnknownTask) as caught:
                await stage.bridge.router.find_task(ME, task_id, agent)
            told = f"{caught.value.message} {caught.value.next_step}".replace(task_id, "ID")
            said.setdefault(agent, set()).add(told)
    assert all(len(told) == 1 for told in said.values())


async def test_one_id_at_two_agents_asks_for_the_agent(stage: Stage) -> None:
    await known(stage, "t1", "weather")
    await known(stage, "t1", "mail")
    with pytest.raises(AmbiguousTask) as caught:
        await stage.bridge.router.find_task(ME, "t1", None)
    assert "weather" in caught.value.next_step
    assert "mail" in caught.value.next_step
    assert (await stage.bridge.router.find_task(ME, "t1", "Mail")).agent == "mail"


async def test_the_same_id_of_another_owner_does_not_make_it_ambiguous(stage: Stage) -> None:
    await known(stage, "t1", "weather")
    await known(stage, "t1", "mail", owner=SOMEONE)
    assert (await stage.bridge.router.find_task(ME, "t1", None)).agent == "weather"


async def test_a_message_to_a_task_goes_where_the_task_is(stage: Stage) -> None:
    record = await known(stage, "t1", "mail")
    route = await stage.bridge.router.route(ME, None, "t1", None)
    assert (route.agent, route.context_id, route.interface) == ("mail", "c1", "made-with")
    assert route.record == record


async def test_a_task_at_another_agent_than_the_named_one_is_unknown_there(stage: Stage) -> None:
    await known(stage, "t1", "mail")
    with pytest.raises(UnknownTask) as caught:
        await stage.bridge.router.find_task(ME, "t1", "weather")
    assert "at weather" in caught.value.message


async def test_a_context_finds_its_agent(stage: Stage) -> None:
    await known(stage, "t1", "mail")
    route = await stage.bridge.router.route(ME, None, None, "c1")
    assert (route.agent, route.context_id, route.record) == ("mail", "c1", None)


async def test_a_context_of_another_agent_is_refused(stage: Stage) -> None:
    await known(stage, "t1", "mail")
    with pytest.raises(NotAllowed) as caught:
        await stage.bridge.router.route(ME, "weather", None, "c1")
    assert "'mail'" in caught.value.message


async def test_a_context_at_two_agents_asks_for_the_agent(stage: Stage) -> None:
    await known(stage, "t1", "weather")
    await known(stage, "t2", "mail")
    with pytest.raises(AmbiguousTask) as caught:
        await stage.bridge.router.route(ME, None, None, "c1")
    assert "mail" in caught.value.next_step
    assert (await stage.bridge.router.route(ME, "mail", None, "c1")).agent == "mail"


async def test_an_unknown_context_passes_through_to_a_named_agent(stage: Stage) -> None:
    route = await stage.bridge.router.route(ME, "weather", None, "mine")
    assert (route.agent, route.context_id) == ("weather", "mine")


async def test_an_unknown_context_without_an_agent_is_an_error(stage: Stage) -> None:
    with pytest.raises(UnknownTask) as caught:
        await stage.bridge.router.route(ME, None, None, "mine")
    assert "agent=" in caught.value.next_step


async def test_a_context_of_another_owner_is_refused_as_unknown(stage: Stage) -> None:
    await known(stage, "t1", "mail", owner=SOMEONE)
    said = set()
    for agent, context in ((None, "c1"), (None, "c2"), ("mail", "c1")):
        with pytest.raises(UnknownTask) as caught:
            await stage.bridge.router.route(ME, agent, None, context)
        said.add(caught.value.message.replace(context, "ID"))
    assert len(said) == 1


async def test_a_task_and_a_context_that_do_not_belong_together_are_refused(stage: Stage) -> None:
    await known(stage, "t1")
    with pytest.raises(NotAllowed, match="belongs to the context 'c1'"):
        await stage.bridge.router.route(ME, None, "t1", "c2")
    assert (await stage.bridge.router.route(ME, None, "t1", "c1")).context_id == "c1"


async def test_a_task_whose_context_is_unknown_takes_the_callers(stage: Stage) -> None:
    await known(stage, "t1", context_id=None)
    assert (await stage.bridge.router.route(ME, None, "t1", "c2")).context_id == "c2"


async def test_nothing_given_and_two_agents_is_ambiguous(stage: Stage) -> None:
    with pytest.raises(AmbiguousAgent):
        await stage.bridge.router.route(ME, None, None, None)


async def test_an_unknown_agent_is_said_before_the_task_is_looked_for(stage: Stage) -> None:
    with pytest.raises(UnknownAgent):
        await stage.bridge.router.find_task(ME, "t1", "nope")


@pytest.mark.parametrize(
    "identifier", ["x" * 513, "é" * 300, "\ud800"], ids=["long", "wide", "lone"]
)
async def test_an_id_that_cannot_be_one_is_refused_as_such(stage: Stage, identifier: str) -> None:
    for attempt in (
        stage.bridge.router.find_task(ME, identifier, None),
        stage.bridge.router.route(ME, "weather", identifier, None),
        stage.bridge.router.route(ME, "weather", None, identifier),
    ):
        with pytest.raises((NotAllowed, UnknownTask)):
            await attempt


async def test_an_error_about_a_hostile_id_is_short(stage: Stage) -> None:
    with pytest.raises(UnknownTask) as caught:
        await stage.bridge.router.find_task(ME, "i" * 512, None)
    assert len(caught.value.message) < 700
