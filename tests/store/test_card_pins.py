"""Where pins of cards are kept: memory, a folder and a database keep one contract."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import anyio
import postgres
import pytest
from scripted import CARD, card, document, scripted
from signing import Clock, connected

from a2a_mcp.store.card_pins import PinFolder, PinMemory, PinPlace

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def in_memory(folder: Path) -> AsyncIterator[PinPlace]:
    yield PinMemory()


@asynccontextmanager
async def in_folder(folder: Path) -> AsyncIterator[PinPlace]:
    yield PinFolder(folder)


@asynccontextmanager
async def in_database(folder: Path) -> AsyncIterator[PinPlace]:
    from a2a_mcp.store.postgres.card_pins import PostgresPins

    async with postgres.opened(folder) as database:
        yield PostgresPins(database)


Opened = Callable[[Path], AbstractAsyncContextManager[PinPlace]]
SHARED: Final = [in_folder, *([in_database] if postgres.IS_HERE else [])]
each_shared_place = pytest.mark.parametrize("opened", SHARED)


@pytest.mark.parametrize("opened", [in_memory, *SHARED])
async def test_the_first_pin_of_an_agent_stays_until_it_is_replaced(
    opened: Opened, tmp_path: Path
) -> None:
    async with opened(tmp_path) as pins:
        assert await pins.read("it") is None
        assert await pins.add("it", "first") == "first"
        assert await pins.add("it", "second") == "first"
        assert await pins.add("IT", "another agent's") == "another agent's"
        await pins.replace("it", "third")
        await pins.replace("new", "fourth")
        assert [await pins.read(name) for name in ("it", "IT", "new")] == [
            "third",
            "another agent's",
            "fourth",
        ]


@each_shared_place
async def test_of_processes_that_pin_at_once_one_wins_for_all(
    opened: Opened, tmp_path: Path
) -> None:
    pinned: list[str] = []

    async def pin(place: PinPlace, text: str) -> None:
        pinned.append(await place.add("it", text))

    async with opened(tmp_path) as one, opened(tmp_path) as two:
        async with anyio.create_task_group() as group:
            for number in range(8):
                group.start_soon(pin, (one, two)[number % 2], str(number))
        assert {await one.read("it"), await two.read("it")} == set(pinned)
    assert len(set(pinned)) == 1


@each_shared_place
async def test_a_card_that_one_process_has_pinned_is_held_back_by_every_other(
    opened: Opened, tmp_path: Path
) -> None:
    pinned = {"pin": True}
    async with scripted() as agent, opened(tmp_path) as one, opened(tmp_path) as two:
        agent.on(CARD, document(card(agent.url)))
        async with connected(agent.url, None, pins=one, **pinned) as connection:
            first = await connection.card()
        agent.on(CARD, document(card(agent.url, skills=[_SKILL])))
        async with connected(agent.url, None, pins=two, **pinned) as connection:
            seen = await connection.card()
            assert (seen.card, bool(seen.held)) == (first.card, True)
            await connection.cards.renew_pin()
        async with connected(agent.url, None, pins=one, **pinned) as connection:
            assert not (await connection.card()).held


_SKILL: Final[dict[str, Any]] = {"id": "s", "name": "Sums", "description": "Adds.", "tags": []}

if postgres.IS_HERE:

    async def test_while_the_database_is_away_the_pin_of_before_holds(tmp_path: Path) -> None:
        from a2a_mcp.store.postgres.card_pins import PostgresPins
        from a2a_mcp.store.postgres.database import Database

        clock, away = Clock(), postgres.Away(tmp_path)
        database = Database(away.url, most=2)
        pins = PostgresPins(database)
        try:
            async with (
                scripted() as agent,
                connected(agent.url, None, clock, pins, pin=True) as connection,
            ):
                agent.on(CARD, document(card(agent.url)))
                first = await connection.card()
                agent.on(CARD, document(card(agent.url, skills=[_SKILL])))
                away.leave()
                seen = await connection.card(refresh=True)
                assert (seen.card, bool(seen.held)) == (first.card, True)
        finally:
            away.come_back()
            await database.close()
