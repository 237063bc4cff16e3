"""Thirty tasks over three bridges; `scripts/replicas 300 120` is the whole of it."""

from pathlib import Path

import pytest
from stress.replicas import run

pytestmark = pytest.mark.anyio

HEARTBEAT_SECONDS = 0.5
MOST_SECONDS = 10.0  # four heartbeats, a search, and a busy machine


async def test_a_kill_a_freeze_and_an_end_lose_no_task_and_repeat_no_message(
    tmp_path: Path,
) -> None:
    figures = await run(30, 10, HEARTBEAT_SECONDS, tmp_path)
    assert figures.findings == []
    assert max(figures.takeovers.values()) <= MOST_SECONDS, figures.report()
