"""Lines of the audit in a database: kept for some days, and counted where they are lost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import postgres
import psycopg
import pytest

from a2a_mcp.errors import StoreUnavailable
from a2a_mcp.store import audit as module
from a2a_mcp.store.audit import AuditPlace, Line, WaitingLines

pytestmark = pytest.mark.anyio

NOW = 1_800_000_000.0
DAY = 86_400.0


class Place(AuditPlace):
    """A place that is away at the first `failures` times."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.kept: list[Line] = []
        self.has = anyio.Event()

    async def write(self, lines: Sequence[tuple[float, Line]]) -> None:
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable("away", "wait")
        self.kept += [line for _, line in lines]
        self.has.set()

    async def tend(self) -> None:
        """There is nothing old."""


async def test_lines_wait_while_the_store_is_away_and_are_written_once_in_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.01)
    lost: list[int] = []
    waiting, place = WaitingLines(lost.append), Place(failures=2)
    lines = [{"action": str(number)} for number in range(module.AT_ONCE + 1)]
    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            for line in lines:
                waiting.add(line)
            group.start_soon(waiting.run, place)
            await place.has.wait()
            waiting.add({"action": "last"})
            while place.kept[-1]["action"] != "last":
                await anyio.lowlevel.checkpoint()
            group.cancel_scope.cancel()
    assert place.kept == [*lines, {"action": "last"}]
    assert lost == []


async def test_what_a_full_queue_does_not_take_and_what_waits_at_the_end_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    lost: list[int] = []
    waiting = WaitingLines(lost.append)
    for number in range(5):
        waiting.add({"action": str(number)})
    assert lost == [1, 1]
    await waiting.end(Place(failures=1))
    waiting.drop()
    assert lost == [1, 1, 3]


if postgres.IS_HERE:

    def kept_in(folder: Path) -> list[tuple[Any, ...]]:
        with psycopg.connect(postgres.database(folder)) as connection:
            return connection.execute(
                "SELECT extract(epoch FROM at)::float8, owner, action, agent, outcome, line "
                "FROM audit ORDER BY at"
            ).fetchall()

    async def test_a_line_is_a_row_at_the_time_of_the_database_until_its_days_are_over(
        tmp_path: Path,
    ) -> None:
        from a2a_mcp.store.postgres.audit import PostgresAudit

        now = NOW
        sent = {"owner": "ann", "action": "send_task", "agent": "a", "outcome": "completed"}
        line = {**sent, "time": "told by this process", "bytes": 3}
        async with postgres.opened(tmp_path) as database:
            place = PostgresAudit(database, keep_days=2, clock=lambda: now)
            await place.write([(5.0, line), (0.0, {"action": "enter", "outcome": "refused"})])
            kept = kept_in(tmp_path)
            assert kept[0] == (NOW - 5, "ann", "send_task", "a", "completed", line)
            assert kept[1][:5] == (NOW, None, "enter", None, "refused")
            now += 2 * DAY
            assert not await place.remove_some()
            assert [row[0] for row in kept_in(tmp_path)] == [NOW]
