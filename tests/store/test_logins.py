"""Logins: sealed, and locked over processes, in a folder and in a database."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Final

import anyio
import postgres
import pytest
from pydantic import SecretStr

from a2a_mcp.a2a.auth.oauth.token import Token
from a2a_mcp.store import logins as module
from a2a_mcp.store.login_folder import FolderKey, LoginFolder, folder_logins
from a2a_mcp.store.logins import Login, LoginPlace, Logins

pytestmark = pytest.mark.anyio

LOGIN = Login(Token("s3cret-access", 1.5, 60.0, "s3cret-refresh", "a b"), "c", "https://x/token")


@asynccontextmanager
async def in_folder(folder: Path) -> AsyncIterator[LoginPlace]:
    yield LoginFolder(folder)


@asynccontextmanager
async def in_database(folder: Path) -> AsyncIterator[LoginPlace]:
    from a2a_mcp.store.postgres.logins import PostgresLogins

    async with postgres.opened(folder) as database:
        yield PostgresLogins(database)


PLACES: Final = [in_folder, *([in_database] if postgres.IS_HERE else [])]
each_place = pytest.mark.parametrize("opened", PLACES)
Opened = Callable[[Path], AbstractAsyncContextManager[LoginPlace]]


def sealed_at(place: LoginPlace, folder: Path, key: str = "k" * 32) -> Logins:
    return Logins(place, FolderKey(folder, SecretStr(key)))


@each_place
async def test_a_login_is_found_by_its_owner_and_agent_only(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as one, opened(tmp_path) as two:
        await sealed_at(one, tmp_path).put("local", "a", LOGIN)
        logins = sealed_at(two, tmp_path)
        assert await logins.get("local", "a") == LOGIN
        assert await logins.get("local", "b") is None
        assert await logins.get("token:alice", "a") is None
        kept = [(row.owner, row.agent, row.login) for row in await logins.all()]
        assert kept == [("local", "a", LOGIN)]


@each_place
async def test_the_stamp_changes_with_each_change_of_any_process(
    opened: Opened, tmp_path: Path
) -> None:
    async with opened(tmp_path) as one, opened(tmp_path) as two:
        seen = [await one.stamp("local", "a")]
        for change in (
            two.put("local", "a", b"first"),
            two.put("local", "a", b"other and longer"),
            two.remove("local", "a"),
        ):
            await change
            seen.append(await one.stamp("local", "a"))
        assert seen[0] is None
        assert all(one != other for one, other in pairwise(seen))
        assert await one.get("local", "a") is None


@each_place
async def test_another_key_opens_nothing_and_loses_nothing(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as place:
        logins, other = sealed_at(place, tmp_path), sealed_at(place, tmp_path, "x" * 32)
        await logins.put("local", "a", LOGIN)
        assert await other.get("local", "a") is None
        assert [row.login for row in await other.all()] == [None]
        assert await logins.get("local", "a") == LOGIN


@each_place
async def test_what_is_kept_shows_no_token_and_opens_for_no_other_owner(
    opened: Opened, tmp_path: Path
) -> None:
    async with opened(tmp_path) as place:
        logins = sealed_at(place, tmp_path)
        await logins.put("local", "a", LOGIN)
        ((_, _, sealed),) = await place.all()
        assert b"s3cret" not in sealed
        await place.put("token:eve", "a", sealed)
        assert await logins.get("token:eve", "a") is None


@each_place
async def test_a_client_that_has_registered_itself_is_kept_by_its_address(
    opened: Opened, tmp_path: Path
) -> None:
    async with opened(tmp_path) as one, opened(tmp_path) as two:
        assert await one.client("https://x", "http://here") is None
        await one.put_client("https://x", "http://here", "c1")
        await one.put_client("https://x", "http://here", "c2")
        await one.put_client("https://y", "http://here", "c3")
        assert await two.client("https://x", "http://here") == "c2"
        assert await two.client("https://x", "http://there") is None
        await two.remove_clients("https://x")
        assert await one.client("https://x", "http://here") is None
        assert await one.client("https://y", "http://here") == "c3"


@each_place
async def test_a_lock_holds_between_and_within_processes_and_for_its_own_name_only(
    opened: Opened, tmp_path: Path
) -> None:
    async with opened(tmp_path) as one, opened(tmp_path) as two:
        held, order = anyio.Event(), []

        async def later(place: LoginPlace) -> None:
            await held.wait()
            async with place.held("a"):
                order.append("later")

        with anyio.fail_after(20):
            async with anyio.create_task_group() as group:
                group.start_soon(later, one)
                group.start_soon(later, two)
                async with one.held("a"):
                    held.set()
                    async with one.held("b"), two.held("c"):
                        await anyio.sleep(0.2)  # so long the others would have time to enter
                        order.append("first")
        assert order == ["first", "later", "later"]


@each_place
async def test_who_waits_too_long_for_a_lock_is_told_and_takes_nothing(
    opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path) as one, opened(tmp_path) as two:
        for place in (one, two):
            await place.get("nobody", "it")  # makes the tables
        monkeypatch.setattr(module, "LOCK_SECONDS", 0.2)
        async with one.held("a"):
            with pytest.raises(TimeoutError):
                async with two.held("a"):
                    pass
        async with two.held("a"):
            pass


if postgres.IS_HERE:

    async def test_a_lock_whose_connection_breaks_is_held_until_its_work_is_done(
        tmp_path: Path,
    ) -> None:
        from a2a_mcp.store.postgres.database import Database
        from a2a_mcp.store.postgres.logins import PostgresLogins

        away = postgres.Away(tmp_path)
        databases = [Database(url, most=2) for url in (away.url, postgres.database(tmp_path))]
        one, two = map(PostgresLogins, databases)
        held, order = anyio.Event(), []

        async def later() -> None:
            await held.wait()
            async with two.held("a"):
                order.append("later")

        with anyio.fail_after(20):
            async with anyio.create_task_group() as group:
                group.start_soon(later)
                async with one.held("a"):
                    away.leave()
                    held.set()
                    await anyio.sleep(0.3)  # so long the other one would have time to enter
                    away.come_back()
                    order.append("first")
        for database in databases:
            await database.close()
        assert order == ["first", "later"]


@pytest.fixture
async def logins(tmp_path: Path) -> Logins:
    kept = folder_logins(tmp_path / "state")
    await kept.put("local", "a", LOGIN)
    return kept


async def test_nothing_is_made_by_looking(tmp_path: Path) -> None:
    empty = folder_logins(tmp_path / "none")
    assert await empty.get("local", "a") is None
    assert await empty.all() == []
    await empty.remove("local", "a")
    assert os.listdir(tmp_path) == []


async def test_the_file_shows_no_token_and_is_its_users_only(
    logins: Logins, tmp_path: Path
) -> None:
    files = list((tmp_path / "state").iterdir())
    assert {file.name for file in files} == {"logins.db", "state.key"}
    assert not any(b"s3cret" in file.read_bytes() for file in files)
    if os.name != "nt":
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


async def test_a_file_that_is_none_is_told_and_stays_as_it_is(
    logins: Logins, tmp_path: Path
) -> None:
    path = tmp_path / "state" / "logins.db"
    path.write_bytes(b"no database" * 500)
    for use in (lambda: logins.get("local", "a"), lambda: logins.put("local", "a", LOGIN)):
        with pytest.raises(OSError, match=r"logins\.db cannot be used"):
            await use()
    assert path.read_bytes() == b"no database" * 500


HOLDER = """
import sys, anyio
from pathlib import Path
from a2a_mcp.store.login_folder import folder_logins
async def main():
    async with folder_logins(Path(sys.argv[1])).held("local", "a"):
        print("held", flush=True)
        sys.stdin.readline()
anyio.run(main)
"""


@contextmanager
def holding(folder: Path) -> Iterator[None]:
    """Let another process hold the lock, and end it by force."""
    command = [sys.executable, "-c", HOLDER, str(folder)]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        yield
    finally:
        holder.kill()
        holder.communicate()


async def test_another_process_waits_for_the_lock_until_its_holder_ends(
    logins: Logins, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOCK_SECONDS", 0.2)
    with holding(tmp_path / "state"), pytest.raises(TimeoutError):
        async with logins.held("local", "a"):
            pass
    async with logins.held("local", "a"):
        pass
