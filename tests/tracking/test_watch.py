"""The clock of the followed tasks: what has ended is let go, however large its answer was."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import anyio
import pytest
from scripted import STREAM, ScriptedAgent, moved, stream, task
from staging import configured, staged, until

from a2a_mcp.tracking.tracked_task import TrackedTask

pytestmark = pytest.mark.anyio


async def test_a_task_that_was_looked_at_is_let_go_when_it_has_ended(
    agent: ScriptedAgent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, go_on = anyio.Event(), anyio.Event()
    seen: list[weakref.ref[TrackedTask]] = []

    def overdue(tracked: TrackedTask, *_: float) -> bool:
        seen.append(weakref.ref(tracked))
        looked.set()
        return False

    monkeypatch.setattr(TrackedTask, "overdue", overdue)
    agent.on(STREAM, stream({"task": task("working")}, go_on, moved("completed")))
    async with staged(configured(it=agent.url), tmp_path) as stage:
        await stage.send("hello", wait_seconds=0)
        await looked.wait()
        go_on.set()
        await until(lambda: _is_gone(seen[0]))


async def _is_gone(tracked: weakref.ref[TrackedTask]) -> bool:
    gc.collect()
    return tracked() is None
