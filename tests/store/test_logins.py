"""What a person's logins are on disk: sealed, for their user only, and locked over processes."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest
from pydantic import SecretStr

from a2a_mcp.a2a.auth.oauth.token import Token
from a2a_mcp.store import logins as module
from a2a_mcp.store.logins import Login, Logins

pytestmark = pytest.mark.anyio

LOGIN = Login(Token("s3cret-access", 1.5, 60.0, "s3cret-refresh", "a b"), "c", "https://x/token")


@pytest.fixture
def logins(tmp_path: Path) -> Logins:
    kept = Logins(tmp_path / "state")
    kept.put("local", "a", LOGIN)
    return kept


def test_a_login_is_found_by_its_owner_and_agent_only(logins: Logins) -> None:
    assert logins.get("local", "a") == LOGIN
    assert logins.get("local", "b") is None
    assert logins.get("token:alice", "a") is None
    assert [(row.owner, row.agent, row.login) for row in logins.all()] == [("local", "a", LOGIN)]


def test_nothing_is_made_by_looking(tmp_path: Path) -> None:
    empty = Logins(tmp_path / "none")
    assert empty.get("local", "a") is None
    assert empty.all() == []
    empty.remove("local", "a")
    assert list(tmp_path.iterdir()) == []


def test_a_removed_login_is_gone_and_the_stamp_says_so(logins: Logins) -> None:
    before = logins.stamp()
    logins.remove("local", "a")
    assert logins.get("local", "a") is None
    assert logins.stamp() != before


def test_the_file_shows_no_token_and_is_its_users_only(logins: Logins, tmp_path: Path) -> None:
    files = list((tmp_path / "state").iterdir())
    assert {file.name for file in files} == {"logins.db", "state.key"}
    assert not any(b"s3cret" in file.read_bytes() for file in files)
    if os.name != "nt":
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_another_key_opens_nothing_and_loses_nothing(logins: Logins, tmp_path: Path) -> None:
    other = Logins(tmp_path / "state", SecretStr("k" * 32))
    assert other.get("local", "a") is None
    assert [row.login for row in other.all()] == [None]
    assert logins.get("local", "a") == LOGIN


def test_a_row_that_was_moved_to_another_owner_does_not_open(
    logins: Logins, tmp_path: Path
) -> None:
    import sqlite3

    with sqlite3.connect(tmp_path / "state" / "logins.db") as file:
        file.execute("UPDATE logins SET owner = 'token:eve'")
    file.close()
    assert logins.get("token:eve", "a") is None


def test_a_file_that_is_none_is_told_and_left_as_it_is(logins: Logins, tmp_path: Path) -> None:
    path = tmp_path / "state" / "logins.db"
    path.write_bytes(b"no database" * 500)
    for use in (lambda: logins.get("local", "a"), lambda: logins.put("local", "a", LOGIN)):
        with pytest.raises(OSError, match=r"logins\.db cannot be used"):
            use()
    assert path.read_bytes() == b"no database" * 500


async def test_a_lock_holds_within_one_process_and_for_its_own_login_only(logins: Logins) -> None:
    held, order = anyio.Event(), []

    async def second() -> None:
        await held.wait()
        async with logins.held("local", "a"):
            order.append("second")

    with anyio.fail_after(10):
        async with anyio.create_task_group() as group:
            group.start_soon(second)
            async with logins.held("local", "a"):
                held.set()
                async with logins.held("local", "b"):
                    order.append("first")
    assert order == ["first", "second"]


HOLDER = """
import sys, anyio
from pathlib import Path
from a2a_mcp.store.logins import Logins
async def main():
    async with Logins(Path(sys.argv[1])).held("local", "a"):
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
