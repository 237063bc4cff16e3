"""Calls that wait for a followed message: their budget, and the updates they are told."""

from __future__ import annotations

import json
from pathlib import Path

import anyio
import pytest
from followed import CHUNKS, LATE, WHOLE, WORKING, asked, is_in_state
from scripted import (
    CARD,
    GET,
    SEND,
    STREAM,
    ScriptedAgent,
    artifact,
    error,
    moved,
    piece,
    result,
    silence,
    stream,
    task,
)
from staging import ME, Stage, configured, staged, until

from a2a_mcp.a2a.errors import A2AError, Delivery
from a2a_mcp.a2a.model import TaskState
from a2a_mcp.bridge.send import SendRequest
from a2a_mcp.presentation.task_view import UpdateView

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("wait", [0.0, 0.3])
async def test_the_budget_is_kept_while_the_agent_is_silent(
    wait: float, plain: ScriptedAgent, stage: Stage
) -> None:
    plain.on(SEND, silence)
    await stage.registry.connection("it", ME).card()
    with anyio.fail_after(wait + LATE):
        view = await stage.send(wait_seconds=wait)
    assert view.state is TaskState.WORKING


async def test_the_budget_is_kept_while_the_agent_talks(agent: ScriptedAgent, stage: Stage) -> None:
    talk = [moved("working", f"step {n}") for n in range(50)]
    agent.on(STREAM, stream(WORKING, *talk, anyio.Event()))
    await stage.registry.connection("it", ME).card()
    with anyio.fail_after(0.3 + LATE):
        view = await stage.send(wait_seconds=0.3)
    assert (view.state, view.task_id) == (TaskState.WORKING, "t1")
    assert view.text in ["on it", *(f"step {n}" for n in range(50))]


async def test_the_budget_is_kept_while_the_card_does_not_come(
    agent: ScriptedAgent, stage: Stage
) -> None:
    agent.on(CARD, silence)
    with anyio.fail_after(0.2 + LATE):
        view = await stage.send(wait_seconds=0.2)
    assert view.state is TaskState.WORKING
    assert view.task_id
    assert agent.sends() == []


async def test_the_budget_is_kept_while_the_task_cannot_be_read_first(
    plain: ScriptedAgent, stage: Stage
) -> None:
    await asked(plain, stage)
    plain.on(GET, silence)
    with anyio.fail_after(0.2 + LATE):
        view = await stage.send("Berlin", task_id="t1", wait_seconds=0.2)
    assert view.task_id


async def test_the_budget_is_kept_while_a_task_to_follow_cannot_be_read(
    plain: ScriptedAgent, stage: Stage
) -> None:
    plain.on(GET, silence)
    state = TaskState.WORKING
    await stage.tasks.adopt(owner=ME, agent="it", task_id="t1", state=state)
    await stage.registry.connection("it", ME).card()
    for named in (None, "it"):
        with anyio.fail_after(0.2 + LATE), pytest.raises(A2AError):
            await stage.follow(task_id="t1", agent=named, wait_seconds=0.2)


async def test_the_budget_is_kept_while_a_task_known_only_to_its_agent_cannot_be_read(
    plain: ScriptedAgent, stage: Stage
) -> None:
    plain.on(GET, silence)
    with anyio.fail_after(0.2 + LATE), pytest.raises(A2AError) as caught:
        await stage.send(task_id="foreign", agent="it", wait_seconds=0.2)
    assert caught.value.delivery is Delivery.NEVER
    assert plain.sends() == []


async def test_the_budget_asked_for_is_cut_to_the_most_that_is_configured(
    plain: ScriptedAgent, tmp_path: Path
) -> None:
    plain.on(SEND, silence)
    config = configured({"max_wait_seconds": 0.3, "wait_seconds": 0.1}, it=plain.url)
    async with staged(config, tmp_path / "other") as stage:
        with anyio.fail_after(0.3 + LATE):
            view = await stage.send(wait_seconds=30)
    assert view.state is TaskState.WORKING


async def test_an_agents_own_budget_wins_over_the_servers(
    plain: ScriptedAgent, tmp_path: Path
) -> None:
    plain.on(SEND, silence)
    table = {"url": plain.url, "wait_seconds": 0.1}
    async with staged(configured(it=table), tmp_path / "other") as stage:
        with anyio.fail_after(0.3 + LATE):
            await stage.send(wait_seconds=None)


async def test_a_read_beside_a_stream_tells_no_piece_twice(
    agent: ScriptedAgent, stage: Stage
) -> None:
    """The agent keeps a piece a moment before its stream tells of it."""
    go_on = anyio.Event()
    agent.on(STREAM, stream(WORKING, CHUNKS[0], go_on, *CHUNKS[1:], moved("completed")))
    agent.on(GET, result(task("working", artifacts=[artifact("one ", "two ")])))
    await stage.send(wait_seconds=0.2)
    assert (await stage.bridge.get(ME, "t1", None)).text == "one two "
    go_on.set()
    view = await stage.follow(task_id="t1")
    assert (view.state, view.text) == (TaskState.COMPLETED, "one two three")


async def test_what_a_stream_tells_after_its_end_was_read_is_in_it_already(
    agent: ScriptedAgent, stage: Stage
) -> None:
    go_on = anyio.Event()
    agent.on(STREAM, stream(WORKING, *CHUNKS[:2], go_on, CHUNKS[2], moved("completed")))
    agent.on(GET, result(WHOLE), error(-32001, "gone"))
    await stage.send(wait_seconds=0.2)
    await stage.bridge.get(ME, "t1", None)
    go_on.set()

    async def is_read_to_the_end() -> bool:
        return "not know this task" in ((await stage.bridge.get(ME, "t1", None)).note or "")

    await until(is_read_to_the_end)
    assert (await stage.bridge.get(ME, "t1", None)).text == "one two three"


async def test_updates_are_the_pieces_in_order(agent: ScriptedAgent, stage: Stage) -> None:
    agent.on(STREAM, stream(WORKING, *CHUNKS, moved("completed")))
    view = await stage.follow(text="hello")
    assert [(update.state, update.text) for update in view.updates][:4] == [
        ("working", "on it"),
        ("working", "one "),
        ("working", "two "),
        ("working", "three"),
    ]
    assert view.text == "one two three"


async def test_pieces_that_are_alike_are_all_updates(agent: ScriptedAgent, stage: Stage) -> None:
    laugh = [piece("ha ", append=n > 0) for n in range(3)]
    agent.on(STREAM, stream(WORKING, *laugh, moved("completed")))
    view = await stage.follow(text="joke")
    assert [update.text for update in view.updates].count("ha ") == 3


async def test_line_ends_of_pieces_are_kept_so_that_they_join(
    agent: ScriptedAgent, stage: Stage
) -> None:
    lines = [piece("a\n"), piece("\n", append=True), piece("b", append=True)]
    agent.on(STREAM, stream({"task": task("working")}, *lines, moved("completed")))
    view = await stage.follow(text="lines")
    assert "".join(update.text for update in view.updates) == "a\n\nb"


async def test_a_burst_of_updates_is_told_in_order_without_gaps(
    agent: ScriptedAgent, stage: Stage
) -> None:
    burst = "".join(
        f"data: {json.dumps({'result': moved('working', f'step {n}'), 'jsonrpc': '2.0'})}\n\n"
        for n in range(300)
    )
    agent.on(STREAM, stream(burst.encode(), anyio.Event()))
    view = await stage.follow(text="go", max_updates=300, wait_seconds=1)
    numbers = [int(update.text.removeprefix("step ")) for update in view.updates]
    assert numbers == list(range(numbers[0], 300))


async def test_updates_that_came_too_fast_for_a_slow_host_are_counted(
    agent: ScriptedAgent, stage: Stage
) -> None:
    more = anyio.Event()
    steps = [moved("working", f"step {n}") for n in range(400)]
    agent.on(STREAM, stream(WORKING, more, *steps, moved("completed")))

    async def slow(_: UpdateView) -> None:
        more.set()
        await until(lambda: is_in_state(stage, TaskState.COMPLETED))

    view = await stage.bridge.subscribe(ME, SendRequest("go", wait_seconds=5), 100, slow)
    assert "updates are not shown: more came than are kept" in (view.note or "")
    assert view.state is TaskState.COMPLETED


async def test_a_call_that_joins_hears_the_task_as_it_is_and_then_only_what_is_new(
    agent: ScriptedAgent, stage: Stage
) -> None:
    more = anyio.Event()
    agent.on(STREAM, stream(WORKING, *CHUNKS[:2], more, CHUNKS[2], moved("completed")))
    first = await stage.follow(text="hello", wait_seconds=0.3)
    assert [update.text for update in first.updates] == ["on it", "one ", "two "]
    again = await stage.follow(task_id="t1", wait_seconds=0.1)
    assert [update.text for update in again.updates] == ["on it", "one two "]
    more.set()
    last = await stage.follow(task_id="t1")
    assert [update.text for update in last.updates] == ["on it", "one two ", "three"]
    assert (last.text, len(agent.requests)) == ("one two three", 2)


async def test_a_call_waits_to_the_end_and_keeps_the_latest_updates(
    agent: ScriptedAgent, stage: Stage
) -> None:
    finish = anyio.Event()
    agent.on(STREAM, stream(WORKING, *CHUNKS, finish, moved("completed", "Done.")))

    async def notice(update: UpdateView) -> None:
        if update.text == "three":
            finish.set()

    request = SendRequest("hello", wait_seconds=5)
    view = await stage.bridge.subscribe(ME, request, 2, notice)
    assert view.state is TaskState.COMPLETED
    assert [update.text for update in view.updates] == ["three", "Done."]
    assert view.updates_left_out == 3
    assert "(3 earlier updates are left out)" in view.prose()
    assert view.structured()["updates_left_out"] == 3


async def test_words_that_are_said_again_count_once_at_their_latest_time(
    agent: ScriptedAgent, stage: Stage
) -> None:
    said = [moved("working", words) for words in ("look", "think", "look", "write")]
    agent.on(STREAM, stream(WORKING, *said, moved("completed", "Done.")))
    view = await stage.follow(text="hello")
    assert [update.text for update in view.updates] == ["on it", "think", "look", "write"]
    assert view.updates_left_out == 0


async def test_what_the_result_says_itself_is_no_update(agent: ScriptedAgent, stage: Stage) -> None:
    silent = [moved("submitted"), moved("working"), moved("working", "a look"), moved("working")]
    agent.on(STREAM, stream(WORKING, *silent, piece("It is 5."), moved("completed", "It is 5.")))
    view = await stage.follow(text="hello")
    assert [update.text for update in view.updates] == ["on it", "a look"]
    assert view.text == "It is 5."
