"""How many calls a caller may make: a burst, then one by one; in memory and over a database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Final

import anyio
import postgres
import pytest
from hypothesis import given
from hypothesis import strategies as st

from a2a_mcp.store.call_rates import MINUTE, MOST_CALLERS, CallRates, LocalRates

pytestmark = pytest.mark.anyio


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def in_memory(folder: Path, clock: Clock) -> AsyncIterator[CallRates]:
    yield LocalRates(clock)


@asynccontextmanager
async def in_database(folder: Path, clock: Clock) -> AsyncIterator[CallRates]:
    from a2a_mcp.store.postgres.call_rates import PostgresRates

    async with postgres.opened(folder) as database:
        yield PostgresRates(database, clock, now=clock)


Opened = Callable[[Path, Clock], AbstractAsyncContextManager[CallRates]]
PLACES: Final = [in_memory, *([in_database] if postgres.IS_HERE else [])]
each_place = pytest.mark.parametrize("opened", PLACES)


@each_place
async def test_a_burst_is_allowed_then_the_rate_and_the_wait_is_told(
    opened: Opened, tmp_path: Path
) -> None:
    clock = Clock()
    async with opened(tmp_path, clock) as rates:
        burst = [await rates.take("alice", 60, 5) for _ in range(6)]
        assert burst == [0.0] * 6
        assert await rates.take("alice", 60, 5) == 1.0
        assert await rates.take("bob", 60, 5) == 0.0, "another caller is not in the way"
        clock.now += 1
        assert await rates.take("alice", 60, 5) == 0.0
        assert await rates.take("alice", 60, 5) == 1.0
        clock.now += MINUTE
        assert [await rates.take("alice", 60, 5) for _ in range(7)] == [0.0] * 6 + [1.0]


async def test_callers_at_rest_are_forgotten() -> None:
    clock = Clock()
    rates = LocalRates(clock)
    for number in range(MOST_CALLERS):
        await rates.take(f"owner-{number}", 60, 5)
    clock.now += MINUTE
    await rates.take("one more", 60, 5)
    assert len(rates._times) == 1


@given(st.lists(st.floats(0, 10), max_size=60), st.integers(1, 600), st.floats(0.1, 30))
async def test_in_no_span_are_there_more_calls_than_the_rate_and_the_burst_allow(
    pauses: list[float], per_minute: int, burst: float
) -> None:
    clock = Clock()
    clock.now = 0.0
    rates = LocalRates(clock)
    allowed = []
    for pause in pauses:
        clock.now += pause
        if await rates.take("alice", per_minute, burst) == 0:
            allowed.append(clock.now)
    for first, begin in enumerate(allowed):
        for last in range(first, len(allowed)):
            span = allowed[last] - begin
            most = (span + burst) * per_minute / MINUTE + 2
            assert last - first + 1 <= most


@pytest.mark.skipif(not postgres.IS_HERE, reason="the wheel of PostgreSQL is not for Windows")
async def test_processes_that_count_at_once_let_in_no_more_than_one_would(tmp_path: Path) -> None:
    clock = Clock()
    let_in = []

    async def call(rates: CallRates) -> None:
        let_in.append(await rates.take("alice", 60, 5) == 0)

    async with in_database(tmp_path, clock) as one, in_database(tmp_path, clock) as two:
        with anyio.fail_after(20):
            async with anyio.create_task_group() as group:
                for rates in (one, two) * 10:
                    group.start_soon(call, rates)
    assert (len(let_in), sum(let_in)) == (20, 6)


@pytest.mark.skipif(not postgres.IS_HERE, reason="the wheel of PostgreSQL is not for Windows")
async def test_without_the_database_a_process_counts_alone_and_asks_it_again_later(
    tmp_path: Path,
) -> None:
    from a2a_mcp.store.postgres.call_rates import AWAY_SECONDS, PostgresRates
    from a2a_mcp.store.postgres.database import Database

    clock = Clock()
    away = postgres.Away(tmp_path)
    database = Database(away.url, most=2)
    rates = PostgresRates(database, clock, now=clock)
    try:
        assert await rates.take("alice", 1, 5) == 0.0
        away.leave()
        assert await rates.take("alice", 1, 5) == 0.0
        assert await rates.take("alice", 1, 5) == 55.0
        away.come_back()
        clock.now += AWAY_SECONDS
        with anyio.fail_after(20):
            while database.problem:
                await rates.take("bob", 60, 60)
                clock.now += AWAY_SECONDS
        assert await rates.take("alice", 1, 5) > 0
    finally:
        await database.close()
