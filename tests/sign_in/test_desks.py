"""Tickets in memory, in a folder and in a database: what one process changes another one sees."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Final

import anyio
import anyio.lowlevel
import postgres
import pytest
from pydantic import SecretStr

from a2a_mcp.a2a.auth.oauth.authorization_code import CodeRequest, Expected
from a2a_mcp.errors import StoreUnavailable
from a2a_mcp.sign_in import shared_desk
from a2a_mcp.sign_in.desk import Desk, MemoryDesk
from a2a_mcp.sign_in.shared_desk import SharedDesk
from a2a_mcp.sign_in.ticket import MOST_TRIES, Ticket, name_of
from a2a_mcp.sign_in.tickets import Tickets
from a2a_mcp.store import tickets
from a2a_mcp.store.login_folder import FolderKey
from a2a_mcp.store.sqlite.tickets import TicketFile
from a2a_mcp.store.tickets import KeptTicket

pytestmark = pytest.mark.anyio

PROOF: Final = CodeRequest(
    "https://login/auth", "https://b/sign-in/callback", "state-one", "verifier"
)
EXPECTED: Final = Expected("state-two", "https://as")
TICKET: Final = Ticket("the-id", "corp:ann", "it").led("https://as/auth", EXPECTED)
BACK: Final = {"code": "the-code", "state": "state-two", "iss": "https://as"}
KEY: Final = "k" * 32

Desks = tuple[Desk, Desk]
Opened = Callable[[Path], AbstractAsyncContextManager[Desks]]


@asynccontextmanager
async def in_memory(folder: Path) -> AsyncIterator[Desks]:
    desk = MemoryDesk()
    yield desk, desk


@asynccontextmanager
async def in_folder(folder: Path) -> AsyncIterator[Desks]:
    yield shared(folder), shared(folder)


def shared(folder: Path, key: str = KEY) -> SharedDesk:
    return SharedDesk(TicketFile(folder), FolderKey(folder, SecretStr(key)))


@asynccontextmanager
async def in_database(folder: Path) -> AsyncIterator[Desks]:
    from a2a_mcp.store.postgres.tickets import PostgresTickets

    async with postgres.opened(folder) as one, postgres.opened(folder) as two:
        key = FolderKey(folder, SecretStr(KEY))
        yield SharedDesk(PostgresTickets(one), key), SharedDesk(PostgresTickets(two), key)


SHARED: Final = [in_folder, *([in_database] if postgres.IS_HERE else [])]
MANY_LOOKS: Final = 10
each_desk = pytest.mark.parametrize("opened", [in_memory, *SHARED])
each_shared = pytest.mark.parametrize("opened", SHARED)


@each_desk
async def test_a_sign_in_goes_on_wherever_the_browser_comes(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as (one, two):
        await one.add(TICKET)
        seen: list[Ticket | None] = []

        async def waits() -> None:
            seen.append(await one.wait(TICKET.name, lambda it: it.query is not None, holds=True))
            await one.change(TICKET.name, lambda it: it.ended(succeeded=True))

        with anyio.fail_after(20):
            async with anyio.create_task_group() as group:
                group.start_soon(waits)
                assert await two.change(TICKET.name, lambda it: it.begun("browser", PROOF))
                proof = (await one.get(TICKET.name) or TICKET).proof
                assert proof == PROOF
                assert await one.change(TICKET.name, lambda it: it.without_proof(PROOF))
                assert await two.change(TICKET.name, lambda it: it.without_proof(PROOF)) is None
                assert await two.change(TICKET.name, lambda it: it.taken("browser", BACK)) is None
                assert await one.change(TICKET.name, lambda it: it.proved("browser", "corp:ann"))
                assert await two.change(TICKET.name, lambda it: it.taken("browser", BACK))
                ended = await two.wait(TICKET.name, lambda it: it.is_over)
        assert seen[0]
        assert seen[0].query == BACK
        assert ended == Ticket("the-id", "corp:ann", "it", succeeded=True)


@each_desk
async def test_two_changes_at_once_are_both_made(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as desks:
        await desks[0].add(TICKET)
        async with anyio.create_task_group() as group:
            for number in range(MOST_TRIES - 1):
                group.start_soon(desks[number % 2].change, TICKET.name, Ticket.failed)
        found = await desks[0].get(TICKET.name)
        assert found
        assert (found.tries, found.query) == (MOST_TRIES - 1, None)


@each_shared
async def test_another_process_finds_it_by_its_owner_and_agent_until_it_is_over(
    opened: Opened, tmp_path: Path
) -> None:
    async with opened(tmp_path) as (one, two):
        await one.add(TICKET)
        assert await two.find("corp:ann", "it") == TICKET
        assert await two.find("corp:bob", "it") is None
        assert await two.find("corp:ann", "other") is None
        await one.change(TICKET.name, lambda it: it.ended(succeeded=False))
        assert await two.find("corp:ann", "it") is None


@each_shared
async def test_of_a_dead_process_nothing_is_left(
    opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path) as (one, two):
        await one.add(TICKET)
        monkeypatch.setattr(tickets, "DEAD_SECONDS", 0.0)
        assert await two.get(TICKET.name) is None
        assert await two.find("corp:ann", "it") is None
        with anyio.fail_after(20):
            assert await two.wait(TICKET.name, lambda it: it.is_over) is None
        await two.add(Ticket("another", "corp:ann", "it"))
        monkeypatch.undo()
        assert await two.get(TICKET.name) is None


async def test_what_is_in_the_folder_opens_with_the_key_alone(tmp_path: Path) -> None:
    await shared(tmp_path).add(TICKET.begun("browser", PROOF))
    assert await shared(tmp_path, "another-key" * 3).get(TICKET.name) is None
    path = tmp_path / "sign-ins.db"
    kept = path.read_bytes()
    for secret in ("the-id", "browser", "verifier", "state-one", "state-two", "https://as"):
        assert secret.encode() not in kept
    assert path.stat().st_mode & 0o777 == 0o600


async def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailable, match="Sign-ins cannot be kept"):
        await shared(tmp_path / "file").add(TICKET)


async def test_a_file_that_another_process_has_holds_up_nobody_else(tmp_path: Path) -> None:
    desk = shared(tmp_path)
    await desk.add(TICKET)
    other = sqlite3.connect(tmp_path / "sign-ins.db", isolation_level=None)
    try:
        other.execute("BEGIN EXCLUSIVE")
        async with anyio.create_task_group() as group:
            group.start_soon(desk.change, TICKET.name, Ticket.failed)
            await anyio.lowlevel.checkpoint()
            other.execute("COMMIT")
    finally:
        other.close()
    assert (await desk.get(TICKET.name) or TICKET).tries == 1


async def test_who_waits_for_a_person_looks_less_often_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, pauses = shared(tmp_path), list[float]()
    await desk.add(TICKET)

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == MANY_LOOKS:
            await desk.change(TICKET.name, Ticket.failed)

    monkeypatch.setattr(anyio, "sleep", pause)
    await desk.wait(TICKET.name, lambda it: it.tries > 0)
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (0.25, 1.0)


class Flickering(TicketFile):
    """A place that is away at every look that finds `away` above zero."""

    away = 0

    async def get(self, name: str) -> KeptTicket | None:
        if self.away:
            self.away -= 1
            raise StoreUnavailable("away", "Try again.")
        return await super().get(name)


async def test_a_place_that_is_away_for_a_moment_ends_no_sign_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_desk, "LOOK_SECONDS", 0.01)
    place = Flickering(tmp_path)
    desk = SharedDesk(place, FolderKey(tmp_path, SecretStr(KEY)))
    signing_in = Tickets("http://b", desk)
    with anyio.fail_after(20):
        async with signing_in.open("corp:ann", "it") as way:
            name = name_of((await way.lead("https://as/auth", EXPECTED)).rpartition("/")[2])
            await desk.change(name, lambda it: it.begun("browser"))
            await desk.change(name, lambda it: it.taken("browser", BACK))
            place.away = 2
            assert await way.query() == BACK
            assert place.away == 0
            place.away = 1
    assert place.away == 0


async def test_a_place_that_stays_away_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_desk, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(tickets, "DEAD_SECONDS", 0.1)
    place = Flickering(tmp_path)
    place.away = 1_000_000
    desk = SharedDesk(place, FolderKey(tmp_path, SecretStr(KEY)))
    with anyio.fail_after(20), pytest.raises(StoreUnavailable):
        await desk.wait(TICKET.name, lambda it: it.is_over)


BROWSERS: Final = [
    (None, BACK, False),
    ("other", BACK, False),
    ("browser", BACK, True),
    ("browser", BACK | {"state": "guess"}, False),
    ("browser", BACK | {"iss": "https://evil.example"}, False),
    ("browser", {"code": "c", "state": "state-two"}, False),
]


@pytest.mark.parametrize(("browser", "query", "belongs"), BROWSERS)
def test_only_the_right_redirect_in_the_right_browser_is_taken(
    browser: str | None, query: dict[str, str], belongs: bool
) -> None:
    ticket = TICKET.begun("browser")
    taken = ticket.taken(browser, query)
    assert (taken is not None) == belongs
    if taken:
        assert taken.taken(browser, query) is None
