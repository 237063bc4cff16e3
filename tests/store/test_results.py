"""Results that stay readable when their agent has forgotten them, or is gone."""

from __future__ import annotations

import json
import logging
import os
import stat
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from pydantic import SecretStr
from real_agents import Agent
from scripted import (
    CARD,
    GET,
    SEND,
    ScriptedAgent,
    done,
    error,
    http,
    later,
    result,
    task,
    words_of,
)
from scripted import scripted as scripted_agent
from staging import ME, Stage, configured, hosted, staged, until

from a2a_mcp.a2a.auth.static import Bearer
from a2a_mcp.a2a.errors import A2AError, TaskNotFound
from a2a_mcp.a2a.model import Artifact, Message, Part, Role, Task, TaskState, TaskStatus
from a2a_mcp.bridge.jobs import Jobs
from a2a_mcp.bridge.send import SendRequest
from a2a_mcp.errors import StoreUnavailable, UnknownTask
from a2a_mcp.presentation.message_artifacts import count_results
from a2a_mcp.presentation.task_view import TaskView
from a2a_mcp.store import results
from a2a_mcp.store.base import TaskRecord
from a2a_mcp.store.result_files import KeptTask, Key
from a2a_mcp.store.result_folder import FOLDER, ResultFolder
from a2a_mcp.store.results import ResultPlace, ResultStore

pytestmark = pytest.mark.anyio

SOMEONE = "token:someone"
START = 1_700_000_000.0
DAY = 86_400.0
GONE = error(-32001, "Task not found")


@pytest.fixture
async def agent() -> AsyncIterator[ScriptedAgent]:
    async with scripted_agent() as running:
        running.on(SEND, result({"task": done("the answer")}))
        running.on(GET, result(done("the answer")))
        yield running


class Clock:
    """A clock that a test sets."""

    now = START

    def __call__(self) -> float:
        return self.now


def store(folder: Path, clock: Clock, days: float = 30, size: int = 2**30) -> ResultStore:
    place = ResultFolder(
        folder, keep_seconds=days * DAY, keep_bytes=size, count_results=count_results, clock=clock
    )
    return ResultStore(place, keep_seconds=days * DAY, clock=clock, pause_seconds=0)


def record(task_id: str = "t1", owner: str = ME, agent: str = "it") -> TaskRecord:
    state = TaskState.COMPLETED
    return TaskRecord(1, owner, agent, "m1", task_id, None, None, state, None, START, START)


def ended(task_id: str = "t1", text: str = "done", state: TaskState = TaskState.COMPLETED) -> Task:
    answer = Artifact(artifact_id="a", parts=(Part(kind="text", text=text),))
    return Task(id=task_id, status=TaskStatus(state=state), artifacts=(answer,))


async def keep(kept: ResultStore, *tasks: Task) -> None:
    for one in tasks:
        kept.note(record(one.id), one)
    await kept.flush()


class Away(ResultPlace):
    """A place that cannot be used until `is_here`."""

    keeps = True

    def __init__(self) -> None:
        self.is_here = False
        self.asked = anyio.Event()
        self.written: list[str] = []

    async def read(self, key: Key) -> KeptTask | None:
        raise AssertionError(key)

    async def write(self, batch: Mapping[Key, KeptTask]) -> None:
        self.asked.set()
        if not self.is_here:
            raise StoreUnavailable("away", "wait")
        self.written += [task_id for _, _, task_id in batch]


def files(folder: Path) -> list[Path]:
    return sorted((folder / FOLDER).iterdir()) if (folder / FOLDER).exists() else []


@asynccontextmanager
async def gone(agent: ScriptedAgent, folder: Path, **server: float) -> AsyncIterator[Stage]:
    """A bridge, new in this folder, whose agent has forgotten the task it completed before."""
    config = configured(server, it=agent.url)
    async with staged(config, folder) as before:
        assert (await before.send()).text == "the answer"
    agent.on(GET, GONE)
    async with staged(config, folder) as after:
        yield after


# --- through the tools, with real agents ---


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("kind", ["1.3-jsonrpc", "0.3-rest"])
async def test_a_completed_task_is_answered_when_its_agent_is_gone_or_has_forgotten_it(
    kind: str, restarted: bool, own_agent: Callable[..., Agent], tmp_path: Path
) -> None:
    mortal = own_agent(kind)
    config = configured(it=mortal.url)
    async with hosted(config, tmp_path) as client:
        sent = await client.call_tool("send_task", {"message": "task the result"})
    ids = {"task_id": (sent.structured_content or {})["task_id"]}
    mortal.kill()
    if restarted:
        own_agent(kind, "--port", str(mortal.port))
    async with hosted(config, tmp_path) as client:
        seen = await client.call_tool("get_task", ids)
        assert not seen.is_error
        structure = seen.structured_content or {}
        assert structure["state"] == "completed"
        assert structure["text"] == "task: the result"
        assert "Kept by this server since 20" in structure["note"]
        why = "does not know this task any more." if restarted else "could not be asked: "
        assert f"ago; the agent {why}" in structure["note"]
        assert structure["note"] in seen.content[0].text  # type: ignore[union-attr]
        read = await client.call_tool("get_artifact", {**ids, "artifact_id": "answer"})
        assert not read.is_error
        text = read.content[0].text  # type: ignore[union-attr]
        assert "task: the result" in text
        assert text.startswith("Note: Kept by this server since 20")
        followed = await client.call_tool("subscribe", ids)
        assert (followed.structured_content or {})["text"] == "task: the result"
        assert "Kept by this server" in (followed.structured_content or {})["note"]
        stopped = await client.call_tool("cancel_task", ids)
        assert "had already ended" in (stopped.structured_content or {})["note"]


async def test_the_bytes_of_a_picture_are_kept_as_they_came(
    own_agent: Callable[..., Agent], tmp_path: Path
) -> None:
    mortal = own_agent("1.3-jsonrpc")
    async with staged(configured(it=mortal.url), tmp_path) as stage:
        sent = await stage.send("files")
        fresh = (await stage.bridge.reader.read(ME, sent.task_id or "", None)).task
        mortal.kill()
        found = await stage.bridge.reader.read(ME, sent.task_id or "", None)
    assert found.note
    assert found.task == fresh
    assert fresh
    assert any(part.raw for made in fresh.artifacts for part in made.parts)


# --- what is kept, and for whom ---


async def test_a_task_that_was_only_read_is_kept_too(agent: ScriptedAgent, tmp_path: Path) -> None:
    config = configured(it=agent.url)
    async with staged(config, tmp_path) as before:
        await before.bridge.get(ME, "t1", "it")
    agent.on(GET, GONE)
    async with staged(config, tmp_path) as after:
        assert (await after.bridge.get(ME, "t1", None)).text == "the answer"


async def test_the_agents_own_answer_comes_first(agent: ScriptedAgent, tmp_path: Path) -> None:
    async with staged(configured(it=agent.url), tmp_path) as stage:
        await stage.send()
        agent.on(GET, result(done("a better answer")))
        view = await stage.bridge.get(ME, "t1", None)
        assert (view.text, view.note) == ("a better answer", None)
        agent.on(GET, GONE)
        assert (await stage.bridge.get(ME, "t1", None)).text == "a better answer"


async def test_results_that_an_agent_has_dropped_since_stay(tmp_path: Path) -> None:
    kept = store(tmp_path, Clock())
    await keep(kept, ended(text="the answer"))
    await keep(kept, Task(id="t1", status=TaskStatus(state=TaskState.COMPLETED)))
    found = await kept.find(record())
    assert found
    assert found.task == ended(text="the answer")


async def test_a_running_task_is_never_kept(agent: ScriptedAgent, tmp_path: Path) -> None:
    agent.on(SEND, result({"task": task("input-required", "which?")}))
    async with staged(configured(it=agent.url), tmp_path) as stage:
        await stage.send()
        agent.on(GET, GONE)
        with pytest.raises(TaskNotFound) as caught:
            await stage.bridge.get(ME, "t1", None)
    assert "kept" not in caught.value.message
    assert files(tmp_path) == []


async def test_another_owner_sees_nothing_of_it(agent: ScriptedAgent, tmp_path: Path) -> None:
    async with gone(agent, tmp_path) as stage:
        for named in (None, "it"):
            with pytest.raises(UnknownTask) as foreign:
                await stage.bridge.get(SOMEONE, "t1", named)
            with pytest.raises(UnknownTask) as unknown:
                await stage.bridge.get(SOMEONE, "t2", named)
            assert foreign.value.message == unknown.value.message.replace("t2", "t1")


async def test_a_result_stays_although_its_agent_is_configured_no_more(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    async with staged(configured(it=agent.url), tmp_path) as before:
        await before.send()
    async with staged(configured(other=agent.url), tmp_path) as after:
        view = await after.bridge.get(ME, "t1", None)
    assert view.text == "the answer"
    assert "There is no agent named 'it'" in (view.note or "")


async def test_what_an_agent_says_of_its_failure_is_scrubbed_in_the_note(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    async with gone(agent, tmp_path) as stage:
        agent.on(GET, error(-32603, "broken \x1b[31mred"))
        note = (await stage.bridge.get(ME, "t1", None)).note or ""
    assert "\x1b" not in note
    assert "red" in note


async def test_a_secret_is_in_no_kept_result_and_masked_when_it_is_shown(
    agent: ScriptedAgent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = "a-very-secret-token"
    config = configured(it={"url": agent.url, "auth": Bearer(SecretStr(token))})
    config.secrets.add(token)
    agent.on(SEND, result({"task": done(f"you sent {token}")}))
    async with hosted(config, tmp_path) as client:
        await client.call_tool("send_task", {"message": "hi"})
    (file,) = files(tmp_path)
    assert token not in file.read_text()
    agent.on(GET, GONE)
    async with hosted(config, tmp_path) as client:
        shown = await client.call_tool("get_task", {"task_id": "t1"})
        read = await client.call_tool("get_artifact", {"task_id": "t1", "artifact_id": "answer"})
    for answer in (shown, read):
        assert "you sent ***" in answer.content[0].text  # type: ignore[union-attr]
        assert token not in answer.model_dump_json()


# --- answers without a task ---


async def test_an_answer_without_a_task_is_what_its_handle_leads_to_after_a_restart(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    answered = anyio.Event()
    agent.on(SEND, later(answered, result({"message": words_of("no task, just words")})))
    config = configured(it=agent.url)
    async with staged(config, tmp_path) as before:
        sent = await before.send(wait_seconds=0)
        job = await Jobs(before.bridge, grace_seconds=0).start(ME, SendRequest("hello"))
        assert not isinstance(job, TaskView)
        answered.set()
        assert (await before.follow(task_id=sent.task_id)).text == "no task, just words"
        await job.changed(5)
    async with staged(config, tmp_path) as after:
        assert (await after.bridge.get(ME, sent.task_id or "", None)).text == "no task, just words"
        again = Jobs(after.bridge)
        found = await again.look(ME, job.handle)
        assert found.over
        assert (await again.outcome(found)).text == "no task, just words"
        with pytest.raises(UnknownTask):
            await after.bridge.get(SOMEONE, sent.task_id or "", None)
    assert len(agent.sends()) == 2


async def test_what_a_long_history_held_is_not_dropped_for_its_end(tmp_path: Path) -> None:
    def drawn(count: int) -> Task:
        files = (Part(kind="raw", raw=bytes([number])) for number in range(count))
        said = tuple(Message(message_id="m", role=Role.AGENT, parts=(file,)) for file in files)
        return ended().model_copy(update={"history": said})

    kept = store(tmp_path, Clock())
    for count, expected in ((3, 3), (2, 3), (4, 4)):
        await keep(kept, drawn(count))
        found = await kept.find(record())
        assert found
        assert len(found.task.history) == expected


# --- what is not kept (any more) ---


@pytest.mark.parametrize("server", [{"keep_days": 0}, {"keep_bytes": 0}, {"keep_bytes": 50}])
async def test_with_0_nothing_is_kept_and_the_forgotten_id_is_answered_as_such(
    server: dict[str, float], agent: ScriptedAgent, tmp_path: Path
) -> None:
    async with gone(agent, tmp_path, **server) as stage:
        with pytest.raises(TaskNotFound, match="this server has kept no result of it"):
            await stage.bridge.get(ME, "t1", None)
    assert files(tmp_path) == []


async def test_setting_0_removes_what_was_kept_before(tmp_path: Path) -> None:
    await keep(store(tmp_path, Clock()), ended("t1"))
    off = store(tmp_path, Clock(), days=0)
    assert await off.find(record()) is None
    await keep(off, ended("t2"))
    assert files(tmp_path) == []


async def test_what_is_too_old_is_not_shown_and_then_removed(tmp_path: Path) -> None:
    clock = Clock()
    kept = store(tmp_path, clock, days=30)
    await keep(kept, ended("old"))
    clock.now += 29 * DAY
    await keep(kept, ended("young"))
    assert await kept.find(record("old"))
    clock.now += 1 * DAY
    assert await kept.find(record("old")) is None
    assert len(files(tmp_path)) == 2
    await keep(kept, ended("new"))
    assert len(files(tmp_path)) == 2
    assert await kept.find(record("young"))


async def test_of_too_much_the_oldest_goes_first(tmp_path: Path) -> None:
    clock = Clock()
    kept = store(tmp_path, clock, size=10_000)
    for number in range(8):
        clock.now += 1
        await keep(kept, ended(f"t{number}", "x" * 2_000))
        assert sum(file.stat().st_size for file in files(tmp_path)) <= 10_000
    found = [number for number in range(8) if await kept.find(record(f"t{number}"))]
    assert found == list(range(found[0], 8))
    assert len(found) >= 3


async def test_a_sweep_counts_what_another_process_has_kept(tmp_path: Path) -> None:
    clock = Clock()
    await keep(store(tmp_path, clock, size=5_000), ended("theirs", "x" * 3_000))
    clock.now += 1
    ours = store(tmp_path, clock, size=5_000)
    await keep(ours, ended("ours", "x" * 3_000))
    assert await ours.find(record("theirs")) is None
    assert await ours.find(record("ours"))


async def test_a_result_kept_again_unchanged_stays_as_old_as_it_was(tmp_path: Path) -> None:
    clock = Clock()
    kept = store(tmp_path, clock)
    await keep(kept, ended())
    clock.now += 3 * 3600
    await keep(kept, ended())
    found = await kept.find(record())
    assert found
    assert kept.seconds_kept(found) == 3 * 3600


async def test_a_result_is_there_before_it_is_written(tmp_path: Path) -> None:
    kept = store(tmp_path, Clock())
    kept.note(record(), ended())
    assert files(tmp_path) == []
    found = await kept.find(record())
    assert found
    assert found.task == ended()


async def test_of_many_that_end_at_once_every_result_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "MOST_PENDING", 2)
    await keep(store(tmp_path, Clock()), *(ended(f"t{number}") for number in range(5)))
    assert len(files(tmp_path)) == 5


async def test_while_the_place_cannot_be_used_only_so_many_results_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(results, "MOST_PENDING", 2)
    away = Away()
    kept = ResultStore(away, keep_seconds=DAY, pause_seconds=0)
    async with anyio.create_task_group() as group:
        group.start_soon(kept.run)
        kept.note(record(), ended("t0"))
        await away.asked.wait()
        await anyio.lowlevel.checkpoint()
        for number in range(1, 5):
            kept.note(record(), ended(f"t{number}"))
        group.cancel_scope.cancel()
    away.is_here = True
    await kept.flush()
    assert away.written == ["t0", "t1"]


# --- the files ---


async def test_files_are_for_their_user_alone_and_none_is_left_half_written(tmp_path: Path) -> None:
    await keep(store(tmp_path / "state", Clock()), ended("t1"), ended("t2"))
    found = files(tmp_path / "state")
    assert len(found) == 2
    if os.name == "posix":
        assert {stat.S_IMODE(file.stat().st_mode) for file in found} == {0o600}
        folders = (tmp_path / "state", tmp_path / "state" / FOLDER)
        assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b"null", b"[]", b"\xff\xfe", b'{"format": 1}', "cut", "raw", "foreign", "newer"],
)
async def test_a_damaged_file_counts_as_none(
    damage: bytes | str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept = store(tmp_path, Clock())
    await keep(kept, ended())
    (file,) = files(tmp_path)
    document = json.loads(file.read_bytes())
    match damage:
        case bytes():
            text = damage
        case "cut":
            text = file.read_bytes()[:-20]
        case "raw":
            document["task"]["artifacts"][0]["parts"] = [{"kind": "raw", "raw": "%%%"}]
            text = json.dumps(document).encode()
        case "newer":
            text = json.dumps({**document, "format": 3}).encode()
        case _:
            text = json.dumps({**document, "key": [SOMEONE, "it", "t1"]}).encode()
    file.write_bytes(text)
    with caplog.at_level(logging.WARNING):
        assert await kept.find(record()) is None
    await keep(kept, ended())
    assert await kept.find(record())


@pytest.mark.parametrize(
    "task_id", ["../../etc/passwd", "a" * 500, "\0", "CON", ".", "ü/🙂", "\ud800"]
)
async def test_an_id_of_any_form_is_only_ever_a_name_within_the_folder(
    task_id: str, tmp_path: Path
) -> None:
    kept = store(tmp_path / "state", Clock())
    await keep(kept, ended(task_id))
    assert (await kept.find(record(task_id))) is not None
    assert len(files(tmp_path / "state")) == 1
    assert os.listdir(tmp_path) == ["state"]


async def test_everything_in_a_task_comes_back_as_it_was(tmp_path: Path) -> None:
    parts = (
        Part(kind="raw", raw=bytes(range(256)), filename="x.bin", media_type="application/x"),
        Part(kind="raw"),
        Part(kind="data", data={"raw": "AAAA", "n": 10**30, "f": 0.1, "none": None}),
        Part(kind="url", url="https://a.example/x"),
        Part(kind="text", text="lone \ud800, \x00, سلام 👩‍👩‍👧"),
        Part(kind="empty", problem="bad base64"),
    )
    said = Message(message_id="m", role=Role.AGENT, parts=parts, metadata={"raw": "x"})
    whole = Task(
        id="t1",
        context_id="c",
        status=TaskStatus(state=TaskState.FAILED, message=said, raw_state="TASK_STATE_FAILED"),
        artifacts=(Artifact(artifact_id="a", parts=parts, extensions=("e",)),),
        history=(said,),
        metadata={"k": [1, "2"]},
    )
    kept = store(tmp_path, Clock())
    await keep(kept, whole)
    found = await store(tmp_path, Clock()).find(record())
    assert found
    assert found.task == whole


LONG = Part(kind="text", text="lone \ud800, سلام 👩‍👩‍👧\n" * 30_000)
LARGE = Part(kind="raw", raw=bytes(range(256)) * 4_000, filename="x.bin")


def with_long_parts(**update: str) -> Task:
    said = Message(message_id="m", role=Role.AGENT, parts=(LARGE, LONG.model_copy(update=update)))
    artifacts = (Artifact(artifact_id="a", parts=(LONG, LARGE, Part(kind="text", text="short"))),)
    status = TaskStatus(state=TaskState.COMPLETED, message=said)
    return Task(id="t1", status=status, artifacts=artifacts)


async def test_long_texts_and_files_come_back_as_they_were(tmp_path: Path) -> None:
    kept = store(tmp_path, Clock())
    for ended in (with_long_parts(), with_long_parts(text="other words\n" * 30_000)):
        await keep(kept, ended)
        found = await store(tmp_path, Clock()).find(record())
        assert found
        assert found.task == ended


async def test_a_long_result_that_is_unchanged_is_not_written_again(tmp_path: Path) -> None:
    kept = store(tmp_path, Clock())
    await keep(kept, with_long_parts())
    (file,) = files(tmp_path)
    before = file.stat().st_ino
    await keep(kept, with_long_parts())
    assert file.stat().st_ino == before


async def test_a_long_result_that_is_cut_counts_as_none_and_is_written_again(
    tmp_path: Path,
) -> None:
    kept = store(tmp_path, Clock())
    await keep(kept, with_long_parts())
    (file,) = files(tmp_path)
    file.write_bytes(file.read_bytes()[:-1])
    assert await kept.find(record()) is None
    await keep(kept, with_long_parts())
    assert await kept.find(record())


async def test_a_folder_that_cannot_be_used_costs_no_call_and_one_warning(
    agent: ScriptedAgent, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / FOLDER).write_text("not a folder")
    async with staged(configured(it=agent.url), tmp_path) as stage:
        for _ in range(2):
            assert (await stage.send()).text == "the answer"

        async def warned() -> bool:
            return "results are not kept" in caplog.text

        await until(warned)
        agent.on(GET, GONE)
    assert caplog.text.count("results are not kept") == 1


async def test_an_unreachable_agent_without_a_kept_result_is_an_error_as_before(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    async with gone(agent, tmp_path, keep_days=0) as stage:
        agent.on(GET, http(503, b"down"))
        agent.on(CARD, http(503, b"down"))
        with pytest.raises(A2AError) as caught:
            await stage.bridge.get(ME, "t1", None)
    assert not isinstance(caught.value, TaskNotFound)


async def test_writing_holds_up_nobody(agent: ScriptedAgent, tmp_path: Path) -> None:
    agent.on(SEND, result({"task": done("y" * 5_000_000)}))
    async with staged(configured(it=agent.url), tmp_path) as stage:
        ticks = 0
        with anyio.fail_after(20):
            async with anyio.create_task_group() as group:
                group.start_soon(stage.send)
                while not files(tmp_path):
                    await anyio.lowlevel.checkpoint()
                    ticks += 1
    assert ticks > 1
