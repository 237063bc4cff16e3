"""The last updates of followed tasks: as they are shown, within one bound of bytes."""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path

import anyio
import pytest
from followed import WORKING, is_in_state
from scripted import STREAM, ScriptedAgent, moved, stream
from staging import ME, Stage, configured, staged, until

from a2a_mcp.a2a.model import (
    Artifact,
    Message,
    Part,
    Role,
    StreamEvent,
    Task,
    TaskArtifactUpdateEvent,
    TaskState,
    TaskStatus,
    TaskStatusUpdateEvent,
)
from a2a_mcp.bridge.send import SendRequest
from a2a_mcp.bridge.updates import Updates
from a2a_mcp.presentation.content import joined_text
from a2a_mcp.presentation.task_view import UpdateView
from a2a_mcp.tracking.packed import pack, unpack
from a2a_mcp.tracking.tail import KEPT_UPDATES, Tail, UpdateMemory

pytestmark = pytest.mark.anyio

TEXT = Part(kind="text", text="thinking \u202e hard")
FILE = Part(kind="raw", raw=b"x" * 5000, filename="a.bin", media_type="application/x")
LINK = Part(kind="url", url="https://agent.example/a")
DATA = Part(kind="data", data={"a": [1, 2]})
EVERY_KIND = (TEXT, FILE, TEXT, LINK, DATA, Part(kind="empty", problem="unreadable"))


def said(*parts: Part) -> TaskStatus:
    message = Message(message_id="m", role=Role.AGENT, parts=parts)
    return TaskStatus(state=TaskState.WORKING, message=message)


def step(text: str) -> TaskStatusUpdateEvent:
    part = Part(kind="text", text=text)
    return TaskStatusUpdateEvent(task_id="t", status=said(part))


EVENTS: dict[str, StreamEvent] = {
    "status": TaskStatusUpdateEvent(task_id="t", status=said(*EVERY_KIND)),
    "status without words": TaskStatusUpdateEvent(
        task_id="t", status=TaskStatus(state=TaskState.AUTH_REQUIRED)
    ),
    "piece": TaskArtifactUpdateEvent(
        task_id="t", artifact=Artifact(artifact_id="a", parts=EVERY_KIND), append=True
    ),
    "first piece": TaskArtifactUpdateEvent(
        task_id="t", artifact=Artifact(artifact_id="a", parts=(TEXT,))
    ),
    "task": Task(
        id="t", status=said(TEXT, FILE), artifacts=(Artifact(artifact_id="a", parts=EVERY_KIND),)
    ),
    "ended task": Task(
        id="t",
        status=TaskStatus(state=TaskState.COMPLETED),
        artifacts=(Artifact(artifact_id="a", parts=(TEXT,)),),
    ),
    "message": Message(message_id="m", role=Role.AGENT, parts=(TEXT,)),
}


async def shown(event: StreamEvent) -> list[UpdateView]:
    """Return the updates that a call reports of an event."""
    seen: list[UpdateView] = []

    async def report(update: UpdateView) -> None:
        seen.append(update)

    await Updates(report)(event)
    return seen


@pytest.mark.parametrize("name", EVENTS)
async def test_what_is_kept_of_an_event_shows_as_the_event(name: str) -> None:
    event = EVENTS[name]
    assert await shown(unpack(pack(event, joined_text))) == await shown(event)


def test_of_all_updates_the_oldest_go_first() -> None:
    memory = UpdateMemory(most_bytes=10 * 250)
    first, second = Tail(memory), Tail(memory)
    for number in range(8):
        first.add(step(f"first {number}"))
        second.add(step(f"second {number}"))
    assert memory.bytes <= 10 * 250
    assert 0 < second.oldest <= first.oldest <= second.oldest + 1
    assert first.count == second.count == 8
    second.add(step("x" * 10_000))
    assert (first.since(0), second.since(0), memory.bytes) == ([], [], 0)


def test_one_task_keeps_so_many_updates_at_most() -> None:
    memory = UpdateMemory()
    tail = Tail(memory)
    for number in range(3 * KEPT_UPDATES):
        tail.add(step(str(number)))
    assert (len(tail.since(0)), tail.oldest) == (KEPT_UPDATES, 2 * KEPT_UPDATES)


def test_a_chatty_task_that_has_dropped_its_own_updates_does_not_drop_those_of_others() -> None:
    memory = UpdateMemory(most_bytes=300 * 300)
    chatty, quiet = Tail(memory), Tail(memory)
    for number in range(20 * KEPT_UPDATES):
        chatty.add(step(str(number)))
    quiet.add(step("x" * 100))
    assert len(quiet.since(0)) == 1
    chatty.clear()
    quiet.clear()
    assert memory.bytes == 0
    later = Tail(memory)
    for number in range(2000):
        later.add(step(str(number)))
    assert len(later.since(0)) == KEPT_UPDATES


def test_a_task_that_reads_as_it_did_last_is_no_update() -> None:
    tail = Tail(UpdateMemory())
    for _ in range(3):
        tail.add(EVENTS["task"])
    assert tail.count == 1
    for _ in range(2):
        tail.add(EVENTS["piece"])
    assert tail.count == 3


def test_the_files_of_an_event_are_not_kept() -> None:
    tail = Tail(UpdateMemory(shown=joined_text))
    tail.add(step("warm"))
    tracemalloc.start()
    for number in range(100):
        file = Part(kind="raw", raw=bytes(100_000), filename=f"{number}.bin")
        tail.add(TaskStatusUpdateEvent(task_id="t", status=said(file)))
    gc.collect()
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert held < 2_000_000


async def test_updates_beyond_the_memory_for_them_are_counted(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    more = anyio.Event()
    steps = [moved("working", f"step {n:02} " + "x" * 1000) for n in range(20)]
    agent.on(STREAM, stream(WORKING, more, *steps, moved("completed")))
    config = configured({"updates_bytes": 10_000}, it=agent.url)
    async with staged(config, tmp_path / "other") as stage:

        async def slow(_: UpdateView) -> None:
            more.set()
            await until(lambda: is_in_state(stage, TaskState.COMPLETED))

        view = await stage.bridge.subscribe(ME, SendRequest("go", wait_seconds=5), 100, slow)
    steps_shown = [update.text[:7] for update in view.updates if update.text.startswith("step")]
    assert steps_shown[-1] == "step 18"  # the last one is the answer
    assert f"{19 - len(steps_shown)} updates are not shown" in (view.note or "")


async def test_a_task_that_no_call_can_find_any_more_keeps_no_updates(
    agent: ScriptedAgent, stage: Stage
) -> None:
    """A waiting call still hears all of them first."""
    agent.on(
        STREAM, stream(WORKING, *(moved("working", f"{n}") for n in range(9)), moved("completed"))
    )
    view = await stage.follow(text="go")
    assert len(view.updates) == 9  # the last words are the answer
    assert stage.memory.bytes == 0
