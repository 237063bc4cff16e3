"""Lists of tasks: the caller's own, or those that an agent lists itself."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from real_agents import Agents
from scripted import (
    GET,
    LIST,
    SEND,
    ScriptedAgent,
    done,
    error,
    result,
    scripted,
    silence,
    task,
    words_of,
)
from staging import ME, Stage, configured, staged

from a2a_mcp.a2a.model import TaskState
from a2a_mcp.bridge.list_tasks import TaskFilter, unix_seconds
from a2a_mcp.errors import AmbiguousAgent, NotAllowed, UnknownAgent
from a2a_mcp.presentation.task_list_view import TaskListView
from a2a_mcp.text.times import rfc3339

pytestmark = pytest.mark.anyio

SOMEONE = "token:someone"
LIMIT = 10_000


@pytest.fixture
async def agent() -> AsyncIterator[ScriptedAgent]:
    async with scripted() as running:
        yield running


@pytest.fixture
async def stage(agent: ScriptedAgent, tmp_path: Path) -> AsyncIterator[Stage]:
    config = configured(it=agent.url, other="https://other.example")
    async with staged(config, tmp_path) as opened:
        yield opened


async def known(
    stage: Stage, task_id: str, owner: str = ME, agent: str = "it", **more: Any
) -> None:
    state = more.pop("state", TaskState.WORKING)
    await stage.tasks.adopt(owner=owner, agent=agent, task_id=task_id, state=state, **more)


async def listed(stage: Stage, *, remote: bool = False, **wanted: Any) -> TaskListView:
    return await stage.lister.list(ME, TaskFilter(**wanted), remote=remote)


def ids(view: TaskListView) -> list[Any]:
    return [row.get("task_id") for row in view.structured()["tasks"]]


def sizes(view: TaskListView) -> list[int]:
    structure = json.dumps(view.structured(), ensure_ascii=False, separators=(",", ":"))
    return [len(structure.encode()), len(view.prose().encode())]


async def test_only_the_callers_tasks_are_listed(stage: Stage) -> None:
    await known(stage, "mine")
    await known(stage, "theirs", owner=SOMEONE)
    assert ids(await listed(stage)) == ["mine"]


async def test_an_empty_list_says_that_there_are_no_tasks(stage: Stage) -> None:
    view = await listed(stage)
    assert view.structured() == {"tasks": []}
    assert view.prose() == "No tasks."


async def test_a_row_holds_what_a_follow_up_needs_in_both_channels(stage: Stage) -> None:
    await known(stage, "t1", context_id="c1", state=TaskState.INPUT_REQUIRED)
    view = await listed(stage)
    (row,) = view.structured()["tasks"]
    assert row | {"updated": "now"} == {
        "agent": "it",
        "task_id": "t1",
        "context_id": "c1",
        "state": "input-required",
        "updated": "now",
    }
    line = f"- it · input-required · task_id t1, context_id c1, {row['updated']}"
    assert view.prose() == f"{line}\n\nNote: States are as last seen."


async def test_a_title_tells_which_task_is_which_in_both_channels(
    agent: ScriptedAgent, stage: Stage
) -> None:
    agent.on(SEND, result({"task": task("working")}))
    agent.on(GET, result(task("working")))
    await stage.send("Compare heat pumps\nfor Oslo", agent="it", wait_seconds=0.5)
    view = await stage.lister.list(ME, TaskFilter(), remote=False)
    assert view.structured()["tasks"][0]["title"] == "Compare heat pumps"
    assert '- it · working · "Compare heat pumps" · task_id t1' in view.prose()


async def test_no_title_is_kept_if_none_is_wanted(agent: ScriptedAgent, tmp_path: Path) -> None:
    agent.on(SEND, result({"task": task("working")}))
    async with staged(configured({"keep_titles": False}, it=agent.url), tmp_path) as stage:
        await stage.send("Compare heat pumps", wait_seconds=0)
        view = await stage.lister.list(ME, TaskFilter(), remote=False)
        records, _ = await stage.tasks.list(ME)
    assert "title" not in view.structured()["tasks"][0]
    assert [record.title for record in records] == [None]


async def test_the_state_of_an_unfinished_task_is_asked_for(
    agent: ScriptedAgent, stage: Stage
) -> None:
    agent.on(SEND, result({"task": task("input-required", "Which?")}))
    await stage.send("hello", agent="it")
    agent.on(GET, result(task("completed", "Done.")))
    for wanted in (TaskFilter(), TaskFilter(state=TaskState.COMPLETED)):
        view = await stage.lister.list(ME, wanted, remote=False)
        assert [row["state"] for row in view.rows] == ["completed"]
    assert view.note is None


async def test_a_list_waits_for_an_agent_that_does_not_answer_a_second_at_most(
    agent: ScriptedAgent, stage: Stage
) -> None:
    agent.on(SEND, result({"task": task("input-required", "Which?")}))
    await stage.send("hello", agent="it")
    agent.on(GET, silence)
    began = anyio.current_time()
    view = await stage.lister.list(ME, TaskFilter(), remote=False)
    assert 0.9 < anyio.current_time() - began < 3
    assert [row["state"] for row in view.rows] == ["input-required"]
    assert view.note == "States are as last seen."


async def test_filters_are_applied(stage: Stage) -> None:
    await known(stage, "a", context_id="c1")
    await known(stage, "b", context_id="c2", state=TaskState.FAILED)
    await known(stage, "c", agent="other")
    assert ids(await listed(stage, agent="OTHER")) == ["c"]
    assert ids(await listed(stage, context_id="c1")) == ["a"]
    assert ids(await listed(stage, state=TaskState.FAILED)) == ["b"]
    assert ids(await listed(stage, updated_after="2000-01-01T00:00:00Z", limit=100)) != []
    assert ids(await listed(stage, updated_after="2999-01-01T00:00:00Z")) == []


async def test_pages_miss_none_and_repeat_none(stage: Stage) -> None:
    for number in range(25):
        await known(stage, f"t{number}")
    found, cursor = [], None
    for _ in range(3):
        view = await listed(stage, limit=10, cursor=cursor)
        found += ids(view)
        cursor = view.cursor
        assert (f'cursor="{cursor}"' in view.prose()) == (cursor is not None)
    assert sorted(found) == sorted(f"t{number}" for number in range(25))
    assert cursor is None


async def test_the_largest_page_fits_into_a_result_and_loses_no_task(stage: Stage) -> None:
    for number in range(150):
        await known(stage, f"{number:036}", context_id=f"c{number:035}")
    found, cursor = [], None
    for _ in range(100):
        view = await listed(stage, limit=100, cursor=cursor)
        assert max(sizes(view)) <= LIMIT
        found += ids(view)
        cursor = view.cursor
        if cursor is None:
            break
    assert sorted(found) == sorted(f"{number:036}" for number in range(150))


async def test_a_message_that_was_answered_is_listed_by_one_id(
    agent: ScriptedAgent, stage: Stage
) -> None:
    agent.on(SEND, result({"message": words_of("hello")}))
    await stage.send(agent="it")
    view = await listed(stage)
    (row,) = view.structured()["tasks"]
    assert "message_id" not in row
    assert f"task_id {row['task_id']} (answered without a task)" in view.prose()


async def test_a_message_on_its_way_is_listed_by_its_message_id(
    agent: ScriptedAgent, stage: Stage
) -> None:
    agent.on(SEND, silence)
    async with anyio.create_task_group() as group:

        async def send() -> None:
            await stage.send(agent="it")

        group.start_soon(send)
        request = await agent.called(SEND)
        (row,) = (await listed(stage)).structured()["tasks"]
        assert row["message_id"] == request.message["messageId"]
        assert row["note"] == "on its way, or lost at a restart"
        assert row["note"] in (await listed(stage)).prose()
        assert request.message["messageId"] in (await listed(stage)).prose()
        group.cancel_scope.cancel()


@pytest.mark.parametrize(
    "wrong",
    [
        {"cursor": "garbage"},
        {"cursor": "\ud800"},
        {"cursor": "x" * 10_000},
        {"updated_after": "yesterday"},
        {"updated_after": ""},
        {"updated_after": "2026-13-01"},
    ],
    ids=str,
)
async def test_an_invalid_value_is_refused_with_the_reason(
    wrong: dict[str, Any], stage: Stage
) -> None:
    await known(stage, "t1")
    for remote in (False, True):
        if "cursor" in wrong and remote:
            continue
        with pytest.raises(NotAllowed) as caught:
            await listed(stage, agent="it", remote=remote, **wrong)
        assert caught.value.next_step
        assert len(caught.value.message) < 300


@pytest.mark.parametrize("when", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
@pytest.mark.parametrize("remote", [False, True])
async def test_a_time_out_of_range_is_refused_with_the_reason(
    when: str, remote: bool, agent: ScriptedAgent, stage: Stage
) -> None:
    agent.on(LIST, result({"tasks": []}))
    with pytest.raises(NotAllowed, match="not a time"):
        await listed(stage, agent="it", remote=remote, updated_after=when)


async def test_an_unknown_agent_is_refused(stage: Stage) -> None:
    with pytest.raises(UnknownAgent):
        await listed(stage, agent="nope")


def test_times_without_a_zone_are_utc() -> None:
    assert unix_seconds("2026-01-31T12:00:00") == unix_seconds("2026-01-31T12:00:00Z")
    assert unix_seconds("2026-01-31T12:00:00+02:00") == unix_seconds("2026-01-31T10:00:00Z")
    assert rfc3339(unix_seconds("2026-01-31T12:00:00Z") or 0) == "2026-01-31T12:00:00Z"


# --- the agent's own list ---


async def test_a_real_agent_lists_its_tasks(running_agent: Agents, tmp_path: Path) -> None:
    real = running_agent("1.3-jsonrpc")
    async with staged(configured(real=real.url), tmp_path / "real") as stage:
        made = await stage.send("task to be listed")
        view = await listed(stage, remote=True, context_id=made.context_id)
    assert ids(view) == [made.task_id]
    assert view.structured()["tasks"][0]["state"] == "completed"


@pytest.mark.parametrize("remote", [False, True])
async def test_unfinished_are_all_tasks_that_have_not_ended(
    remote: bool, agent: ScriptedAgent, stage: Stage
) -> None:
    rows = []
    for state in TaskState:
        await known(stage, state.value, state=state)
        rows.append({**task(state.value), "id": state.value})
    agent.on(LIST, result({"tasks": rows, "totalSize": 9}))
    view = await listed(stage, remote=remote, agent="it", unfinished=True)
    assert set(ids(view)) == {state.value for state in TaskState if not state.terminal}
    assert "9 tasks" not in (view.note or "")


async def test_filters_go_to_the_agent(agent: ScriptedAgent, stage: Stage) -> None:
    agent.on(LIST, result({"tasks": [done("x")], "nextPageToken": "p2", "totalSize": 30}))
    view = await listed(
        stage,
        remote=True,
        agent="it",
        context_id="c1",
        state=TaskState.INPUT_REQUIRED,
        updated_after="2026-01-31T12:00:00+02:00",
        limit=7,
        cursor="p1",
    )
    assert agent.calls(LIST)[0].params == {
        "contextId": "c1",
        "status": "TASK_STATE_INPUT_REQUIRED",
        "pageSize": 7,
        "pageToken": "p1",
        "historyLength": 0,
        "statusTimestampAfter": "2026-01-31T10:00:00Z",
    }
    assert (view.cursor, ids(view)) == ("p2", ["t1"])
    assert "30 tasks" in (view.note or "")


async def test_a_remote_list_needs_an_agent_if_several_are_configured(stage: Stage) -> None:
    with pytest.raises(AmbiguousAgent):
        await listed(stage, remote=True)


@pytest.mark.parametrize("code", [-32601, -32004], ids=["LangGraph", "FastA2A"])
async def test_an_agent_that_cannot_list_is_refused_and_the_own_list_offered(
    code: int, agent: ScriptedAgent, stage: Stage
) -> None:
    agent.on(LIST, error(code, "no such thing"))
    with pytest.raises(NotAllowed, match="'it' cannot list its tasks: \"no such thing\"") as caught:
        await listed(stage, remote=True, agent="it")
    assert "Leave out remote" in caught.value.next_step


async def test_an_agents_endless_list_is_cut_to_a_result(
    agent: ScriptedAgent, stage: Stage
) -> None:
    endless = [task("working", task_id=f"{n:0100}") for n in range(3000)]
    agent.on(LIST, result({"tasks": endless, "nextPageToken": "x" * 50}))
    view = await listed(stage, remote=True, agent="it")
    assert max(sizes(view)) <= LIMIT
    assert "3000" in json.dumps(view.structured()) or view.cursor


async def test_words_of_a_listed_task_are_scrubbed(agent: ScriptedAgent, stage: Stage) -> None:
    hostile = {**task("working", task_id="a\u202eb"), "contextId": "c\x1b[31m"}
    hostile["status"] = {**hostile["status"], "timestamp": "now\u202e"}
    agent.on(LIST, result({"tasks": [hostile]}))
    view = await listed(stage, remote=True, agent="it")
    for channel in (view.prose(), json.dumps(view.structured(), ensure_ascii=False)):
        assert not {"\u202e", "\x1b"} & set(channel)
