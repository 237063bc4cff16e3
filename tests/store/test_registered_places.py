"""Where agents are kept that callers have added: a folder and a database keep one contract."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Final

import postgres
import pytest

from a2a_mcp.agents.registered import RegisteredAgents
from a2a_mcp.store.registered import KeptAgent, RegisteredFolder, RegisteredPlace

pytestmark = pytest.mark.anyio

HERS: Final = KeptAgent("alice", "Hers", "https://x.example", "Writes \0 reports")


@asynccontextmanager
async def in_folder(folder: Path) -> AsyncIterator[RegisteredPlace]:
    yield RegisteredFolder(folder)


@asynccontextmanager
async def in_database(folder: Path) -> AsyncIterator[RegisteredPlace]:
    from a2a_mcp.store.postgres.registered import PostgresRegistered

    async with postgres.opened(folder) as database:
        yield PostgresRegistered(database)


PLACES: Final = [in_folder, *([in_database] if postgres.IS_HERE else [])]
each_place = pytest.mark.parametrize("opened", PLACES)
Opened = Callable[[Path], AbstractAsyncContextManager[RegisteredPlace]]
later = count(0.0, 10.0).__next__


async def seen(place: RegisteredPlace) -> list[KeptAgent] | None:
    await place.look()
    return place.news(later())


@each_place
async def test_an_agent_is_seen_by_every_process_until_it_is_removed_by_any(
    opened: Opened, tmp_path: Path
) -> None:
    async with opened(tmp_path) as one, opened(tmp_path) as two:
        assert not await seen(one)
        assert not await seen(two)
        assert await one.add(HERS)
        assert one.news(later()) == [HERS]
        assert await seen(two) == [HERS]
        await two.remove("hERS")
        assert two.news(later()) == []
        assert await seen(one) == []


@each_place
async def test_a_name_is_taken_once_in_any_case(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as one, opened(tmp_path) as two:
        assert await one.add(HERS)
        assert not await two.add(KeptAgent("bob", "HERS", "https://y.example", None))
        assert await seen(two) == [HERS]


@each_place
async def test_one_that_came_in_the_place_of_another_is_seen(
    opened: Opened, tmp_path: Path
) -> None:
    his = KeptAgent("bob", "his", "https://y.example", None)
    async with opened(tmp_path) as one, opened(tmp_path) as two:
        await one.add(HERS)
        assert await seen(two) == [HERS]
        await one.remove("hers")
        await one.add(his)
        assert await seen(two) == [his]


@pytest.mark.skipif(not postgres.IS_HERE, reason="the wheel is made for Linux and macOS only")
async def test_while_the_database_is_away_the_agents_that_were_seen_stay(tmp_path: Path) -> None:
    from a2a_mcp.store.postgres.database import Database
    from a2a_mcp.store.postgres.registered import PostgresRegistered

    away = postgres.Away(tmp_path)
    database = Database(away.url, most=1)
    try:
        known = RegisteredAgents(PostgresRegistered(database))
        async with in_database(tmp_path) as other:
            await other.add(HERS)
        await known.look()
        assert known.changed(0)
        away.leave()
        await known.look()
        assert not known.changed(1)
        assert [agent.name for agent in known.of_owner("alice")] == ["Hers"]
    finally:
        away.come_back()
        await database.close()
