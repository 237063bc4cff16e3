"""More tasks than are followed at once: they are read now and then, and none is let go."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from scripted import (
    GET,
    LIST,
    SEND,
    STREAM,
    SUBSCRIBE,
    Reply,
    ScriptedAgent,
    done,
    error,
    http,
    moved,
    result,
    stream,
    task,
)
from staging import ME, Stage, configured, staged, until

from a2a_mcp.a2a.model import TaskState
from a2a_mcp.errors import NotAllowed
from a2a_mcp.tracking import polling, sweep

pytestmark = pytest.mark.anyio

QUICK = {"sweep_seconds": 0.1}


class Work:
    """The tasks of an agent: made one by one, all at work until `ended`."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.ended = False

    def begin(self, _: Any) -> Any:
        name = f"t{len(self.names)}"
        self.names.append(name)
        return result({"task": task("working", task_id=name)})(_)

    def read(self, request: Any) -> Any:
        return result(self.now(request.params["id"]))(request)

    def list(self, request: Any) -> Any:
        return result({"tasks": [self.now(name) for name in self.names]})(request)

    def now(self, name: str) -> dict[str, Any]:
        if self.ended:
            return done(f"result of {name}", task_id=name)
        return task("working", task_id=name)


@pytest.fixture
def work(plain: ScriptedAgent) -> Work:
    it = Work()
    plain.on(SEND, it.begin)
    plain.on(GET, it.read)
    plain.on(LIST, it.list)
    return it


async def has_ended(stage: Stage, count: int) -> bool:
    records, _ = await stage.tasks.list(ME, limit=100)
    return [record.state for record in records] == [TaskState.COMPLETED] * count


async def is_awaited(stage: Stage, task_id: str) -> bool:
    (record,) = await stage.tasks.find(ME, task_id)
    tracked = stage.tracker.of(record)
    return tracked is not None and tracked.awaited


@pytest.mark.parametrize("lists", [True, False], ids=["lists", "reads alone"])
async def test_of_more_tasks_than_are_followed_none_is_wrong_and_every_result_is_kept(
    lists: bool, plain: ScriptedAgent, work: Work, tmp_path: Path
) -> None:
    if not lists:
        plain.on(LIST, error(-32601, "no"))
    config = configured(it=plain.url)
    async with staged(config, tmp_path / "other", most_followed=3, **QUICK) as stage:
        for number in range(12):
            view = await stage.send(f"task {number}", wait_seconds=0.1)
            assert view.state is TaskState.WORKING
        work.ended = True
        await until(lambda: has_ended(stage, 12))
        plain.on(GET, error(-32001, "gone"))
        for name in work.names:
            view = await stage.bridge.get(ME, name, None)
            assert (view.state, view.text) == (TaskState.COMPLETED, f"result of {name}")


async def test_a_task_without_a_place_gets_one_when_another_ends(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    first, go_on = anyio.Event(), anyio.Event()
    agent.on(STREAM, stream({"task": task("working", task_id="t1")}, first, moved("completed")))
    agent.on(SEND, result({"task": task("working", task_id="t2")}))
    agent.on(
        SUBSCRIBE,
        stream({"task": task("working", task_id="t2")}, go_on, moved("completed", task_id="t2")),
    )
    agent.on(GET, result(task("working", task_id="t2")))
    config = configured(it=agent.url)
    async with staged(config, tmp_path / "other", most_followed=1) as stage:
        await stage.send("first", wait_seconds=0)
        await agent.called(STREAM)
        await stage.send("second", wait_seconds=1)
        await agent.called(SEND)
        assert not agent.calls(SUBSCRIBE)
        first.set()
        await agent.called(SUBSCRIBE)
        go_on.set()
        await until(lambda: has_ended(stage, 2))


async def test_a_call_that_waits_for_a_swept_task_is_told_its_end(
    plain: ScriptedAgent, work: Work, tmp_path: Path
) -> None:
    config = configured(it=plain.url)
    async with staged(config, tmp_path / "other", most_followed=1, **QUICK) as stage:
        for _ in range(3):
            await stage.send(wait_seconds=0.2)
        async with anyio.create_task_group() as group:

            async def follow() -> None:
                assert (await stage.follow(task_id="t2")).text == "result of t2"

            group.start_soon(follow)
            work.ended = True


async def test_a_stop_that_another_process_has_seen_is_read_at_once_where_a_call_waits(
    plain: ScriptedAgent, work: Work, tmp_path: Path
) -> None:
    ended = result(done("result of t1", task_id="t1"))
    config = configured(it=plain.url)
    async with staged(config, tmp_path / "other", most_followed=1, sweep_seconds=3600) as stage:
        for _ in range(2):
            await stage.send(wait_seconds=0.2)
        (record,) = await stage.tasks.find(ME, "t1")
        async with anyio.create_task_group() as group:

            async def follow() -> None:
                assert (await stage.follow(task_id="t1")).text == "result of t1"

            group.start_soon(follow)
            await until(lambda: is_awaited(stage, "t1"))
            plain.on(GET, lambda it: (ended if it.params["id"] == "t1" else work.read)(it))
            stage.tracker.stopped_elsewhere(record.key)


async def test_a_message_is_refused_with_words_when_the_sweep_is_full_too(
    plain: ScriptedAgent, work: Work, tmp_path: Path
) -> None:
    config = configured(it=plain.url)
    limits = {"most_followed": 1, "most_swept": 2}
    async with staged(config, tmp_path / "other", **limits) as stage:
        for _ in range(3):
            await stage.send(wait_seconds=0)
        with pytest.raises(NotAllowed, match="3 tasks of this caller already; nothing was sent"):
            await stage.send()
        assert (await stage.send(owner="another", wait_seconds=0)).state is TaskState.WORKING
    assert len(work.names) <= 4


async def test_tasks_that_an_agent_lists_as_unmoved_are_not_read(
    plain: ScriptedAgent, work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "LEAST_LISTED", 2)
    config = configured(it=plain.url)
    async with staged(config, tmp_path / "other", most_followed=1, **QUICK) as stage:
        for _ in range(5):
            await stage.send(wait_seconds=0.3)
        seen = len(plain.calls(LIST))
        read = {request.params["id"] for request in plain.calls(GET)}
        await plain.called(LIST, seen + 2)
        swept = {request.params["id"] for request in plain.calls(GET)} - read
    assert swept <= {"t0"}


async def test_what_would_be_too_much_to_poll_is_swept_and_polled_later(
    plain: ScriptedAgent, work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "MOST_POLLED", 1)
    async with staged(configured(it=plain.url), tmp_path / "other") as stage:
        for _ in range(3):
            await stage.send(wait_seconds=0.1)
        seen = len(plain.calls(GET))
        await plain.called(GET, seen + 3)
        assert {request.params["id"] for request in plain.calls(GET)[seen:]} == {"t0"}
        work.ended = True
        await until(lambda: has_ended(stage, 3))


ANSWERS: dict[str, tuple[Reply, str]] = {
    "an agent that forgot it": (error(-32001, "gone"), "ended"),
    "a gateway that fails": (http(502, b"bad", "text/plain"), "read again"),
    "an agent that wants credentials": (http(401, b"who", "text/plain"), "read again"),
    "an answer that is none": (result(7), "read again"),
}


@pytest.mark.parametrize("name", ANSWERS)
async def test_a_read_that_fails_is_done_again_unless_the_task_is_gone(
    name: str, plain: ScriptedAgent, work: Work, tmp_path: Path
) -> None:
    answer, then = ANSWERS[name]
    config = configured(it=plain.url)
    async with staged(config, tmp_path / "other", most_followed=1, **QUICK) as stage:
        await stage.send(wait_seconds=0.2)
        await stage.send(wait_seconds=0.2)

        def read(request: Any) -> Any:
            return (answer if request.params["id"] == "t1" else work.read)(request)

        plain.on(GET, read)

        async def asked_more() -> bool:
            return sum(it.params["id"] == "t1" for it in plain.calls(GET)) >= 3

        async def ended() -> bool:
            return [it.task_id for it in stage.tracker.records()] == ["t0"]

        await until(ended if then == "ended" else asked_more)
        plain.on(GET, work.read)
        work.ended = True
        if then == "read again":
            await until(lambda: has_ended(stage, 2))


async def test_operators_see_of_how_many_tasks_an_agent_is_asked(
    plain: ScriptedAgent, work: Work, tmp_path: Path
) -> None:
    async with staged(configured(it=plain.url), tmp_path / "other", most_followed=2) as stage:
        for number in range(1, 4):
            await stage.send(wait_seconds=0)
            await until(partial(is_polled, stage, number))
        assert len(stage.tracker.records()) == 3


async def test_a_task_with_an_open_stream_is_not_counted_as_polled(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    end = anyio.Event()
    agent.on(STREAM, stream({"task": task("working")}, end, moved("completed")))
    async with staged(configured(it=agent.url), tmp_path / "other") as stage:
        await stage.send(wait_seconds=0.1)
        assert (len(stage.tracker.records()), stage.tracker.polled) == (1, 0)
        end.set()


async def is_polled(stage: Stage, count: int) -> bool:
    return stage.tracker.polled == count
