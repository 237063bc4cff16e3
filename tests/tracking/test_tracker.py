"""All followed messages of a process: kept, joined, read when silent, and given up."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import anyio
import pytest
from followed import CHUNKS, WORKING, is_in_state, state_in_the_map
from pydantic import SecretStr
from scripted import (
    CARD,
    CUT,
    GET,
    LIST,
    SEND,
    STREAM,
    SUBSCRIBE,
    Reply,
    ScriptedAgent,
    card,
    document,
    done,
    error,
    http,
    later,
    moved,
    piece,
    result,
    scripted,
    silence,
    stream,
    task,
    words_of,
)
from staging import ME, Stage, configured, staged, until

from a2a_mcp.a2a.auth.static import Bearer
from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.a2a.model import TaskState
from a2a_mcp.bridge.send import SendRequest
from a2a_mcp.errors import NotAllowed
from a2a_mcp.presentation.task_view import TaskView, UpdateView

pytestmark = pytest.mark.anyio

GARBAGE: dict[str, Reply] = {
    "null": result(None),
    "a number": result(3),
    "a list": result([1, 2]),
    "a deep one": http(200, b'{"jsonrpc":"2.0","result":' + b'{"a":' * 5000 + b"1" + b"}" * 5001),
    "a task without an id": result({"task": {"status": {"state": "working"}}}),
    "a long id": result({"task": task("working", task_id="i" * 600)}),
    "a lone surrogate as id": result({"task": task("completed", task_id="\ud800")}),
    "a NUL as id": result({"task": task("completed", task_id="a\0b")}),
    "a number as id": result({"task": {"id": 7, "status": {"state": 3}}}),
    "a long context": result({"task": {**done("x"), "contextId": "c" * 600}}),
    "a strange context": result({"task": {**done("x"), "contextId": {"a": 1}}}),
    "a strange status": result({"task": {"id": "t1", "status": [1]}}),
    "strange parts": result({"task": {**done("x"), "artifacts": [{"parts": {"x": 1}}, 5, None]}}),
    "infinite": http(200, b'{"jsonrpc":"2.0","result":{"id":"t1","status":{"state":1e999}}}'),
    "latin-1": http(200, b'{"jsonrpc":"2.0","result":{"id":"\xe9"}}'),
    "gzip": http(200, b"\x1f\x8b\x08", content_encoding="gzip"),
    "no length": lambda _: [b"HTTP/1.1 200 OK\r\n\r\n", CUT],
    "a lie about the length": lambda _: [b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n", CUT],
    "a stream of NUL": stream(b"\0" * 1000),
    "a stream of errors": stream(b'data: {"error": 5}\n\n', b'data: {"error": {}}\n\n'),
    "a stream of lists": stream(b"data: []\n\n", b"data: [[[[]]]]\n\n"),
    "a stream of a long id": stream(moved("working", task_id="i" * 600)),
    "a huge header": http(200, b"{}", x="y" * 100_000),
}


async def test_a_stream_that_stays_open_after_the_end_keeps_nobody_waiting(
    agent: ScriptedAgent, stage: Stage
) -> None:
    agent.on(STREAM, stream(WORKING, piece("x"), moved("completed"), anyio.Event()))
    with anyio.fail_after(2):
        view = await stage.send()
    assert view.state is TaskState.COMPLETED


async def test_a_task_whose_stream_falls_silent_is_read(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    agent.on(STREAM, stream(WORKING, b": ping\n\n", anyio.Event()))
    agent.on(SUBSCRIBE, error(-32004, "no"))
    agent.on(GET, result(done("found by reading")))
    config = configured(it={"url": agent.url, "limits": {"idle_seconds": 0.3}})
    async with staged(config, tmp_path / "other") as stage:
        view = await stage.send(wait_seconds=20)
    assert view.text == "found by reading"


@pytest.mark.parametrize("noise", [b": ping\n\n", b"event: heartbeat\n\n", b"data: {}\n\n"])
async def test_noise_on_a_stream_is_no_sign_of_life(
    noise: bytes, agent: ScriptedAgent, tmp_path: Path
) -> None:
    """An agent that only pings is read beside its stream, however often it does."""
    agent.on(STREAM, stream(WORKING, noise * 50, anyio.Event()))
    agent.on(GET, result(done("found by reading")))
    config = configured(it={"url": agent.url, "limits": {"idle_seconds": 0.3}})
    async with staged(config, tmp_path / "other") as stage:
        view = await stage.send(wait_seconds=20)
    assert view.text == "found by reading"


async def test_an_answered_task_whose_subscription_stays_silent_is_read(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    """Such a one may be at another replica of the agent than the work."""
    asks = task("input-required", "Which?")
    agent.on(STREAM, stream({"task": asks}))
    agent.on(GET, result(asks), result(done("found by reading")))
    agent.on(SEND, result({"task": asks}))
    agent.on(SUBSCRIBE, stream({"task": asks}, anyio.Event()))
    config = configured(it={"url": agent.url, "limits": {"idle_seconds": 0.3}})
    async with staged(config, tmp_path / "other") as stage:
        await stage.send()
        view = await stage.send("Berlin", task_id="t1")
    assert view.text == "found by reading"


async def test_silence_gives_a_handle_that_turns_into_the_task(
    plain: ScriptedAgent, stage: Stage
) -> None:
    speaks = anyio.Event()
    plain.on(SEND, later(speaks, result({"task": done("at last")})))
    view = await stage.send(wait_seconds=0.1)
    handle = view.task_id
    assert handle
    assert "do not send it again" in (view.next_step or "")
    assert (await stage.bridge.get(ME, handle, None)).state is TaskState.WORKING
    speaks.set()
    followed = await stage.follow(task_id=handle)
    assert (followed.task_id, followed.text) == ("t1", "at last")
    plain.on(GET, result(done("at last")))
    for name in (handle, "t1"):
        known = await stage.bridge.get(ME, name, None)
        assert (known.task_id, known.text) == ("t1", "at last")


async def test_a_handle_works_with_its_agent_named(plain: ScriptedAgent, stage: Stage) -> None:
    plain.on(SEND, silence)
    handle = (await stage.send(wait_seconds=0.1)).task_id
    assert (await stage.bridge.get(ME, handle or "", "it")).task_id == handle
    assert not plain.calls(GET)


async def test_a_handle_of_a_message_reply_gives_the_message(
    plain: ScriptedAgent, stage: Stage
) -> None:
    speaks = anyio.Event()
    plain.on(SEND, later(speaks, result({"message": words_of("hi")})))
    handle = (await stage.send(wait_seconds=0.1)).task_id or ""
    speaks.set()
    followed = await stage.follow(task_id=handle)
    assert (followed.state, followed.text) == (TaskState.COMPLETED, "hi")
    again = await stage.bridge.get(ME, handle, None)
    assert again.text == "hi"


async def test_a_handle_of_a_message_that_failed_gives_the_failure_and_then_that_it_is_lost(
    plain: ScriptedAgent, stage: Stage
) -> None:
    speaks = anyio.Event()
    plain.on(SEND, later(speaks, http(500, b"boom", "text/plain")))
    handle = (await stage.send(wait_seconds=0.1)).task_id or ""
    speaks.set()
    with pytest.raises(A2AError):
        await stage.follow(task_id=handle)
    assert await state_in_the_map(stage) is TaskState.UNKNOWN
    view = await stage.follow(task_id=handle)
    assert (view.state, view.failed) == (TaskState.UNKNOWN, True)


async def test_a_handle_of_a_lost_message_is_not_said_to_be_at_work(
    plain: ScriptedAgent, stage: Stage
) -> None:
    speaks = anyio.Event()
    plain.on(SEND, later(speaks, http(500, b"boom", "text/plain")))
    plain.on(LIST, result({"tasks": []}))
    handle = (await stage.send(wait_seconds=0.1)).task_id or ""
    speaks.set()
    with pytest.raises(A2AError):
        await stage.follow(task_id=handle)
    view = await stage.bridge.get(ME, handle, None)
    assert (view.state, view.failed) == (TaskState.UNKNOWN, True)
    assert "Delivery unknown: contact was lost before the agent 'it' named a task" in (
        view.error or ""
    )
    assert "only if they want that" in (view.next_step or "")
    with pytest.raises(NotAllowed, match="Delivery unknown"):
        await stage.bridge.cancel(ME, handle, None, None)


async def test_a_task_is_on_disk_before_a_caller_sees_its_id(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    name = "the-task-to-be-looked-for"
    agent.on(STREAM, stream({"task": task("working", task_id=name)}, anyio.Event()))
    seen: list[bool] = []
    folder = tmp_path / "other"

    async def look(_: UpdateView) -> None:
        seen.append(any(name.encode() in path.read_bytes() for path in folder.iterdir()))

    async with staged(configured(it=agent.url), folder) as stage:
        await stage.bridge.send(ME, SendRequest("hello", wait_seconds=0.3), look)
    assert seen == [True]


async def test_a_stream_stays_open_when_its_host_gives_up(
    agent: ScriptedAgent, stage: Stage
) -> None:
    finish = anyio.Event()
    agent.on(STREAM, stream(WORKING, finish, piece("done anyway"), moved("completed")))
    with anyio.move_on_after(0.5) as host:
        await stage.send()
    assert host.cancelled_caught
    (request,) = agent.calls(STREAM)
    assert not request.left.is_set()
    finish.set()
    await until(lambda: is_in_state(stage, TaskState.COMPLETED))


async def test_a_result_is_found_when_the_agent_has_forgotten_it(
    agent: ScriptedAgent, stage: Stage
) -> None:
    finish = anyio.Event()
    agent.on(STREAM, stream(WORKING, finish, piece("done anyway"), moved("completed")))
    agent.on(GET, error(-32001, "Task not found"))
    await stage.send(wait_seconds=0.2)
    finish.set()
    await until(lambda: is_in_state(stage, TaskState.COMPLETED))
    for view in (await stage.bridge.get(ME, "t1", None), await stage.follow(task_id="t1")):
        assert (view.state, view.text) == (TaskState.COMPLETED, "done anyway")


async def test_a_second_call_joins_without_asking_the_agent_again(
    agent: ScriptedAgent, stage: Stage
) -> None:
    finish = anyio.Event()
    agent.on(STREAM, stream(WORKING, finish, *CHUNKS, moved("completed")))
    views: list[TaskView] = []

    async def wait(agent_name: str | None) -> None:
        views.append(await stage.follow(task_id="t1", agent=agent_name))

    await stage.send(wait_seconds=0.2)
    async with anyio.create_task_group() as group:
        group.start_soon(wait, None)
        group.start_soon(wait, None)
        finish.set()
    assert [view.text for view in views] == ["one two three"] * 2
    assert [update.text for update in views[0].updates][:4] == ["on it", "one ", "two ", "three"]
    assert views[0].updates == views[1].updates
    assert len(agent.requests) == 2  # the card and the stream


async def test_a_second_call_that_names_the_agent_hears_the_same(
    agent: ScriptedAgent, stage: Stage
) -> None:
    finish = anyio.Event()
    agent.on(STREAM, stream(WORKING, finish, *CHUNKS, moved("completed")))
    agent.on(GET, result(task("working", "on it")))
    await stage.send(wait_seconds=0.2)
    async with anyio.create_task_group() as group:

        async def wait() -> None:
            view = await stage.follow(task_id="t1", agent="it", wait_seconds=1.5)
            assert view.text == "one two three"
            assert "two " in [update.text for update in view.updates]

        group.start_soon(wait)
        finish.set()
    assert not agent.calls(SUBSCRIBE)


async def test_a_read_that_shows_the_end_ends_the_wait_of_others(
    agent: ScriptedAgent, stage: Stage
) -> None:
    agent.on(STREAM, stream(WORKING, anyio.Event()))
    agent.on(GET, result(done("read by another")))
    await stage.send(wait_seconds=0.2)
    async with anyio.create_task_group() as group:

        async def wait() -> None:
            with anyio.fail_after(2):
                assert (await stage.follow(task_id="t1")).text == "read by another"

        group.start_soon(wait)
        await stage.bridge.get(ME, "t1", None)


async def test_a_task_whose_subscription_stays_silent_is_read(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    agent.on(GET, result(task("working")), result(done("found by reading")))
    agent.on(SUBSCRIBE, stream(b": ping\n\n", anyio.Event()))
    config = configured(it={"url": agent.url, "limits": {"idle_seconds": 0.3}})
    async with staged(config, tmp_path / "other") as stage:
        view = await stage.follow(task_id="t1", agent="it")
    assert view.text == "found by reading"


@pytest.mark.parametrize("streaming", [False, True], ids=["plain", "stream"])
async def test_a_malformed_reply_does_not_end_another_task(
    streaming: bool, agent: ScriptedAgent, tmp_path: Path
) -> None:
    finish = anyio.Event()
    async with scripted() as healthy:
        healthy.on(CARD, document(card(healthy.url, streaming=True)))
        healthy.on(
            STREAM,
            stream(
                {"task": task("working", task_id="healthy")},
                finish,
                piece("unharmed", task_id="healthy"),
                moved("completed", task_id="healthy"),
            ),
        )
        agent.on(CARD, document(card(agent.url, streaming=streaming)))
        config = configured(bad=agent.url, good=healthy.url)
        async with staged(config, tmp_path / "other") as stage:
            await stage.send(agent="good", wait_seconds=0.3)
            for name, reply in GARBAGE.items():
                agent.on(STREAM if streaming else SEND, reply)
                with suppress(A2AError):
                    view = await stage.send(name, agent="bad", wait_seconds=0.2)
                    assert view.agent == "bad"
            finish.set()
            assert (await stage.follow(task_id="healthy")).text == "unharmed"


async def test_an_unexpected_exception_is_logged_and_ends_no_other_task(
    agent: ScriptedAgent, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken() -> SecretStr:
        raise RuntimeError("a mistake in this bridge")

    finish = anyio.Event()
    agent.on(STREAM, stream(WORKING, finish, piece("unharmed"), moved("completed")))
    bad = {"url": agent.url, "card": card(agent.url), "auth": Bearer(broken)}
    config = configured(good=agent.url, bad=bad)
    async with staged(config, tmp_path / "other") as stage:
        await stage.send(agent="good", wait_seconds=0.2)
        with pytest.raises(A2AError):
            await stage.send(agent="bad")
        finish.set()
        assert (await stage.follow(task_id="t1")).text == "unharmed"
        records, _ = await stage.tasks.list(ME, agent="bad")
        assert [record.state for record in records] == [TaskState.UNKNOWN]
    assert "a mistake in this bridge" in caplog.text


async def test_a_malformed_reply_is_never_logged_as_a_fault_of_the_bridge(
    agent: ScriptedAgent, stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    agent.on(CARD, document(card(agent.url)))
    for name, reply in GARBAGE.items():
        agent.on(SEND, reply)
        agent.on(GET, result(done("x")))
        with suppress(A2AError):
            await stage.send(name, wait_seconds=0.1)
    assert "following a task of it failed" not in caplog.text
